"""The producing one of two replicas is killed in mid-stream, under the eyes of viewers of both.

House rule: a viewer does what a browser does: it opens again, wherever there is somebody, with the
id of the last event it has.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle
from statistics import median

import aiohttp

from benchmarks.measures.hosted import hosted
from benchmarks.referee import Turn, WrongAnswerError
from benchmarks.relays.beat import ALL, Ear
from benchmarks.relays.redis import redis_server
from benchmarks.relays.replica import replica
from benchmarks.server.script import Script
from foxstream import Client
from foxstream.sse import Parser

__all__ = ["GAP", "GAP_BESIDE", "RETURNED", "take_turn"]

GAP = "gap, worst of all viewers"
GAP_BESIDE = "gap, median, viewers of the other replica"
RETURNED = "viewers that had to return"

_PATIENCE = 120.0  # seconds
_LEAD = 1.5  # seconds, in which the viewers come
_RETRY = 0.05  # seconds until a viewer returns; browsers take what `retry:` says


class _Viewer:
    """Follows a stream across replicas to its end."""

    def __init__(self) -> None:
        self.ear = Ear([])
        self.longest = 0.0
        self.opened = 0
        self._last_id = ""
        self._over = False
        self._at = 0.0

    async def follow(self, session: aiohttp.ClientSession, urls: Sequence[str]) -> None:
        """Read to the end, from one of `urls` after the other."""
        for url in cycle(urls):
            with suppress(aiohttp.ClientError):
                await self._read(session, url)
            if self._over:
                return
            await asyncio.sleep(_RETRY)

    async def _read(self, session: aiohttp.ClientSession, url: str) -> None:
        parser = Parser()
        async with session.get(url, headers={"Last-Event-ID": self._last_id}) as response:
            self.opened += 1
            async for block in response.content.iter_any():
                for event in parser.feed(block):
                    self._last_id = event.id
                    self._take(event.event, event.data)

    def _take(self, kind: str, data: bytes) -> None:
        if kind not in {"delta", "done"}:
            raise WrongAnswerError(f"a viewer was told {kind}: {data!r}")
        self._over = kind == "done"
        self.ear.hear(data)
        now = time.monotonic()
        self.longest = max(self.longest, now - (self._at or now))
        self._at = now


def take_turn(events: int, rate: float, viewers: int, lease: float) -> Turn:
    """Seconds of the longest gap that any viewer saw."""
    script = Script(events, rate=rate, lead=_LEAD)
    with redis_server() as redis, hosted(4) as gateway:
        place = (gateway, redis.port, lease)
        with replica(*place) as producing, replica(*place) as other:
            task_id = asyncio.run(_submitted(gateway, script))
            urls = [producing.begin(task_id), other.begin(task_id)]
            seen = asyncio.run(_watched(urls, viewers, events, producing.kill))
    _check(seen, events)
    return _told(seen)


def _check(seen: Sequence[_Viewer], events: int) -> None:
    if not any(viewer.opened > 1 for viewer in seen):
        raise WrongAnswerError("the stream was over before the replica was killed")
    for viewer in seen:
        if viewer.ear.heard != events:
            raise WrongAnswerError(f"{viewer.ear.heard} events came, {events} were made")


def _told(seen: Sequence[_Viewer]) -> Turn:
    gap = max(viewer.longest for viewer in seen)
    beside = {
        GAP: gap,
        GAP_BESIDE: median(viewer.longest for viewer in seen[1::2]),
        RETURNED: float(sum(viewer.opened > 1 for viewer in seen)),
    }
    return Turn(gap, ALL, beside)


async def _submitted(gateway: str, script: Script) -> str:
    async with Client(base_url=gateway) as client:
        return (await client.submit(script.path)).id


async def _watched(
    urls: list[str], viewers: int, events: int, kill: Callable[[], None]
) -> list[_Viewer]:
    """Every second viewer is one of the other replica; killed is where all have heard half."""
    seen = [_Viewer() for _ in range(viewers)]
    timeout = aiohttp.ClientTimeout(None)
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
        asyncio.timeout(_PATIENCE),
        asyncio.TaskGroup() as tasks,
    ):
        for number, viewer in enumerate(seen):
            tasks.create_task(viewer.follow(session, urls[:: -1 if number % 2 else 1]))
        while min(viewer.ear.heard for viewer in seen) < events / 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        kill()
    return seen
