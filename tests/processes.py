"""Programs of `tests.programs` in their own processes, and what the system knows of a process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec

__all__ = ["Program", "apart", "open_sockets", "resident_bytes", "running"]

T = TypeVar("T")

_ROOT = Path(__file__).parent.parent


def apart(work: Callable[[], T]) -> T:
    """What `work` returns in a process that has done nothing before it, and holds no memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work).result()


class Program(subprocess.Popen[str]):
    """A running program; it tells one line at a time."""

    url: str
    """Where it serves, if it does."""

    def line(self) -> str:
        """Its next line; `EOFError` where it has ended instead."""
        assert self.stdout is not None
        line = self.stdout.readline()
        if not line:
            raise EOFError(f"{self.args} ended instead of telling a line: {self.wait()}")
        return line.rstrip("\n")

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    def tells(self, path: str) -> Any:
        """What it answers to a GET, out of JSON."""
        with urlopen(self.url + path, timeout=10) as answer:
            return msgspec.json.decode(answer.read())


@contextmanager
def running(
    name: str, *arguments: object, serves: bool = False, flags: Sequence[str] = ()
) -> Iterator[Program]:
    """Run `python <flags> -m tests.programs.<name> <arguments>`; whatever is left of it is killed.

    What `serves` has told its URL when the block begins, and its complaints are the test's own;
    those of any other program are in its `stderr`.
    """
    command = [sys.executable, *flags, "-m", f"tests.programs.{name}", *map(str, arguments)]
    stderr = None if serves else subprocess.PIPE
    with Program(
        command, cwd=_ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=stderr, text=True
    ) as program:
        try:
            if serves:
                program.url = program.line()
            yield program
        finally:
            program.kill()


def _environment() -> dict[str, str]:
    """Without what the developer has set, and without a tracer, which costs time and memory."""
    foreign = re.compile(r"FOXAPI_|COVERAGE|COV_CORE|PYTHON")
    return {name: value for name, value in os.environ.items() if not foreign.match(name)}


def open_sockets(pid: int | str = "self") -> int:
    """How many sockets a process has open; those of an event loop itself are among them."""
    return sum(_target(fd).startswith("socket:") for fd in Path(f"/proc/{pid}/fd").iterdir())


def resident_bytes() -> int:
    """The memory of this process that is really there."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _target(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except FileNotFoundError:  # closed since it was listed
        return ""
