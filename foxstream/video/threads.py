"""Off the event loop: work that decodes runs in worker threads and ends when nobody waits.

House rule: no task outlives a step. Work gets an `Event` and looks at it between packets, so
that leaving early stops it at once, however the waiting task was cancelled.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from threading import Event
from typing import TypeVar

from anyio import to_thread

__all__ = ["run", "steps"]

T = TypeVar("T")


async def run(work: Callable[[Event], T]) -> T:
    """Await the result of `work(stop)`."""
    stop = Event()
    try:
        return await to_thread.run_sync(work, stop, abandon_on_cancel=True)
    finally:
        stop.set()


async def steps(work: Callable[[Event], Generator[T]]) -> AsyncGenerator[T]:
    """Run the generator `work(stop)` one step in a thread for each item that is asked for."""
    stop = Event()
    generator = work(stop)
    try:
        while True:
            item = await to_thread.run_sync(next, generator, None, abandon_on_cancel=True)
            if item is None:
                return
            yield item
    finally:
        stop.set()
        with suppress(ValueError):  # still running: it sees `stop` and closes itself
            generator.close()
