"""Many viewers in one process, without sockets: a task each, all on one event loop.

House rule: the viewers' own reading is part of the figure, and the same for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from benchmarks.referee import Turn, WrongAnswerError
from benchmarks.relays.beat import ALL, Beat, Ear
from benchmarks.relays.lateness import lateness
from benchmarks.relays.load import Load, shares
from benchmarks.relays.queues import DONE, Queues
from foxstream.relay import Relay

__all__ = ["BROADCASTERS", "QUEUES", "RELAY", "take_turn"]

RELAY = "relay"
QUEUES = "queues"

_WARM = Beat(2, 1000.0)

Broadcast = Callable[[Beat, list[Ear], int], Awaitable[None]]


def take_turn(name: str, beat: Beat, viewers: int, stuck: int = 0) -> Turn:
    """CPU ns of one event that reached one viewer; `stuck` more viewers never read."""
    asyncio.run(_whole(BROADCASTERS[name], _WARM, [Ear([])], 0))
    late_ns: list[int] = []
    ears = [Ear(late_ns) for _ in range(viewers)]
    before = Load.now()
    asyncio.run(_whole(BROADCASTERS[name], beat, ears, stuck))
    after = Load.now()
    beside = lateness(late_ns) | shares(before, after)
    return Turn((after.cpu_ns - before.cpu_ns) / len(late_ns), ALL, beside)


async def _whole(broadcast: Broadcast, beat: Beat, ears: list[Ear], stuck: int) -> None:
    await broadcast(beat, ears, stuck)
    for ear in ears:
        if ear.heard != beat.events:
            raise WrongAnswerError(f"{ear.heard} events came, {beat.events} were made")


async def _by_relay(beat: Beat, ears: list[Ear], stuck: int) -> None:
    async def read(ear: Ear) -> None:
        async with relay.view() as viewer:
            async for event in viewer:
                ear.hear(event.data)

    async with Relay(beat) as relay:
        waiting = [relay.view() for _ in range(stuck)]
        await _all(read, ears)
        assert all(viewer.unread == beat.events + 1 for viewer in waiting)


async def _by_queues(beat: Beat, ears: list[Ear], stuck: int) -> None:
    async def read(ear: Ear) -> None:
        queue = queues.join()
        while (frame := await queue.get()) != DONE:
            ear.hear(frame)

    async with Queues(beat()) as queues:
        waiting = [queues.join() for _ in range(stuck)]
        await _all(read, ears)
        assert all(queue.qsize() == beat.events + 1 for queue in waiting)


async def _all(read: Callable[[Ear], Awaitable[None]], ears: list[Ear]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for ear in ears:
            tasks.create_task(read(ear))  # type: ignore[arg-type]


BROADCASTERS: dict[str, Broadcast] = {RELAY: _by_relay, QUEUES: _by_queues}
"""By what an event comes to all who are there."""
