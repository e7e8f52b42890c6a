"""A relay as the answer of an aiohttp handler.

    async def events(request: web.Request) -> web.StreamResponse:
        return await relay_response(request, relay)     # or a stream, for this viewer alone

House rule: the relay looks whether the viewer has left, since aiohttp does not tell a handler.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import aclosing, suppress

import anyio
from aiohttp import web

from foxstream.integrations.event_stream import (
    HEADERS,
    LAST_EVENT_ID,
    OVER,
    check_retry,
    event_blocks,
    is_told,
    viewer_of,
)
from foxstream.relay.relays import Relay
from foxstream.relay.viewers import Policy, State, Viewer

__all__ = ["relay_response"]


async def relay_response(
    request: web.Request,
    source: Relay | AsyncIterable[object],
    *,
    policy: Policy = "wait",
    max_lag: int = 1000,
    retry: float = 2.0,
    state: State | None = None,
) -> web.StreamResponse:
    """Answer with the events of a relay from `Last-Event-ID` on, until their end or the viewer's.

    The viewer's leaving frees it at once and stops nothing else: that is `Relay.stop`. Any other
    `source`, such as a `Stream`, is relayed to this viewer alone and closed when it leaves; a
    browser that comes back after its end is told that there is no more.
    `retry` is after how many seconds a browser reconnects; `policy`, `max_lag` and `state` are
    those of `Relay.view`. A `HEAD` is answered at once. Raises `InvalidInputError` for a value
    out of range.
    """
    check_retry(retry)
    if request.method == "HEAD":
        return web.StreamResponse(headers=HEADERS)
    last_event_id = request.headers.get(LAST_EVENT_ID)
    if isinstance(source, Relay):
        async with viewer_of(source, last_event_id, policy, max_lag, state) as viewer:
            if is_told(source, viewer):
                return web.Response(status=204)
            return await _send(request, viewer, retry)
    if last_event_id == OVER:
        return web.Response(status=204)
    async with (
        Relay(source) as relay,
        viewer_of(relay, last_event_id, policy, max_lag, state) as viewer,
    ):
        return await _send(request, viewer, retry, OVER)


async def _send(
    request: web.Request, viewer: Viewer, retry: float, last_id: str = ""
) -> web.StreamResponse:
    response = web.StreamResponse(headers=HEADERS)
    with anyio.CancelScope() as scope, suppress(ConnectionError):
        viewer.has_left = lambda: _has_left(request)
        viewer.on_disconnect = lambda: _drop(request, scope)
        await response.prepare(request)
        async with aclosing(event_blocks(viewer, retry, last_id)) as blocks:
            async for block in blocks:
                await response.write(block)
    return response


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _drop(request: web.Request, scope: anyio.CancelScope) -> None:
    """A socket that takes nothing would also keep the end of the response waiting."""
    if request.transport is not None:
        request.transport.abort()
    scope.cancel()
