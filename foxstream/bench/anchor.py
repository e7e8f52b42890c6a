"""What the kernel's stamps are on the monotonic clock.

House rule: the kernel stamps with the clock on the wall, which somebody may set. A stamp is turned
only while that clock is known not to have been set between the stamp and its reading.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Anchor", "Clocks", "both_clocks"]

Clocks = Callable[[], tuple[int, int]]
"""The wall clock and the monotonic clock, read as one."""

_TIGHT_NS = 2_000
_TRIES = 16
_STEP_NS = 50_000
"""Both clocks keep the same speed, also while it is corrected: they part where one is set."""


def both_clocks() -> tuple[int, int]:
    """Read both; again where this process lost its core in between."""
    best = (0, 0)
    narrowest = 1 << 62
    for _ in range(_TRIES):
        before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if after - before < narrowest:
            narrowest, best = after - before, (wall, (before + after) // 2)
        if narrowest < _TIGHT_NS:
            break
    return best


class Anchor:
    """Holds the distance of the two clocks, and since when it is known."""

    def __init__(self, clocks: Clocks = both_clocks) -> None:
        self.steps: int = 0
        """How often the wall clock was set."""
        self._clocks = clocks
        wall, now = clocks()
        self._distance = wall - now
        self._since = 0

    def monotonic(self, stamp: int, wall: int, now: int) -> int | None:
        """`stamp` of the wall clock on the monotonic one; `None` where it cannot be known.

        `wall` and `now` are both clocks, read one after the other, right after the stamp.
        """
        if abs(wall - now - self._distance) > _STEP_NS:
            self._look_again()
        at = stamp - self._distance
        return at if self._since <= at <= now else None

    def _look_again(self) -> None:
        """The clock was set, or this process lost its core between two lines."""
        wall, now = self._clocks()
        if abs(wall - now - self._distance) > _STEP_NS:
            self._distance = wall - now
            self._since = now
            self.steps += 1
