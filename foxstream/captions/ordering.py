"""Answers that come in any order are shown in the order of the video.

House rule: only the first window that is not finished is seen as it grows; those behind it wait
with what they have last.
"""

from __future__ import annotations

from collections.abc import Sequence

from foxstream.captions.cue import Cue

__all__ = ["InOrder"]


class InOrder:
    """Takes the cues of all windows and gives back those that may now be shown.

    Windows are numbered from 0 without gaps; `head` is the first that is not finished.
    """

    def __init__(self) -> None:
        self.head: int = 0
        self._growing: dict[int, Cue] = {}
        self._finished: dict[int, Sequence[Cue]] = {}

    def partial(self, cue: Cue) -> list[Cue]:
        """Take a partial cue."""
        if cue.window == self.head:
            return [cue]
        self._growing[cue.window] = cue
        return []

    def finish(self, window: int, cues: Sequence[Cue]) -> list[Cue]:
        """Take the final cues of a window; none where they need not be shown."""
        self._growing.pop(window, None)
        self._finished[window] = cues
        shown: list[Cue] = []
        while self.head in self._finished:
            shown += self._finished.pop(self.head)
            self.head += 1
        if self.head in self._growing:
            shown.append(self._growing.pop(self.head))
        return shown
