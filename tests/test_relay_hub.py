"""Many relays under names, and how long they are kept."""

from __future__ import annotations

import anyio
import pytest

from foxstream.errors import InvalidInputError
from foxstream.relay import Hub, MemoryStore, StoreError
from tests.gatewaykit import until
from tests.relaykit import Source, texts, words

pytestmark = pytest.mark.anyio


class GoneStore(MemoryStore):
    """Does not answer for as long as `gone` is set."""

    gone = True

    async def generation(self) -> str:
        await anyio.lowlevel.checkpoint()
        if self.gone:
            raise StoreError("the store does not answer")
        return await super().generation()


class BreakingStore(MemoryStore):
    """Answers until something is appended."""

    async def append(self, *_: object) -> None:
        await anyio.lowlevel.checkpoint()
        raise StoreError("the store is gone")


async def gone(hub: Hub, name: str) -> None:
    async def left() -> bool:
        return hub.get(name) is None

    await until(left, bool)


async def test_the_request_that_opens_a_relay_can_end():
    go = anyio.Event()
    async with Hub() as hub:
        async with anyio.create_task_group() as request:
            request.start_soon(hub.open, "fox", Source("A ", go, "fox"))
        go.set()
        async with hub.get("fox").view() as viewer:
            assert texts(await words(viewer)) == "A fox"


async def test_those_who_open_it_at_once_share_one_source():
    source, relays = Source("one"), []

    async def open_it() -> None:
        relays.append(await hub.open("fox", source))

    async with Hub() as hub:
        async with anyio.create_task_group() as requests:
            for _ in range(10):
                requests.start_soon(open_it)
        assert set(relays) == {hub.get("fox")}
        await relays[0].wait()
    assert source.told == 1


async def test_two_names_are_two_streams():
    async with Hub() as hub:
        first = await hub.open("first", Source("1"))
        second = await hub.open("second", Source("2"))
        assert first is not second
        assert hub.get("third") is None
        assert texts(await words(second.view())) == "2"


async def test_a_relay_that_has_ended_stays_for_the_retention():
    async with Hub(retention=0.05) as hub:
        relay = await hub.open("fox", Source("A fox"))
        await relay.wait()
        assert hub.get("fox") is relay
        await gone(hub, "fox")
        assert await hub.open("fox", Source("A dog")) is not relay


async def test_one_that_cannot_begin_says_so_and_can_be_opened_again():
    store = GoneStore()
    async with Hub(store=lambda _: store) as hub:
        with pytest.raises(StoreError):
            await hub.open("fox", Source("A fox"))
        assert hub.get("fox") is None
        store.gone = False
        relay = await hub.open("fox", Source("A fox"))
        assert texts(await words(relay.view())) == "A fox"


async def test_one_whose_store_fails_is_not_kept():
    async with Hub(store=lambda _: BreakingStore()) as hub:
        relay = await hub.open("fox", Source("A fox"))
        with pytest.raises(StoreError):
            await relay.wait()
        await gone(hub, "fox")


async def test_the_end_of_the_hub_closes_every_source():
    never, source = anyio.Event(), Source()
    source.steps = ("A ", never, "fox")
    async with Hub() as hub:
        relay = await hub.open("fox", source)
        async with relay.view() as viewer:
            await anext(viewer)
    assert source.closed == 1


async def test_the_blocks_own_error_comes_as_it_was_raised():
    with pytest.raises(ZeroDivisionError):
        async with Hub() as hub:
            await hub.open("fox", Source("A fox"))
            raise ZeroDivisionError


async def test_what_makes_no_sense_is_refused():
    with pytest.raises(InvalidInputError, match="retention is -1"):
        Hub(retention=-1)
    with pytest.raises(InvalidInputError, match="retention is nan"):
        Hub(retention=float("nan"))
    hub = Hub()
    with pytest.raises(RuntimeError, match="not entered"):
        await hub.open("fox", Source("A fox"))
    async with hub:
        with pytest.raises(RuntimeError, match="once"):
            await hub.__aenter__()
