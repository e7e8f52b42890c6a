"""A real pseudo-terminal for the tests of the command line, and what a person sees on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Self

FOXSTREAM = (sys.executable, "-m", "foxstream")
COLUMNS, LINES = 60, 24
CTRL_C = b"\x03"
_ROOT = str(Path(__file__).parent.parent)

# The shell leads a new session, so the terminal it opens becomes the one that Ctrl-C comes from.
_ON_TERMINAL = 'terminal=$1; shift; exec "$@" <"$terminal" >"$terminal" 2>&1'
_CODES = re.compile(
    r"\x1b\[(?P<number>[\d;]*)(?P<code>[AGKm])|\x1b\[\?25[hl]|(?P<text>[^\x1b])", re.DOTALL
)


def bare_environment() -> dict[str, str]:
    """The environment of the commands, without what the developer has set for himself."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FOXAPI_") and name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    }
    return {**kept, "PYTHONPATH": _ROOT}


class Terminal:
    """`foxstream` with `arguments` on a terminal; `output` is all that it wrote so far."""

    def __init__(self, *arguments: str, env: Mapping[str, str], cwd: os.PathLike[str]) -> None:
        self.output = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            ["sh", "-c", _ON_TERMINAL, "sh", os.ttyname(slave), *FOXSTREAM, *arguments],
            env={**env, "TERM": "xterm-256color"},
            cwd=cwd,
            start_new_session=True,
        )
        self._slave = slave

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)
        os.close(self._slave)

    def until(self, text: str) -> None:
        """Read until `text` is seen on the terminal."""
        while text not in self.seen:
            self._read(f"{text!r} was not seen")

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._process.poll() is None or select.select([self._master], [], [], 0)[0]:
            self._read("it did not end")
        return self._process.returncode

    @property
    def seen(self) -> str:
        return "\n".join(picture(self.output.decode(errors="replace"), COLUMNS))

    def _read(self, otherwise: str, patience: float = 20.0) -> None:
        deadline = time.monotonic() + patience
        while not select.select([self._master], [], [], 0.05)[0]:
            if self._process.poll() is not None:
                return
            assert time.monotonic() < deadline, f"{otherwise}: {self.output!r}"
        self.output += os.read(self._master, 65536)


class FakeTerminal(StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def picture(output: str, columns: int) -> list[str]:
    """The lines that `output` leaves on a terminal, without the blanks at their ends."""
    lines: list[list[str]] = [[]]
    row = column = 0
    for match in _CODES.finditer(output):
        text, code, number = match["text"], match["code"], match["number"] or "1"
        if text == "\n":
            row, column = row + 1, 0
        elif text == "\r":
            column = 0
        elif text:
            if column == columns:
                row, column = row + 1, 0
            _ensure(lines, row)
            lines[row][column:] = [
                *[" "] * (column - len(lines[row])),
                text,
                *lines[row][column + 1 :],
            ]
            column += 1
        elif code == "A":
            row = max(0, row - int(number))
        elif code == "G":
            column = min(int(number), columns) - 1
        elif code == "K":
            _ensure(lines, row)
            del lines[row][0 if number == "2" else column :]
        _ensure(lines, row)
    return ["".join(line).rstrip() for line in lines]


def run_piped(
    *arguments: str, env: Mapping[str, str], cwd: os.PathLike[str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """`foxstream` with pipes for all three standard streams."""
    command: Sequence[str] = [*FOXSTREAM, *arguments]
    return subprocess.run(
        command,
        env=env,
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _ensure(lines: list[list[str]], row: int) -> None:
    while len(lines) <= row:
        lines.append([])
