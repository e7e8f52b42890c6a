"""A face in a process and on a core of its own, led by lines on its standard input.

House rule: what it is asked for costs its viewers nothing while the clock runs.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from benchmarks.machine import allow_files, pin, resident
from benchmarks.relays.beat import Beat
from benchmarks.relays.faces import FACES
from benchmarks.relays.load import Load

__all__ = ["Host", "hosted"]

_BEGIN = "begin"
_LOAD = "load"
_MEMORY = "memory"


class Host:
    """A running face; it listens on `port`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port: int = int(self._line())

    def begin(self) -> Load:
        """Let the source begin."""
        return msgspec.json.decode(self._ask(_BEGIN), type=Load)

    def load(self) -> Load:
        """What it has used until now."""
        return msgspec.json.decode(self._ask(_LOAD), type=Load)

    def memory(self) -> int:
        """The bytes that it holds."""
        return int(self._ask(_MEMORY))

    def _ask(self, what: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the host has ended: {self._process.wait()}")
        return line


@contextmanager
def hosted(face: str, beat: Beat) -> Generator[Host]:
    """Start a face that broadcasts `beat`; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, face, msgspec.json.encode(beat).decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Host(process)
        finally:
            process.kill()


async def _main(face: str, beat: Beat) -> None:
    begin = asyncio.Event()
    async with FACES[face](beat, begin) as port:
        _tell(str(port))
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip() == _MEMORY:
                _tell(str(resident()))
                continue
            _tell(msgspec.json.encode(Load.now()).decode())
            if line.strip() == _BEGIN:
                begin.set()


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    pin(-1)
    allow_files(8192)
    asyncio.run(_main(sys.argv[1], msgspec.json.decode(sys.argv[2], type=Beat)))
