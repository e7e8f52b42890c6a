"""A turn with a crowd of open streams: how late their deltas are, what each holds while it waits.

House rule: streams are opened at a steady pace, as they come in life; the clock runs, and memory is
read, while all of them are open, and a turn in which one was not is no turn.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import msgspec

from benchmarks.machine import resident
from benchmarks.referee import Turn, fingerprint
from benchmarks.riders.ears import Ear, Watchful
from benchmarks.riders.rider import PROMPT, Listen
from benchmarks.riders.turns import Lane, mounted, on
from benchmarks.server.script import Script

__all__ = ["IDLE", "LATE", "OPENINGS", "SETTLE", "Crowd", "fleet", "held", "idle", "one_delta"]

LATE = {"median": 0.5, "p99": 0.99, "worst": 1.0}
"""Shares of the deltas; in `Turn.beside` the ns by which these came late at most."""

IDLE = Script(2, rate=1000, stamped=True, lead=0.0, pause=3600)
"""One delta at once, and nothing more for as long as anybody looks."""

OPENINGS = 500
"""Streams opened in a second."""
SETTLE = 0.3
_SLACK = 0.5


class Crowd(msgspec.Struct, frozen=True):
    """Streams, chunks a second of each, seconds on the clock."""

    streams: int
    rate: float
    seconds: float

    @property
    def script(self) -> Script:
        """Begins when the last stream is opened, and outlasts the clock."""
        opening = self.streams / OPENINGS
        seconds = 1.25 * opening + 2 / self.rate + SETTLE + self.seconds + _SLACK
        chunks = math.ceil(seconds * self.rate)
        return Script(chunks, rate=self.rate, stamped=True, lead=opening + SETTLE)

    @property
    def answer(self) -> str:
        """The fingerprint of who heard every chunk, in order."""
        return fingerprint(" ".join(map(str, range(self.script.chunks))))


def fleet(name: str, url: str, lane: Lane, crowd: Crowd) -> Turn:
    """CPU ns a delta while all streams run; how late deltas came is told beside it."""

    async def ride(listen: Listen) -> tuple[float, list[Watchful], list[int]]:
        ears = [Watchful() for _ in range(crowd.streams)]
        async with _opened(ears, listen) as listening:
            await asyncio.sleep(SETTLE)
            cpu_ns, begin = time.process_time_ns(), [len(ear.said) for ear in ears]
            await asyncio.sleep(crowd.seconds)
            cpu_ns, end = time.process_time_ns() - cpu_ns, [len(ear.said) for ear in ears]
            _all_open(listening)
            await asyncio.gather(*listening)
        bounds = zip(ears, begin, end, strict=True)
        late_ns = sorted(late for ear, *bound in bounds for late in ear.late_ns(*bound))
        return cpu_ns / len(late_ns), ears, late_ns

    (cost, ears, late_ns), beside = mounted(name, url, lane, crowd.script, ride)
    last = len(late_ns) - 1
    return Turn(
        cost, _answer(ears), beside | {at: float(late_ns[int(last * LATE[at])]) for at in LATE}
    )


def one_delta() -> str:
    """The fingerprint of who heard the first delta alone."""
    return fingerprint("0")


def idle(name: str, url: str, lane: Lane, streams: int) -> Turn:
    """Bytes of an open stream, each waited on by a task of its own, after its first delta.

    The first of them is not counted: it brings what all share.
    """

    async def ride(listen: Listen) -> tuple[float, list[Ear]]:
        ears = [Ear() for _ in range(streams)]
        async with _opened(ears[:1], listen):
            before = resident()
            async with _opened(ears[1:], listen) as listening:
                await asyncio.sleep(SETTLE)
                held = resident() - before
                _all_open(listening)
        return held / (streams - 1), ears

    (cost, ears), beside = mounted(name, url, lane, IDLE, ride)
    return Turn(cost, _answer(ears), beside)


def held(url: str, lane: Lane, streams: int) -> Turn:
    """Bytes of an open stream of foxstream that nobody waits on, after its first delta."""
    from foxstream import Client, Stream

    async def opened(client: Client) -> tuple[Stream, str]:
        stream = await client.stream(PROMPT).__aenter__()
        return stream, (await anext(stream)).text.partition(":")[0]

    async def main() -> tuple[float, set[str]]:
        async with Client(base_url=f"{url}/{IDLE.path}") as client:
            _, warm = await opened(client)
            before = resident()
            streams_and_numbers = [await opened(client) for _ in range(streams - 1)]
            await asyncio.sleep(SETTLE)
            cost = (resident() - before) / (streams - 1)
            return cost, {warm, *(number for _, number in streams_and_numbers)}

    cost, numbers = on(lane, main())
    return Turn(cost, " or ".join(sorted(map(fingerprint, numbers))))


def _answer(ears: Sequence[Ear]) -> str:
    return " or ".join(sorted({fingerprint(ear.numbers) for ear in ears}))


@asynccontextmanager
async def _opened(ears: Sequence[Ear], listen: Listen) -> AsyncGenerator[list[asyncio.Task[None]]]:
    """Everybody listens and has heard something; whoever still does so at the end is let go."""
    began = time.monotonic()
    listening: list[asyncio.Task[None]] = []
    try:
        for number, ear in enumerate(ears):
            await asyncio.sleep(began + number / OPENINGS - time.monotonic())
            listening.append(asyncio.ensure_future(ear.listen(listen)))
        while not all(ear.said for ear in ears):
            _all_open(listening)
            await asyncio.sleep(0.02)
        yield listening
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


def _all_open(listening: Sequence[asyncio.Task[None]]) -> None:
    for task in listening:
        if task.done():
            task.result()
            raise RuntimeError("a stream ended before the clock did")
