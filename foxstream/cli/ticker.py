"""A line that is written over while something is measured.

House rule: one short write for each look. No spinner turns and no thread draws it, for both would
be in the figures.
"""

from __future__ import annotations

from rich.console import Console

__all__ = ["Ticker"]

_FREE = 3
"""Cells at the end of the line, for the ^C that a terminal echoes there."""


class Ticker:
    """One line of the terminal, left empty in the end."""

    def __init__(self, console: Console) -> None:
        self.shown: bool = False
        self._console = console

    def show(self, text: str) -> None:
        """Write `text`, which must be harmless, over what was there; its end is cut to fit."""
        self.shown = True
        self._write(f"\r{text[: self._console.width - _FREE]}\x1b[K")

    def clear(self) -> None:
        """Take it away."""
        self.shown = False
        self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()
