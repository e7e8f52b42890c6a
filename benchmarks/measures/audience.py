"""Many streams of a gateway held open at once by foxstream's client, each piece stamped.

House rule: a stream whose pieces are not all there, in order, is a wrong answer. Lateness is that
of a piece in the reader's hands, against the instant at which the engine made it.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from array import array

from benchmarks.measures.replay import GATEWAY_SHARE, READERS_SHARE
from benchmarks.referee import Turn, WrongAnswerError
from benchmarks.server.load import Load, loaded
from benchmarks.server.script import Script
from foxstream import Client

__all__ = [
    "ALL",
    "ENGINE_LAG",
    "GATEWAY_WAITED",
    "LATE",
    "LATE_MEDIAN",
    "READER_WAITED",
    "SLOWEST",
    "take_turn",
]

ALL = "every piece in its order"
LATE = "late when read, 99th percentile"
LATE_MEDIAN = "late when read, median"
ENGINE_LAG = "made late by the engine, 99th"
SLOWEST = "chunks a second of the slowest stream"
GATEWAY_WAITED = "time for which the gateway waited for its core"
READER_WAITED = "time for which the reader waited for its core"

_AT_ONCE = 100
_SETTLE = 0.5


class _Listener:
    """Hears one stream to its end, and counts."""

    def __init__(self, late: array[int]) -> None:
        self.heard = 0
        self.over = False
        self._late = late

    async def listen(self, client: Client, script: Script, door: asyncio.Semaphore) -> None:
        """Every piece must be the next one."""
        stream = client.stream(script.path)
        async with door:
            await stream.__aenter__()
        async with stream as answer:
            async for delta in answer:
                number, _, stamp = delta.text.partition(":")
                if int(number) != self.heard:
                    raise WrongAnswerError(f"piece {number} came, {self.heard} was expected")
                self.heard += 1
                self._late.append(time.monotonic_ns() - int(stamp))
        self.over = True
        if self.heard != script.chunks:
            raise WrongAnswerError(f"{self.heard} pieces came, {script.chunks} were sent")


def take_turn(url: str, script: Script, streams: int, seconds: float, windows: int) -> Turn:
    """The 99th percentile of lateness, in ns: the median of several windows, as all beside it."""

    async def main() -> list[dict[str, float]]:
        late = array("q")
        listeners = [_Listener(late) for _ in range(streams)]
        door = asyncio.Semaphore(_AT_ONCE)
        async with Client(base_url=url) as client, asyncio.TaskGroup() as group:
            for listener in listeners:
                group.create_task(listener.listen(client, script, door))
            await _until_all_hear(listeners)
            return [await _watched(url, listeners, late, seconds) for _ in range(windows)]

    try:
        seen = asyncio.run(main())
    except ExceptionGroup as lost:
        raise lost.exceptions[0] from None
    medians = {name: statistics.median(window[name] for window in seen) for name in seen[0]}
    return Turn(medians[LATE], ALL, medians)


async def _watched(
    url: str, listeners: list[_Listener], late: array[int], seconds: float
) -> dict[str, float]:
    """One window; the gateway is asked in a thread, so that the streams are read meanwhile."""
    before, own_before = await asyncio.to_thread(Load.at, url), loaded(late)
    heard = [listener.heard for listener in listeners]
    await asyncio.sleep(seconds)
    if any(listener.over for listener in listeners):
        raise WrongAnswerError("a stream had ended before all were watched")
    slowest = min(one.heard - earlier for one, earlier in zip(listeners, heard, strict=True))
    own, after = loaded(late), await asyncio.to_thread(Load.at, url)
    return {
        LATE: own.lag_ns[1],
        LATE_MEDIAN: own.lag_ns[0],
        ENGINE_LAG: after.lag_ns[1],
        SLOWEST: slowest / seconds,
        GATEWAY_SHARE: after.share_since(before),
        READERS_SHARE: own.share_since(own_before),
        GATEWAY_WAITED: after.waited_since(before),
        READER_WAITED: own.waited_since(own_before),
    }


async def _until_all_hear(listeners: list[_Listener]) -> None:
    while not all(listener.heard for listener in listeners):  # noqa: ASYNC110 (an event would cost)
        await asyncio.sleep(0.02)
    await asyncio.sleep(_SETTLE)
