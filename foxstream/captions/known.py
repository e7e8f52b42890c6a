"""The cues that were there before, and which windows need nothing more.

House rule: plain arithmetic on times, true to the milliseconds that files keep.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from math import floor, inf

from foxstream.captions.cue import STAMP, Cue

__all__ = ["Known"]

_SLIVER = 1.0  # seconds by which the last window may be longer
_LAST = 2.0  # seconds that the end of a video may differ from what its container says


class Known:
    """Final cues of an earlier run; all times in seconds."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        self._cues = sorted(cues, key=_start)

    def within(self, start: float, end: float) -> list[Cue]:
        """Give the cues that begin from `start` on and before `end`."""
        first, behind = (bisect_left(self._cues, at - STAMP, key=_start) for at in (start, end))
        return self._cues[first:behind]

    def covers(self, start: float, end: float) -> bool:
        """Whether they follow each other from `start` to `end` without a gap."""
        reached = start
        for cue in self.within(start, end):
            if abs(cue.start - reached) >= STAMP:
                return False
            reached = cue.end
        return abs(reached - end) < STAMP

    def fit(self, every: float | None, seconds: float | None) -> bool:
        """Whether they can be cues of a video of `seconds`, in windows of `every` seconds.

        What is not known is `None`.
        """
        if seconds is not None and self._end > seconds + _LAST:
            return False
        return every is None or all(
            cue.end <= (floor((cue.start + STAMP) / every) + 1) * every + STAMP
            for cue in self._cues
            if cue.start < self._last_window(every, seconds)
        )

    @property
    def _end(self) -> float:
        return self._cues[-1].end if self._cues else 0.0

    def _last_window(self, every: float, seconds: float | None) -> float:
        """From when on they may be cues of the last window, which may be longer than the others."""
        if seconds is not None and self._end < seconds - _LAST:
            return inf
        return self._end - every - min(_SLIVER, every / 2) - STAMP

    def windows(self, every: float) -> Iterator[int]:
        """Give the windows of `every` seconds, counted from 0, that they cover."""
        for number in range(round(self._end / every)):
            if self.covers(number * every, (number + 1) * every):
                yield number


def _start(cue: Cue) -> float:
    return cue.start
