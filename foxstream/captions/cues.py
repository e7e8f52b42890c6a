"""The deltas of one window become cues: at once while they come, at leisure once all are there.

House rule: only answer text of choice 0 reaches a cue. A word that another one follows never
changes; lines that were closed never open again.
"""

from __future__ import annotations

from collections import deque
from itertools import accumulate

from foxstream.answer import Delta
from foxstream.captions.breaking import characters, filled, spaced
from foxstream.captions.cue import Cue
from foxstream.captions.layout import Layout
from foxstream.captions.phrases import screens

__all__ = ["CueWriter", "RollUp", "reading_speed"]


class RollUp:
    """A screen that text runs onto: words appear at once, full lines roll up and away."""

    def __init__(self, layout: Layout) -> None:
        self._columns = layout.columns
        self._closed: deque[str] = deque(maxlen=layout.lines - 1)
        self._open = ""

    def add(self, text: str) -> None:
        """Let more text come."""
        *closed, self._open = filled(spaced(self._open + text).lstrip(" "), self._columns)
        self._closed.extend(line.rstrip(" ") for line in closed)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join([*self._closed, self._open.rstrip(" ")])


class CueWriter:
    """Turns the deltas of `window`, from `start` to `end` seconds, into its cues."""

    def __init__(self, window: int, start: float, end: float, layout: Layout) -> None:
        self.window = window
        self.start = start
        self.end = end
        self._layout = layout
        self._screen = RollUp(layout)
        self._pieces: list[str] = []

    def add(self, delta: Delta) -> Cue | None:
        """Take a delta; give the screen as a partial cue, if it has changed."""
        if not delta.text or delta.index:
            return None
        before = self._screen.text
        self._pieces.append(delta.text)
        self._screen.add(delta.text)
        after = self._screen.text
        return None if after == before else self._cue(self.start, self.end, after, final=False)

    def finish(self) -> list[Cue]:
        """Give the final cues, each on the screen for as long as its share of the characters.

        So none is faster than the window forces all to be. There are none where nothing was said.
        """
        texts = ["\n".join(lines) for lines in screens("".join(self._pieces), self._layout)]
        counts = [max(1, characters(text)) for text in texts]
        length = self.end - self.start
        ends = [self.start + length * so_far / sum(counts) for so_far in accumulate(counts)]
        return [
            self._cue(start, end, text, final=True)
            for start, end, text in zip([self.start, *ends], ends, texts, strict=False)
        ]

    def failed(self, reason: str, *, final: bool) -> Cue:
        """Give the mark of a window that failed; see `Cue.error`."""
        return Cue(self.start, self.end, "", final, self.window, reason)

    def _cue(self, start: float, end: float, text: str, *, final: bool) -> Cue:
        return Cue(start, end, text, final, self.window)


def reading_speed(cue: Cue) -> float:
    """Give how fast a cue must be read, in characters a second."""
    return characters(cue.text) / max(cue.end - cue.start, 0.001)
