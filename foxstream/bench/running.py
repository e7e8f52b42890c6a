"""A load, run: whom it asks, with which client, and what it tells.

House rule: one call runs one load; the process is left as it was found, but that it may have more
sockets open.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import NamedTuple

import anyio

from foxstream.bench.anchor import Anchor
from foxstream.bench.driver import Driver, Heard
from foxstream.bench.machine import MANY_FILES, allow_files
from foxstream.bench.plan import Plan
from foxstream.bench.progress import Seen, Ticker
from foxstream.bench.record import Record
from foxstream.bench.result import Result
from foxstream.bench.schedule import prompts
from foxstream.bench.stamping import StampingTransport
from foxstream.bench.summary import summarise
from foxstream.bench.truth.process import TruthfulGateway, truthful_gateway
from foxstream.client import Client
from foxstream.errors import FoxError
from foxstream.streams import Stream

__all__ = ["Peer", "connected", "driven", "reaching", "run"]

_MOST_WARMED = 128
_PATIENCE = 3.0


class Peer(NamedTuple):
    """Whom a load is asked of, through `client`; `gateway` is one that knows the truth."""

    client: Client
    gateway: TruthfulGateway | None = None


async def run(
    plan: Plan,
    *,
    api_key: str | None = None,
    heard: Heard | None = None,
    seen: Seen | None = None,
) -> Result:
    """Run one load and tell what came of it, on asyncio.

    `heard` is called with each `Record` as it is finished, `seen` with the `Progress` about four
    times a second. `api_key` is as for `Client`. Failed requests are kept in the result;
    `InvalidInputError` for a plan that cannot be asked.
    """
    async with connected(plan, api_key) as peer:
        records = await driven(plan, peer.client, heard, seen)
    return summarise(records, plan)


async def driven(
    plan: Plan, client: Client, heard: Heard | None = None, seen: Seen | None = None
) -> list[Record]:
    """The records of one load, asked through `client`.

    Raises `InvalidInputError` before anything is sent for a value that cannot be.
    """
    for prompt in plan.prompts:
        _stream(client, plan, prompt)
    allow_files(MANY_FILES)
    asked = prompts(plan)
    driver = Driver(plan, lambda: _stream(client, plan, next(asked)), heard or _unheard)
    await _warm(client, plan)
    with ExitStack() as during:
        during.enter_context(_collector_at_rest())
        if seen is not None:
            during.enter_context(Ticker(lambda: seen(driver.progress())))
        await driver.run()
    return driver.records


@asynccontextmanager
async def connected(plan: Plan, api_key: str | None = None) -> AsyncGenerator[Peer]:
    """Whom the plan asks; with `local`, a gateway started for it alone."""
    if not plan.local:
        async with reaching(plan, plan.openai or plan.base_url, api_key=api_key) as client:
            yield Peer(client)
        return
    async with truthful_gateway() as gateway, reaching(plan, gateway.url) as client:
        yield Peer(client, gateway)


def reaching(
    plan: Plan, base_url: str | None, anchor: Anchor | None = None, *, api_key: str | None = None
) -> Client:
    """A client for `base_url`, on sockets that stamp as the plan says; `anchor` is for tests."""
    stamps = (anchor or Anchor()) if plan.stamps else None
    return Client(
        api_key,
        base_url=base_url,
        protocol="openai" if plan.openai else "foxapi",
        transport=StampingTransport(stamps),
        timeouts=plan.timeouts,
    )


def _stream(client: Client, plan: Plan, prompt: str) -> Stream:
    return client.stream(prompt, **plan.asked, direct=plan.direct)


async def _warm(client: Client, plan: Plan) -> None:
    """Open as many connections as the load begins with, by a request that costs nothing.

    A server that does not answer it is left alone.
    """
    many = plan.concurrency if plan.rate is None else int(plan.rate)
    with anyio.move_on_after(_PATIENCE), suppress(FoxError):
        await client.models()
        async with anyio.create_task_group() as requests:
            for _ in range(min(many, _MOST_WARMED)):
                requests.start_soon(_knock, client)


async def _knock(client: Client) -> None:
    with suppress(FoxError):
        await client.models()


@contextmanager
def _collector_at_rest() -> Generator[None]:
    """What is there already is not looked through again while the load runs."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _unheard(record: Record) -> None:
    """Nobody asked to be told."""
