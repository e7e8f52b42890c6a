"""What a relay keeps of a stream: the bytes of an event in its log, as the system counts them."""

from __future__ import annotations

import asyncio

from benchmarks.machine import resident
from benchmarks.referee import Turn
from benchmarks.relays.beat import ALL
from foxstream import Delta
from foxstream.relay import MemoryStore, Relay

__all__ = ["events_held"]

_WIDTH = 20  # characters of a delta: four words


def events_held(events: int) -> Turn:
    """Bytes of one of so many events, in the store and in the log together."""

    async def source():  # noqa: ANN202
        for number in range(events):
            yield Delta(text=f"{number:{_WIDTH}}")

    async def main() -> float:
        before = resident()
        async with Relay(source(), store=MemoryStore(max_events=events)) as relay:
            await relay.wait()
            return (resident() - before) / events

    return Turn(asyncio.run(main()), ALL)
