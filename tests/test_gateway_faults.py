"""Mishaps are played exactly: each is looked at on the wire."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from foxstream.gateway import Faults, ScriptedEngine, running_gateway
from foxstream.gateway.faults import (
    Comments,
    Crlf,
    CutAfter,
    Dribble,
    Fault,
    Insert,
    Lost,
    Reply,
    Silence,
    StallAfter,
    WrongTotal,
)
from tests.gatewaykit import ON_ASYNCIO, SUBMIT, TEXT, decoded, ended, gateway, submit, text_of

pytestmark = ON_ASYNCIO

SCRIPT = ["a", "b"]


async def streamed(*faults: Fault) -> tuple[bytes, bytes]:
    """The same stream, first with the faults and then without."""
    async with gateway(SCRIPT, faults=Faults(stream=[faults])) as session:
        url = (await submit(session, stream=True))["stream"]["url"]
        bodies: list[bytes] = []
        for _ in range(2):
            async with session.get(url) as response:
                bodies.append(await response.read())
    assert text_of(decoded(bodies[1])) == "ab"
    return bodies[0], bodies[1]


@pytest.mark.parametrize("size", [0, 1, 10, 400])
async def test_an_end_without_done(size: int) -> None:
    cut, whole = await streamed(CutAfter(size, "end"))
    assert cut == whole[:size]


@pytest.mark.parametrize(
    ("ending", "error"),
    [("close", aiohttp.ClientPayloadError), ("reset", aiohttp.ClientError)],
)
async def test_a_cut_connection(ending: str, error: type[Exception]) -> None:
    faults = Faults(stream=[CutAfter(250, ending), None])
    async with gateway(SCRIPT, faults=faults) as session:
        task = await submit(session, stream=True)
        await ended(session, task["id"])
        got = bytearray()
        with pytest.raises(error) as caught:
            await read_into(got, session, task["stream"]["url"])
        assert len(got) in (0, 250)
        assert ending != "close" or len(got) == 250
        assert ending != "reset" or "reset" in repr((caught.value, caught.value.__cause__)).lower()
        async with session.get(task["stream"]["url"]) as response:
            whole = await response.read()
        assert whole.startswith(got)
        assert text_of(decoded(whole)) == "ab"


async def read_into(got: bytearray, session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as response:
        async for block in response.content.iter_any():
            got += block


@pytest.mark.alone
async def test_a_stall_lasts_until_somebody_leaves() -> None:
    faults = Faults(stream=[StallAfter(30)] * 2)
    async with aiohttp.ClientSession() as session:
        async with running_gateway(ScriptedEngine(SCRIPT), faults=faults) as url:
            stream = url + (await submit(session, url, stream=True))["stream"]["url"]
            left = await session.get(stream)
            assert len(await left.content.readexactly(30)) == 30
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(left.content.readany(), 0.02)
            left.close()
            stalled = await session.get(stream)
            await stalled.content.readexactly(30)
            started = time.monotonic()
        assert time.monotonic() - started < 0.5
        with pytest.raises(aiohttp.ClientPayloadError):
            await stalled.content.read()
        stalled.close()


async def test_small_writes() -> None:
    async with gateway(SCRIPT, faults=Faults(stream=[Dribble(2)])) as session:
        task = await submit(session, stream=True)
        async with session.get(task["stream"]["url"]) as response:
            pieces = [piece async for piece, _ in response.content.iter_chunks()]
    assert {len(piece) for piece in pieces[:-1]} <= {1, 2}
    assert text_of(decoded(b"".join(pieces))) == "ab"


async def test_comments() -> None:
    commented, whole = await streamed(Comments(b": hello\n\n"))
    assert commented.count(b": hello\n\n") == 3
    assert commented.replace(b": hello\n\n", b"") == whole


async def test_raw_bytes_between_events() -> None:
    spoilt, whole = await streamed(Insert(b"data: {broken\n\n", events=1))
    first = whole.index(b"\n\n") + 2
    assert spoilt == whole[:first] + b"data: {broken\n\n" + whole[first:]


async def test_crlf() -> None:
    crlf, whole = await streamed(Crlf())
    assert crlf == whole.replace(b"\n", b"\r\n")
    assert decoded(crlf) == decoded(whole)


async def test_a_wrong_total() -> None:
    wrong, whole = await streamed(WrongTotal(7))
    assert decoded(wrong) == [*decoded(whole)[:-1], ("done", {"total_chunks": 7})]


async def test_several_at_once() -> None:
    spoilt, whole = await streamed(Comments(b":\n\n"), Crlf(), Dribble(3), CutAfter(100, "end"))
    assert spoilt == (b":\n\n" + whole).replace(b"\n", b"\r\n")[:100]


async def test_a_reply_of_ones_own_on_every_endpoint() -> None:
    reply = Reply(429, b"slow down", {"Retry-After": "2"})
    several = (Fault(), reply, Reply(500))
    plans = {name: [reply, several] for name in ("submit", "stream", "task", "upload", "models")}
    async with gateway(SCRIPT, faults=Faults(**plans)) as session:
        for method, path in [
            ("POST", SUBMIT),
            ("GET", f"{SUBMIT}/any/stream"),
            ("GET", "/v1/tasks/any"),
            ("POST", "/v1/files/upload/url"),
            ("GET", "/v1/models"),
        ]:
            for _ in range(2):
                async with session.request(method, path) as response:
                    assert response.status == 429
                    assert response.headers["Retry-After"] == "2"
                    assert await response.read() == b"slow down"
        assert (await submit(session))["status"] == "pending"
        async with session.get("/v1/unknown") as response:
            assert response.status == 404


@pytest.mark.parametrize("reset", [False, True])
async def test_a_lost_answer_to_a_submit_that_was_accepted(reset: bool) -> None:
    faults = Faults(submit=[Lost(reset=reset), (Fault(), Lost(reset=reset))])
    async with gateway(SCRIPT, faults=faults, max_tasks=2) as session:
        for _ in range(2):
            with pytest.raises(aiohttp.ClientError):
                await session.post(SUBMIT, json={**TEXT})
        async with session.get("/v1/models") as response:
            assert response.status == 200


async def test_silence() -> None:
    async with gateway(SCRIPT, faults=Faults(submit=[Silence()])) as session:
        with pytest.raises(asyncio.TimeoutError):
            await session.post(SUBMIT, json=TEXT, timeout=aiohttp.ClientTimeout(0.02))
        assert (await submit(session))["status"] == "pending"
