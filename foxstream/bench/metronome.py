"""Starts things at their instants, to a fraction of a millisecond.

An event loop's own timers are late by up to a millisecond, because epoll counts in those. A thread
sleeps more exactly, and wakes the loop through its self-pipe.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

__all__ = ["Metronome"]

Start = Callable[[int], object]
"""Is called in the event loop, with the instant at which it is due (monotonic nanoseconds)."""

_AHEAD_NS = 300_000
"""How much earlier the loop is woken, to wait the rest awake: it wakes late by about as much."""


class Metronome:
    """Calls `start` in the running event loop at each of the instants, which must ascend.

    `with` begins; leaving ends it, also before its time. `over` is set when all were called.
    """

    def __init__(self, instants: Iterable[int], start: Start) -> None:
        self.over: asyncio.Event = asyncio.Event()
        self._instants = instants
        self._start = start
        self._stopped = threading.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._beat, name="metronome", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()

    def _beat(self) -> None:
        with suppress(RuntimeError):  # the loop was closed while this thread slept
            for due in self._instants:
                self._stopped.wait((due - _AHEAD_NS - time.monotonic_ns()) / 1e9)
                if self._stopped.is_set():
                    return
                self._loop.call_soon_threadsafe(self._strike, due)
            self._loop.call_soon_threadsafe(self.over.set)

    def _strike(self, due: int) -> None:
        if not self._stopped.is_set():
            while time.monotonic_ns() < due:
                pass
            self._start(due)
