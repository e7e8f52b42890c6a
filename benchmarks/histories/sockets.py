"""Histories lived on real sockets: a client, the fault proxy, and the real gateway behind it.

House rule: gateway and proxy run in a thread of their own, so that a client on any event loop, in
any lane, meets the same ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

import aiohttp
import anyio
import anyio.from_thread

from benchmarks.histories.history import History, history_of
from benchmarks.histories.life import EndlessError, Life, Outcome
from benchmarks.histories.proxy import FaultProxy
from benchmarks.histories.reading import read
from benchmarks.histories.recorded import PIECES, Piece
from foxstream import Client, Retries, Timeouts
from foxstream.exchange import Transport
from foxstream.gateway import ScriptedEngine, Think, running_gateway
from foxstream.gateway.engine import Piece as Spoken
from foxstream.transports import AiohttpTransport, HttpxTransport

__all__ = ["LANES", "dealt", "live_all"]

LANES: dict[str, tuple[Callable[[], Transport], str]] = {
    "aiohttp-asyncio": (AiohttpTransport, "asyncio"),
    "httpx-asyncio": (HttpxTransport, "asyncio"),
    "httpx-trio": (HttpxTransport, "trio"),
}
"""A transport, and the event loop it runs on."""

_AT_ONCE = 16
_TOO_LONG = 60.0
_A_MOMENT = 2.0
_TIMEOUTS = Timeouts(first_token=0.4, stall=0.4)


class Stage(NamedTuple):
    """Where histories are played."""

    url: str
    proxy: FaultProxy


def dealt(seeds: Iterable[int], lane: str) -> list[int]:
    """Those of the seeds that are lived in that lane: a seed always is in the same one."""
    return [seed for seed in seeds if seed % len(LANES) == list(LANES).index(lane)]


def live_all(seeds: Iterable[int], lane: str) -> list[Outcome]:
    """The outcomes of the seeds' histories, some at a time."""
    transport_of, backend = LANES[lane]
    with _staged() as stage:
        return anyio.run(_live_all, seeds, transport_of, stage, backend=backend)


async def _live_all(
    seeds: Iterable[int], transport_of: Callable[[], Transport], stage: Stage
) -> list[Outcome]:
    """One transport for all: what a mishap leaves in its pool, the next request meets."""
    limiter, transport = anyio.CapacityLimiter(_AT_ONCE), transport_of()
    well = await _live("well", History(), transport, stage)
    outcomes: list[Outcome] = []

    async def play(seed: int) -> None:
        history = history_of(seed, well.recording, hurried=True)
        async with limiter:
            outcomes.append(await _live(str(seed), history, transport, stage))

    async with anyio.create_task_group() as tasks:
        for seed in seeds:
            tasks.start_soon(play, seed)
    await transport.aclose()
    await _left_alone(stage.proxy)
    return outcomes


async def _left_alone(proxy: FaultProxy) -> None:
    """No connection outlives the client."""
    with anyio.move_on_after(_A_MOMENT):
        while proxy.open:  # noqa: ASYNC110 (it is of another thread)
            await anyio.sleep(0.01)
    if proxy.open:
        raise AssertionError(f"{proxy.open} connections are still open")


async def _live(name: str, history: History, transport: Transport, stage: Stage) -> Outcome:
    life = stage.proxy.lives[name] = Life(history)
    retries = Retries(history.limit, backoff=0.01, max_backoff=0.05, poll_interval=0.02)
    client = Client(
        base_url=f"{stage.url}/{name}", transport=transport, retries=retries, timeouts=_TIMEOUTS
    )
    with anyio.move_on_after(_TOO_LONG):
        return await read(client, life)
    return Outcome.of(life, error=EndlessError(f"not over after {_TOO_LONG:g} s"))


@contextmanager
def _staged() -> Iterator[Stage]:
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_running()) as stage,
    ):
        yield stage


@asynccontextmanager
async def _running() -> AsyncIterator[Stage]:
    """The gateway, and the proxy before it."""
    async with (
        running_gateway(ScriptedEngine([_spoken(piece) for piece in PIECES])) as url,
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as upstream,
    ):
        proxy = FaultProxy(upstream)
        async with await asyncio.start_server(proxy.converse, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            yield Stage(f"http://127.0.0.1:{port}", proxy)


def _spoken(piece: Piece) -> Spoken | Think | str:
    if piece.finish_reason:
        return Spoken(finish_reason=piece.finish_reason)
    return Think(piece.reasoning) if piece.reasoning else piece.text
