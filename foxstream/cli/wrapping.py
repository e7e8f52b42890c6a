"""Where the cursor is, and words that do not fit at the end of a line.

House rule: nothing is held back. A word is shown as it comes, and taken to the next line when it
turns out to be too long for this one. Lines with characters that are not one cell wide are left
to the terminal, which knows better how wide they are.
"""

from __future__ import annotations

import re

from rich.cells import cell_len

__all__ = ["Cursor"]

_PARTS = re.compile(r"\n|[ \t]+|[^ \t\n]+")


class Cursor:
    """The place on the line, in cells from its beginning, after all that was written."""

    def __init__(self) -> None:
        self.column: int = 0
        self._word: str | None = ""  # the one at the end of the line; None: it stays where it is
        self._regular = True

    def moved(self, text: str, width: int | None = None) -> str:
        """`text` with what takes words to the next line of a terminal of `width` cells.

        Without a width it is `text` itself. `text` must be harmless.
        """
        return "".join(self._placed(part, width) for part in _PARTS.findall(text))

    def _placed(self, part: str, width: int | None) -> str:
        if part == "\n":
            self._begin("")
            return part
        cells = cell_len(part.expandtabs())
        self._regular = self._regular and cells == len(part)
        if width is None or not self._regular or self.column + cells <= width:
            self._advance(part, cells, width)
            return part
        if part.isspace():
            self._begin("")
            return "\n"
        return self._carried(part, cells, width)

    def _carried(self, part: str, cells: int, width: int) -> str:
        """Take the word, as far as it was shown, from the end of this line to the next."""
        word = self._word
        if word is None or len(word) == self.column or len(word) + cells > width // 2:
            self._advance(part, cells, width)
            return part
        start = self.column - len(word)
        self._begin(word + part)
        return (f"\x1b[{start + 1}G\x1b[K" if word else "") + f"\n{word}{part}"

    def _begin(self, word: str) -> None:
        self.column, self._word, self._regular = len(word), word, True

    def _advance(self, part: str, cells: int, width: int | None) -> None:
        if part.isspace():
            self._word = ""
        elif self._word is not None:
            word = self._word + part
            self._word = word if width is not None and len(word) <= width // 2 else None
        self.column += cells
        if width is not None and self.column > width:
            self.column = (self.column - 1) % width + 1
