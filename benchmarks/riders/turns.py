"""A rider's turn, in its own process: what one delta cost, what was heard, how busy the server was.

House rule: connections are made and code is warm before the clock starts; what was heard is
checked after it has stopped.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, TypeVar

from benchmarks.machine import waited_ns
from benchmarks.recording import record
from benchmarks.referee import Turn, fingerprint
from benchmarks.riders.ears import Ear, Stopwatch
from benchmarks.riders.field import RIDERS, RUNGS
from benchmarks.riders.rider import Listen
from benchmarks.server.load import Load
from benchmarks.server.script import Script

__all__ = [
    "CORE_LENT",
    "SERVER_LAG",
    "SERVER_SHARE",
    "Lane",
    "burst",
    "expected",
    "first",
    "mounted",
    "on",
    "paced",
    "watched",
]

Lane = Literal["asyncio", "uvloop"]
"""The event loop that a rider runs on."""

SERVER_SHARE = "share of a core used by the server"
SERVER_LAG = "99th percentile of the server's own lag, ns"
CORE_LENT = "share of the time for which the rider waited for its core"

_WARM = 3
T = TypeVar("T")


def expected(chunks: int) -> str:
    """The fingerprint of who heard the whole of so many chunks."""
    recording = record(chunks)
    return fingerprint(recording.text, recording.reasoning)


def on(lane: Lane, main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on the loop of that name."""
    factory = None
    if lane == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def burst(name: str, url: str, lane: Lane, script: Script, seconds: float) -> Turn:
    """One stream after the other, each as fast as it can be read: CPU ns a chunk."""

    async def ride(listen: Listen) -> tuple[float, list[Ear]]:
        await Ear().listen(listen)
        ears: list[Ear] = []
        cpu_ns = 0
        while not ears or cpu_ns < seconds * 1e9:
            ears.append(Ear())
            began = time.process_time_ns()
            await ears[-1].listen(listen)
            cpu_ns += time.process_time_ns() - began
        return cpu_ns / len(ears) / script.chunks, ears

    return _turn(name, url, lane, script, ride)


def paced(name: str, url: str, lane: Lane, script: Script, streams: int, seconds: float) -> Turn:
    """Many streams at once, a packet for each chunk: CPU ns a delta while all of them run.

    The clock runs for `seconds`, from as long after all have heard something as the script's lead.
    """

    async def ride(listen: Listen) -> tuple[float, list[Ear]]:
        ears = [Ear() for _ in range(streams)]
        streams_open = [asyncio.ensure_future(ear.listen(listen)) for ear in ears]
        listening = asyncio.gather(*streams_open)
        await _until_all_hear(ears, listening)
        await asyncio.sleep(script.lead)
        cpu_ns, heard = time.process_time_ns(), sum(len(ear.said) for ear in ears)
        await asyncio.sleep(seconds)
        cpu_ns = time.process_time_ns() - cpu_ns
        heard = sum(len(ear.said) for ear in ears) - heard
        if any(stream.done() for stream in streams_open):
            raise RuntimeError("a stream ended while the clock ran: raise `around`")
        await listening
        return cpu_ns / heard, ears

    return _turn(name, url, lane, script, ride)


def first(name: str, url: str, lane: Lane, script: Script, requests: int) -> Turn:
    """One stream after the other on a warm connection: ns from asking to the first piece.

    The median of so many requests, by the clock on the wall.
    """

    async def ride(listen: Listen) -> tuple[float, list[Stopwatch]]:
        for _ in range(_WARM):
            await Ear().listen(listen)
        ears = [Stopwatch() for _ in range(requests)]
        waits: list[int] = []
        for ear in ears:
            began = time.monotonic_ns()
            await ear.listen(listen)
            waits.append(ear.first_ns - began)
        return statistics.median(waits), ears

    return _turn(name, url, lane, script, ride)


async def _until_all_hear(ears: Sequence[Ear], listening: asyncio.Future[Any]) -> None:
    while not all(ear.said for ear in ears):
        if listening.done():
            raise RuntimeError("a stream ended before all were heard") from listening.exception()
        await asyncio.sleep(0.02)


def _turn(
    name: str,
    url: str,
    lane: Lane,
    script: Script,
    ride: Callable[[Listen], Coroutine[Any, Any, tuple[float, Sequence[Ear]]]],
) -> Turn:
    (cost, ears), beside = mounted(name, url, lane, script, ride)
    return Turn(cost, " or ".join(sorted({fingerprint(*ear.heard) for ear in ears})), beside)


def mounted(
    name: str,
    url: str,
    lane: Lane,
    script: Script,
    ride: Callable[[Listen], Coroutine[Any, Any, T]],
) -> tuple[T, dict[str, float]]:
    """What `ride` brought home, and how busy the server was meanwhile."""

    async def main() -> T:
        async with (RUNGS | RIDERS)[name].mount(f"{url}/{script.path}") as listen:
            return await ride(listen)

    return watched(url, lane, main())


def watched(url: str, lane: Lane, main: Coroutine[Any, Any, T]) -> tuple[T, dict[str, float]]:
    """What `main` brought home, and how busy the server was meanwhile."""
    gc.collect()
    before, waited = Load.at(url), waited_ns()
    brought = on(lane, main)
    after, waited = Load.at(url), waited_ns() - waited
    beside = {
        SERVER_SHARE: after.share_since(before),
        CORE_LENT: waited / (after.now_ns - before.now_ns),
    }
    if after.lag_ns:
        beside[SERVER_LAG] = after.lag_ns[1]
    return brought, beside
