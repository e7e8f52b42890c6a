"""The two standard streams: the answer on one, everything about it on the other.

House rule: every character that is shown passes through here and is harmless after it. A stream
that leads to no terminal, or to one that wants no colours, gets plain text.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TextIO

from rich.console import Console
from rich.control import Control
from rich.segment import Segment, Segments
from rich.style import Style

from foxstream.cli.harmless import harmless
from foxstream.cli.status import StatusLine
from foxstream.cli.ticker import Ticker
from foxstream.cli.wrapping import Cursor
from foxstream.progress import Status

__all__ = ["OutputError", "Screen"]

_WIDTH = 80
_STEPS = {
    "encoding": "reading the media",
    "uploading": "uploading",
    "submitted": "submitted",
    "queued": "waiting for the first token",
    "reconnecting": "reconnecting",
    "polling": "asking how the task is doing",
}


class OutputError(Exception):
    """Standard output cannot be written to; the message is the system's reason."""


class Screen:
    """What the user sees: `say` the answer, `note` a line about it, `status` while there is none.

    `styled` tells whether the answer's side may be dimmed and coloured, `watched` whether
    somebody sits before the notes, `live` whether somebody sits before the answer.
    """

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out, self._err = _Output(out), _Output(err)
        self._status = StatusLine(self._err.console) if self._err.console else None
        self._ticker = Ticker(self._err.console) if self._err.console else None
        self._step = ""

    @property
    def live(self) -> bool:
        """Whether the answer goes to a terminal."""
        return self._out.terminal

    @property
    def styled(self) -> bool:
        """Whether the answer may be dimmed and coloured."""
        return self._out.console is not None

    @property
    def watched(self) -> bool:
        """Whether the notes go to a terminal."""
        return self._err.terminal

    @property
    def width(self) -> int:
        """The columns of the answer's terminal, 80 where it goes elsewhere."""
        return self._out.width

    def say(self, text: str, style: str = "", *, wrapped: bool = False) -> None:
        """Write to standard output, at once; `wrapped` takes words to the next line whole."""
        self.clear()
        self._out.write(text, style, wrapped=wrapped)

    def end_line(self) -> None:
        """Begin a new line of the answer, unless one has just begun."""
        if self._out.column:
            self.say("\n")

    def note(self, line: str) -> None:
        """Write a line about the answer to standard error."""
        self._tell((f"{line}\n", "dim"))

    def head(self, line: str) -> None:
        """Write a line that stands out to standard error."""
        self._tell((f"{line}\n", "bold"))

    def complain(self, line: str) -> None:
        """Write a line about what went wrong to standard error."""
        self._tell(("foxstream: ", "bold red"), (f"{line}\n", ""))

    def ask(self, question: str) -> None:
        """Write a question to standard error; what is typed follows it."""
        self._tell((question, "bold"))

    def report(self, status: Status) -> None:
        """Show what a stream is doing; an `on_status`."""
        if status.step in _STEPS:
            self.status(_STEPS[status.step], status.share)

    def status(self, text: str, share: float | None = None) -> None:
        """Show what is being done, on a line that vanishes with the next word.

        Where nothing can vanish each step is a line of its own, where nobody watches it is none.
        """
        if self._status is not None:
            if self.live and not self._status.shown:
                self._out.leave_line()
            self._status.show(text, share)
        elif self.watched and text != self._step:
            self.note(text)
            self._step = text

    def tick(self, step: str, facts: str) -> None:
        """Show how a measurement is doing, on a line that is written over.

        Where no line can be, its step alone is told, once. What cannot be shown is left out: it is
        worth no measurement.
        """
        with suppress(OSError, OutputError):
            if self._ticker is not None:
                self._ticker.show(harmless(f"{step}: {facts}"))
            elif self.watched and step != self._step:
                self.note(step)
                self._step = step

    def clear(self) -> None:
        """Take the status away and go back to where the answer stopped."""
        if self._ticker is not None and self._ticker.shown:
            self._ticker.clear()
        self._step = ""
        if self._status is not None and self._status.shown:
            self._status.clear()
            self._out.return_to_line()

    def close(self) -> None:
        """Nothing can be written any more: what is still buffered is dropped without a word."""
        self._out.abandon()
        self._err.abandon()

    def _tell(self, *pieces: tuple[str, str]) -> None:
        self.clear()
        if self.live:
            self.end_line()
        for text, style in pieces:
            self._err.write(text, style, wrapped=True)


class _Output:
    """One standard stream; `console` is what styles it, `None` where it stays plain."""

    def __init__(self, file: TextIO) -> None:
        self.terminal = file.isatty()
        self.console = Console(file=file) if self.terminal and not _plain() else None
        self._file = file
        self._cursor = Cursor()
        self._left = 0

    @property
    def column(self) -> int:
        return self._cursor.column

    @property
    def width(self) -> int:
        return self.console.width if self.console else _WIDTH

    def write(self, text: str, style: str = "", *, wrapped: bool = False) -> None:
        width = self.console.width if self.console and wrapped else None
        self._put(self._cursor.moved(harmless(text), width), style)

    def leave_line(self) -> None:
        """Go to the next line for a while."""
        self._left = self.column
        if self._left:
            self._put("\n")

    def return_to_line(self) -> None:
        """Go back to the end of the line that was left; a full one had ended by itself."""
        if self.console and self._left:
            column = self._left % self.console.width
            if column:
                self.console.control(Control.move_to_column(column, -1))
            else:
                self._cursor = Cursor()
        self._left = 0

    def abandon(self) -> None:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())
        except (OSError, ValueError):
            return

    def _put(self, text: str, style: str = "") -> None:
        try:
            if self.console:
                pieces = Segments([Segment(text, Style.parse(style))])
                self.console.print(pieces, soft_wrap=True, end="")
            else:
                self._file.write(text)
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error.strerror or str(error)) from error


def _plain() -> bool:
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "") in {"dumb", "unknown"}
