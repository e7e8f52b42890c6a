"""Watches over the event loop that measures: whenever it stands still, that is kept.

House rule: it looks from inside, so whatever holds the loop is seen, the garbage collector too.
"""

from __future__ import annotations

import asyncio
import time
from typing import Self

__all__ = ["Watch"]

_BEAT = 0.005
_STALL_NS = 20_000_000


class Watch:
    """While entered, `stalls` grows by the time, from and to, of each standstill over 20 ms."""

    def __init__(self) -> None:
        self.stalls: list[tuple[int, int]] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._beaten = 0

    def __enter__(self) -> Self:
        self._beaten = time.monotonic_ns()
        self._timer = self._loop.call_later(_BEAT, self._beat)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._look()

    def during(self, since: int, until: int) -> list[tuple[int, int]]:
        """The stalls that overlap that time; one that is not over yet counts."""
        now = time.monotonic_ns()
        lasting = [(self._beaten, now)] if now - self._beaten > _STALL_NS else []
        return [(a, b) for a, b in (*self.stalls, *lasting) if a <= until and since <= b]

    def _beat(self) -> None:
        self._look()
        self._timer = self._loop.call_later(_BEAT, self._beat)

    def _look(self) -> None:
        now = time.monotonic_ns()
        if now - self._beaten > _STALL_NS:
            self.stalls.append((self._beaten, now))
        self._beaten = now
