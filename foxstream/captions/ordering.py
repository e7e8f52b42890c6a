"""Answers that come in any order are shown in the order of the video, from the playhead on.

House rule: only the first unfinished window from the playhead on is seen as it grows. Where the
playhead jumps a new run begins; each run is told in its order, and none holds back another.
"""

from __future__ import annotations

from collections.abc import Sequence

from foxstream.captions.cue import Cue
from foxstream.captions.spans import Spans

__all__ = ["InOrder"]


class InOrder:
    """Takes the cues of all windows and gives back those that may now be shown.

    Windows are numbered from 0; `head` is the first from the playhead on that is not finished.
    """

    def __init__(self) -> None:
        self.head: int = 0
        self._heads: set[int] = {0}  # of all runs
        self._playhead = 0
        self._shown = Spans()
        self._growing: dict[int, Cue] = {}
        self._finished: dict[int, Sequence[Cue]] = {}

    def follow(self, playhead: int) -> list[Cue]:
        """Go where the playhead is, in the window with that number."""
        if playhead == self._playhead:
            return []
        self._playhead = playhead
        self._heads.add(playhead)
        return [*self._next_of(playhead), *self._grown()]

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
        if window not in self._heads:
            return []
        return [*self._next_of(window), *self._grown()]

    def _next_of(self, head: int) -> list[Cue]:
        """Take the run that has come to `head` as far as it goes."""
        shown: list[Cue] = []
        self._heads.remove(head)
        while (head := self._shown.first_missing(head)) in self._finished:
            shown += self._finished.pop(head)
            self._shown.add(head)
        self._heads.add(head)
        self.head = self._shown.first_missing(self._playhead)
        return shown

    def _grown(self) -> list[Cue]:
        growing = self._growing.pop(self.head, None)
        return [] if growing is None else [growing]
