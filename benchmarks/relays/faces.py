"""Broadcasters behind web servers: the faces that foxstream ships, and the plain ways.

House rule: each is written as its framework's documentation shows. What is not installed is not
imported until it is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from typing import Any

from aiohttp import web

from benchmarks.relays.beat import Beat
from benchmarks.relays.queues import DONE, Queues
from foxstream.integrations.event_stream import HEADERS
from foxstream.relay import Relay

__all__ = ["AIOHTTP", "AIOHTTP_QUEUES", "FACES", "SSE_STARLETTE", "STARLETTE", "missing"]

AIOHTTP = "relay, aiohttp"
AIOHTTP_QUEUES = "queues, aiohttp"
STARLETTE = "relay, Starlette"
SSE_STARLETTE = "sse-starlette"

Face = Callable[[Beat, asyncio.Event], AbstractAsyncContextManager[int]]
"""Serves a beat from the event on; gives the port."""

_NEEDED = {STARLETTE: ("starlette", "uvicorn"), SSE_STARLETTE: ("sse_starlette", "uvicorn")}


def missing(name: str) -> bool:
    """Whether the packages of a face are not all there."""
    return not all(find_spec(package) for package in _NEEDED.get(name, ()))


@asynccontextmanager
async def _relay_on_aiohttp(beat: Beat, begin: asyncio.Event) -> AsyncGenerator[int]:
    from foxstream.integrations.aiohttp import relay_response

    async def events(request: web.Request) -> web.StreamResponse:
        return await relay_response(request, relay)

    async with Relay(_after(begin, beat)) as relay, _aiohttp(events) as port:
        yield port


@asynccontextmanager
async def _queues_on_aiohttp(beat: Beat, begin: asyncio.Event) -> AsyncGenerator[int]:
    async def events(request: web.Request) -> web.StreamResponse:
        queue = queues.join()
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        frame = b""
        while frame != DONE:
            frame = await queue.get()
            await response.write(frame)
        return response

    async with Queues(_after(begin, beat)) as queues, _aiohttp(events) as port:
        yield port


@asynccontextmanager
async def _relay_on_starlette(beat: Beat, begin: asyncio.Event) -> AsyncGenerator[int]:
    from starlette.requests import Request
    from starlette.responses import Response

    from foxstream.integrations.starlette import relay_response

    async def events(request: Request) -> Response:
        return relay_response(request, relay)

    async with Relay(_after(begin, beat)) as relay, _uvicorn(events) as port:
        yield port


@asynccontextmanager
async def _queues_on_starlette(beat: Beat, begin: asyncio.Event) -> AsyncGenerator[int]:
    from sse_starlette import EventSourceResponse
    from starlette.requests import Request
    from starlette.responses import Response

    async def frames() -> AsyncIterator[bytes]:
        queue, frame = queues.join(), b""
        while frame != DONE:
            frame = await queue.get()
            yield frame

    async def events(_: Request) -> Response:
        return EventSourceResponse(frames())

    async with Queues(_after(begin, beat)) as queues, _uvicorn(events) as port:
        yield port


async def _after(begin: asyncio.Event, beat: Beat) -> AsyncIterator[Any]:
    await begin.wait()
    async for delta in beat():
        yield delta


@asynccontextmanager
async def _aiohttp(events: Callable[[web.Request], Any]) -> AsyncGenerator[int]:
    app = web.Application()
    app.router.add_get("/events", events)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _uvicorn(events: Callable[[Any], Any]) -> AsyncGenerator[int]:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    app = Starlette(routes=[Route("/events", events)])
    config = uvicorn.Config(app, log_level="critical", ws="none", lifespan="off")
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 (uvicorn tells nobody)
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        with contextlib.suppress(SystemExit):
            await serving


FACES: dict[str, Face] = {
    AIOHTTP: _relay_on_aiohttp,
    AIOHTTP_QUEUES: _queues_on_aiohttp,
    STARLETTE: _relay_on_starlette,
    SSE_STARLETTE: _queues_on_starlette,
}
"""By how the events come to whoever connects."""
