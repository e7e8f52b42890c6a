"""How a load is doing while it runs.

House rule: looked at by a timer and told of each request as it ends, never between two tokens; a
look takes the same time however long the run has been.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable
from typing import Self

import msgspec

from foxstream.bench.metrics import span
from foxstream.bench.record import Record

__all__ = ["Progress", "Seen", "Tally", "Ticker"]

_EVERY = 0.25


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """`done` requests of `count`, `failed` among them, `in_flight` now; warm-up is part of both.

    `count` is `None` where time alone ends the load. `seconds` have passed, `duration` is the most
    that new requests are begun in. `ttft` is the median so far, in seconds.
    """

    level: str
    done: int
    count: int | None
    in_flight: int
    failed: int
    seconds: float
    duration: float | None
    ttft: float | None


Seen = Callable[[Progress], object]
"""Is told of the progress about four times a second, in the event loop."""


class Tally:
    """What can be said of all records that were added, without looking through them again."""

    def __init__(self) -> None:
        self.done: int = 0
        self.failed: int = 0
        self._ttfts: list[float] = []

    def add(self, record: Record) -> None:
        """Count one request."""
        self.done += 1
        self.failed += record.failed
        ttft = span("ttft", record)
        if ttft is not None and not record.failed:
            insort(self._ttfts, ttft)

    @property
    def ttft(self) -> float | None:
        """The median time to first token, in seconds; `None` before the first."""
        return self._ttfts[(len(self._ttfts) - 1) // 2] if self._ttfts else None


class Ticker:
    """While entered, calls `tick` four times a second in the running event loop."""

    def __init__(self, tick: Callable[[], object]) -> None:
        self._tick = tick
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._timer = self._loop.call_later(_EVERY, self._again)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _again(self) -> None:
        self._timer = self._loop.call_later(_EVERY, self._again)
        self._tick()
