"""A rider's turn, in its own process: what one delta cost, what was heard, how busy the server was.

House rule: connections are made and code is warm before the clock starts; what was heard is
checked after it has stopped.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal, TypeVar

from benchmarks.recording import record
from benchmarks.referee import Turn, fingerprint
from benchmarks.riders.field import RIDERS
from benchmarks.riders.rider import Listen
from benchmarks.server.load import Load
from benchmarks.server.script import Script

__all__ = ["SERVER_LAG", "SERVER_SHARE", "Lane", "burst", "expected", "on", "paced"]

Lane = Literal["asyncio", "uvloop"]
"""The event loop that a rider runs on."""

SERVER_SHARE = "share of a core used by the server"
SERVER_LAG = "99th percentile of the server's own lag, ns"

_SETTLE = 0.5
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


class Ear:
    """Hears one stream."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.thought: list[str] = []

    @property
    def answer(self) -> str:
        """The fingerprint of what was heard."""
        return fingerprint("".join(self.said), "".join(self.thought))

    def listen(self, listen: Listen) -> Awaitable[None]:
        """Hear one answer."""
        return listen(self.said.append, self.thought.append)


def burst(name: str, url: str, lane: Lane, script: Script, seconds: float) -> Turn:
    """One stream after the other, each as fast as it can be read: CPU ns a chunk."""

    async def ride(listen: Listen) -> tuple[float, list[Ear]]:
        ears = [Ear()]
        await ears[0].listen(listen)
        cpu_ns = passes = 0
        while not passes or cpu_ns < seconds * 1e9:
            ear = Ear()
            began = time.process_time_ns()
            await ear.listen(listen)
            cpu_ns += time.process_time_ns() - began
            passes += 1
            ears = [ears[0], ear]
        return cpu_ns / passes / script.chunks, ears

    return _turn(name, url, lane, script, ride)


def paced(name: str, url: str, lane: Lane, script: Script, streams: int, seconds: float) -> Turn:
    """Many streams at once, a packet for each chunk: CPU ns a delta while all of them run."""

    async def ride(listen: Listen) -> tuple[float, list[Ear]]:
        ears = [Ear() for _ in range(streams)]
        listening = asyncio.gather(*(ear.listen(listen) for ear in ears))
        await _until_all_hear(ears)
        await asyncio.sleep(_SETTLE)
        cpu_ns, heard = time.process_time_ns(), sum(len(ear.said) for ear in ears)
        await asyncio.sleep(seconds)
        cpu_ns = time.process_time_ns() - cpu_ns
        heard = sum(len(ear.said) for ear in ears) - heard
        await listening
        return cpu_ns / heard, ears

    return _turn(name, url, lane, script, ride)


async def _until_all_hear(ears: list[Ear]) -> None:
    while not all(ear.said for ear in ears):  # noqa: ASYNC110 (an event would cost at each delta)
        await asyncio.sleep(0.02)


def _turn(
    name: str,
    url: str,
    lane: Lane,
    script: Script,
    ride: Callable[[Listen], Coroutine[Any, Any, tuple[float, list[Ear]]]],
) -> Turn:
    async def main() -> tuple[float, list[Ear]]:
        async with RIDERS[name].mount(f"{url}/{script.path}") as listen:
            return await ride(listen)

    gc.collect()
    before = Load.at(url)
    cost, ears = on(lane, main())
    after = Load.at(url)
    beside = {SERVER_SHARE: after.share_since(before)}
    if after.lag_ns:
        beside[SERVER_LAG] = after.lag_ns[1]
    return Turn(cost, " or ".join(sorted({ear.answer for ear in ears})), beside)
