"""Where one shot ends and the next begins: hard cuts, told from how much pictures differ.

House rule: pure arithmetic on small pictures. A cut stands out from the movement around it and
lasts; a flash does not last, a fast pan does not stand out. Fades and dissolves are no cuts, and
where pictures are far apart in time nothing tells a cut from movement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from operator import sub
from typing import NamedTuple

__all__ = ["CutFinder", "Look", "difference"]

_LEAST = 14.0  # mean difference per channel, of 255
_STANDS_OUT = 2.5  # times the mean of the neighbouring differences
_NEIGHBOURS = 2
_LASTING = 0.15  # seconds
_CLOSE = 0.25  # seconds between pictures that are compared
_FAR = 16  # pictures looked ahead at most


class Look(NamedTuple):
    """A small RGB picture and its time in seconds; `cut`: a new shot begins with it."""

    start: float
    rgb: bytes
    cut: bool = False


def difference(one: bytes, other: bytes) -> float:
    """Compare two pictures of the same size: the mean absolute difference per byte, 0 to 255."""
    return sum(map(abs, map(sub, one, other))) / len(one)


class CutFinder:
    """Takes pictures in order and gives them back, a little later, knowing which begin a shot."""

    def __init__(self) -> None:
        self._steps: deque[float] = deque(maxlen=_NEIGHBOURS)
        self._behind: deque[Look] = deque(maxlen=_FAR)
        self._ahead: deque[tuple[Look, float]] = deque()

    def add(self, look: Look) -> Iterator[Look]:
        """Take the next picture; yield those about which enough is now known."""
        before = self._ahead[-1][0] if self._ahead else None
        self._ahead.append((look, _step(before or self._last, look)))
        while self._enough(look):
            yield self._decide()

    def rest(self) -> Iterator[Look]:
        """Yield the remaining pictures once the last one was added."""
        while self._ahead:
            yield self._decide()

    def _enough(self, newest: Look) -> bool:
        waiting = len(self._ahead)
        lasting = newest.start - self._ahead[0][0].start >= _LASTING
        return waiting > _NEIGHBOURS and (lasting or waiting > _FAR)

    @property
    def _last(self) -> Look | None:
        return self._behind[-1] if self._behind else None

    def _decide(self) -> Look:
        look, step = self._ahead.popleft()
        cut = step >= _LEAST and self._stands_out(step) and self._lasts(look)
        self._steps.append(step)
        self._behind.append(look)
        return look._replace(cut=cut)

    def _stands_out(self, step: float) -> bool:
        nearby = [*self._steps, *(later for _, later in islice(self._ahead, _NEIGHBOURS))]
        return step * len(nearby) >= _STANDS_OUT * sum(nearby)

    def _lasts(self, look: Look) -> bool:
        """Whether what was a moment before differs from what is a moment after."""
        earlier = [behind for behind in self._behind if behind.start <= look.start - _LASTING]
        before = earlier[-1] if earlier else self._behind[0]
        later = [look, *(ahead for ahead, _ in self._ahead)]
        after = next((ahead for ahead in later if ahead.start >= look.start + _LASTING), later[-1])
        return difference(before.rgb, after.rgb) >= _LEAST


def _step(before: Look | None, look: Look) -> float:
    if before is None or look.start - before.start > _CLOSE:
        return 0.0
    return difference(before.rgb, look.rgb)
