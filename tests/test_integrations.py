"""The faces of a relay, over real sockets: aiohttp, and Starlette and FastAPI on uvicorn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import aiohttp
import anyio
import pytest
import uvicorn
from aiohttp import web
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from foxstream.errors import InvalidInputError
from foxstream.integrations import starlette as face
from foxstream.integrations.aiohttp import relay_response
from foxstream.relay import MemoryStore, Relay, StoreError
from foxstream.sse import Event, Parser
from tests.gatewaykit import ON_ASYNCIO, until
from tests.relaykit import Source, begun, data, offsets, texts

Serve = Callable[..., AbstractAsyncContextManager[str]]


@asynccontextmanager
async def on_aiohttp(relay: Relay, **options) -> AsyncGenerator[str]:
    async def events(request: web.Request) -> web.StreamResponse:
        return await relay_response(request, relay, **options)

    app = web.Application()
    app.router.add_get("/events", events)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/events"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def on_starlette(relay: Relay, **options) -> AsyncGenerator[str]:
    async def events(request: Request) -> Response:
        return face.relay_response(request, relay, **options)

    async with on_uvicorn(Starlette(routes=[Route("/events", events)])) as url:
        yield url


@asynccontextmanager
async def on_fastapi(relay: Relay, **options) -> AsyncGenerator[str]:
    app = FastAPI()

    @app.get("/events")
    @app.head("/events")
    async def events(request: Request) -> Response:
        return face.relay_response(request, relay, **options)

    async with on_uvicorn(app) as url:
        yield url


@asynccontextmanager
async def on_uvicorn(app: Starlette) -> AsyncGenerator[str]:
    config = uvicorn.Config(app, log_level="critical", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server._serve, [listener])
        await until(_async(lambda: server.started), bool)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/events"
        finally:
            server.should_exit = True
    listener.close()


pytestmark = [
    *ON_ASYNCIO,
    pytest.mark.parametrize(
        "serve",
        [on_aiohttp, on_starlette, on_fastapi],
        ids=["aiohttp", "starlette", "fastapi"],
    ),
]


async def get(url: str, last_event_id: str | None = None) -> tuple[int, bytes, list[Event]]:
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers=headers) as response:
            body = await response.read()
            return response.status, body, Parser().feed(body)


async def test_a_browser_gets_ids_and_all_that_keeps_the_stream_flowing(serve: Serve):
    async with Relay(Source("a", "b")) as relay, serve(relay, retry=1.5) as url:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["X-Accel-Buffering"] == "no"
            assert "Content-Length" not in response.headers
            body = await response.read()
    assert body.startswith(b"retry: 1500\n\n")
    events = Parser().feed(body)
    assert (texts(events), offsets(events)) == ("ab", [0, 1, 2])


async def test_a_browser_that_returns_gets_the_rest_and_at_the_end_nothing(serve: Serve):
    async with Relay(Source("a", "b", "c")) as relay, serve(relay) as url:
        _, _, whole = await get(url)
        assert (await get(url, whole[0].id))[2] == whole[1:]
        assert await get(url, whole[-1].id) == (204, b"", [])


async def test_the_viewers_leaving_frees_it_at_once_and_stops_nothing(serve: Serve):
    gate = anyio.Event()
    source = Source("a", gate, "b")
    async with Relay(source) as relay, serve(relay) as url:
        async with aiohttp.ClientSession() as session:
            response = await session.get(url)
            await response.content.readuntil(b"delta")
            assert relay.viewers == 1
            response.close()
        with anyio.fail_after(2):
            await until(_async(lambda: relay.viewers), lambda viewers: viewers == 0)
        assert source.closed == 0
        gate.set()
        assert texts((await get(url))[2]) == "ab"


async def test_stopping_the_task_ends_every_response(serve: Serve):
    async with Relay(Source("a", anyio.Event())) as relay, serve(relay) as url:
        async with anyio.create_task_group() as tasks:
            bodies: list[list[Event]] = []

            async def read() -> None:
                bodies.append((await get(url))[2])

            tasks.start_soon(read)
            tasks.start_soon(read)
            await begun(relay, 1)
            await until(_async(lambda: relay.viewers), lambda viewers: viewers == 2)
            await relay.stop()
    assert [[event.event for event in events] for events in bodies] == [["delta", "stopped"]] * 2


async def test_silence_is_kept_alive(serve: Serve):
    async with Relay(Source("a", anyio.Event()), keepalive=0.02) as relay, serve(relay) as url:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            with anyio.fail_after(5):
                assert b": keep-alive\n" in await response.content.readuntil(b"keep-alive\n")


async def test_a_failure_of_the_source_is_an_event(serve: Serve):
    async with Relay(Source("a", InvalidInputError("no such thing"))) as relay, serve(relay) as url:
        events = (await get(url))[2]
    assert [event.event for event in events] == ["delta", "error"]
    assert data(events[-1])["message"] == "no such thing"


async def test_a_store_that_is_gone_is_an_error_event_without_an_id(serve: Serve):
    async with Relay(Source("a", anyio.Event())) as relay, serve(relay) as url:
        await begun(relay, 1)
        relay._fail(StoreError("the store is gone"))
        events = (await get(url))[2]
    assert [event.event for event in events] == ["delta", "error"]
    assert data(events[-1])["message"] == "the store is gone"
    assert events[-1].id == events[0].id


async def test_a_relay_that_is_left_ends_the_response_so_that_the_browser_returns(serve: Serve):
    relay = Relay(Source("a", anyio.Event()))
    async with anyio.create_task_group() as tasks:
        bodies: list[list[Event]] = []

        async def read(url: str) -> None:
            bodies.append((await get(url))[2])
            done.set()

        done = anyio.Event()
        async with serve(relay) as url:
            async with relay:
                await begun(relay, 1)
                tasks.start_soon(read, url)
                await until(_async(lambda: relay.viewers), lambda viewers: viewers == 1)
            with anyio.fail_after(5):
                await done.wait()
    assert [[event.event for event in events] for events in bodies] == [["delta"]]


async def test_a_viewer_whose_socket_takes_nothing_is_disconnected(serve: Serve):
    gate = anyio.Event()
    source = Source("a", gate, *["x" * 100_000] * 150)
    async with Relay(source) as relay, serve(relay, policy="disconnect", max_lag=50) as url:
        reader, writer = await _connect(url)
        await reader.readuntil(b"delta")
        writer.transport.pause_reading()
        gate.set()
        with anyio.fail_after(30):
            await relay.wait()
            await until(_async(lambda: relay.viewers), lambda viewers: viewers == 0)
            writer.transport.resume_reading()
            rest = b""
            with suppress(ConnectionError):
                while block := await reader.read(2**16):
                    rest = rest[-10:] + block
        assert not rest.endswith(b"0\r\n\r\n"), "what was cut looks whole"
        writer.transport.abort()


@pytest.mark.parametrize("policy", ["wait", "snapshot"])
async def test_a_viewer_whose_socket_takes_nothing_costs_the_others_nothing(serve: Serve, policy):
    """It gets all of it later, piece by piece or as one snapshot."""
    gate, piece = anyio.Event(), "x" * 100_000
    source, store = Source("a", gate, *[piece] * 150), MemoryStore(max_bytes=2**26)
    async with Relay(source, store=store) as relay, serve(relay, policy=policy, max_lag=50) as url:
        reader, writer = await _connect(url)
        await reader.readuntil(b"delta")
        writer.transport.pause_reading()
        gate.set()
        with anyio.fail_after(60):
            assert texts((await get(url))[2]) == "a" + piece * 150
            writer.transport.resume_reading()
            rest = b""
            while b"event: done" not in rest[-100_000:]:
                rest += await reader.read(2**20)
        assert (b"event: snapshot" in rest) == (policy == "snapshot")
        assert rest.count(b"event: delta") < 150 or policy == "wait"
        writer.transport.abort()


async def test_five_hundred_viewers_that_leave_at_once_take_nothing_with_them(
    serve: Serve, anyio_backend: tuple[str, dict[str, bool]]
):
    """A tenth of them in debug mode, which takes its time."""
    count = 500 if "use_uvloop" in anyio_backend[1] else 50
    gate = anyio.Event()
    source = Source("a", gate, "b")
    async with Relay(source) as relay, serve(relay) as url:
        async with aiohttp.ClientSession() as session, session.get(url) as stays:
            crowd = [await _connect(url) for _ in range(count)]
            for reader, _ in crowd:
                await reader.readuntil(b"delta")
            assert relay.viewers == count + 1
            for _, writer in crowd:
                writer.transport.abort()
            with anyio.fail_after(10):
                await until(_async(lambda: relay.viewers), lambda viewers: viewers == 1)
            assert source.closed == 0
            gate.set()
            assert texts(Parser().feed(await stays.read())) == "ab"


async def test_a_head_is_answered_at_once_and_leaves_no_viewer(serve: Serve):
    async with Relay(Source("a", anyio.Event())) as relay, serve(relay) as url:
        with anyio.fail_after(5):
            async with aiohttp.ClientSession() as session, session.head(url) as response:
                assert (response.status, await response.read()) == (200, b"")
        assert response.headers["Content-Type"] == "text/event-stream"
        assert "Content-Length" not in response.headers
        assert relay.viewers == 0


@pytest.mark.parametrize(
    "garbage",
    [
        "0123abcd.1",
        "-1",
        "1",
        "9" * 4000,
        "\u0663.\u0663",
        "x.-7",
        ".",
        "\U0001f98a",
        "' OR 1=1 --",
    ],
    ids=["another", "negative", "bare", "huge", "digits", "minus", "dot", "fox", "quote"],
)
async def test_an_id_that_is_none_of_this_stream_begins_anew(serve: Serve, garbage: str):
    async with Relay(Source("a", "b")) as relay, serve(relay) as url:
        await relay.wait()
        status, _, events = await get(url, garbage)
    assert (status, texts(events)) == (200, "ab")
    assert [event.event for event in events] == ["snapshot", "done"]


async def test_an_offset_that_cannot_be_is_no_place_in_the_stream(serve: Serve):
    async with Relay(Source("a", "b")) as relay, serve(relay) as url:
        _, _, events = await get(url)
        name = events[0].id.partition(".")[0]
        assert texts((await get(url, f"{name}.-5"))[2]) == "ab"
        assert (await get(url, f"{name}.{'9' * 4000}"))[0] == 204


async def test_a_time_to_reconnect_out_of_range_is_refused(serve: Serve):
    async with Relay(Source("a")) as relay, serve(relay, retry=-1) as url:
        assert (await get(url))[0] == 500


def _async(look):
    async def looking():
        return look()

    return looking


async def _connect(url: str):
    port = int(url.rpartition(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    writer.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return reader, writer


async def test_a_stream_is_relayed_to_its_viewer_alone(serve: Serve):
    source = Source("A ", "fox")
    async with serve(source()) as url:
        status, body, events = await get(url)
    assert status == 200
    assert body.startswith(b"retry: 2000\n\n")
    assert (texts(events), events[-1].event, source.closed) == ("A fox", "done", 1)


async def test_a_browser_that_returns_after_its_own_stream_does_not_begin_another(serve: Serve):
    """`EventSource` connects again after every end, and each stream is paid for."""
    source = Source("A ", "fox")
    async with serve(source) as url:
        _, body, events = await get(url)
        assert await get(url, _id_after(body)) == (204, b"", [])
        assert source.told == 2
        assert texts((await get(url, events[0].id))[2]) == "A fox"


def _id_after(body: bytes) -> str:
    """What a browser brings when it comes back, which need not be the id of an event."""
    ids = [line for line in body.split(b"\n") if line.startswith(b"id: ")]
    return ids[-1].removeprefix(b"id: ").decode()


async def test_a_stream_is_closed_when_its_viewer_leaves(serve: Serve):
    source = Source("A ", anyio.Event(), "fox")
    async with serve(source()) as url, aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            await response.content.readuntil(b'"A "')
        await until(_async(lambda: source.closed), bool)
    assert source.told == 1
