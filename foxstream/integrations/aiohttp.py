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
    `source`, such as a `Stream`, is relayed to this viewer alone and closed when it leaves.
    `retry` is after how many seconds a browser reconnects; `policy`, `max_lag` and `state` are
    those of `Relay.view`. A `HEAD` is answered at once. Raises `InvalidInputError` for a value
    out of range.
    """
    check_retry(retry)
    if request.method == "HEAD":
        return web.StreamResponse(headers=HEADERS)
    if not isinstance(source, Relay):
        async with Relay(source) as relay:
            return await relay_response(
                request, relay, policy=policy, max_lag=max_lag, retry=retry, state=state
            )
    last_event_id = request.headers.get(LAST_EVENT_ID)
    async with viewer_of(source, last_event_id, policy, max_lag, state) as viewer:
        if is_told(source, viewer):
            return web.Response(status=204)
        response = web.StreamResponse(headers=HEADERS)
        with anyio.CancelScope() as scope:
            viewer.has_left = lambda: _has_left(request)
            viewer.on_disconnect = lambda: _drop(request, scope)
            await _send(request, response, viewer, retry)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, viewer: Viewer, retry: float
) -> None:
    with suppress(ConnectionError):
        await response.prepare(request)
        async with aclosing(event_blocks(viewer, retry)) as blocks:
            async for block in blocks:
                await response.write(block)


def _has_left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _drop(request: web.Request, scope: anyio.CancelScope) -> None:
    """A socket that takes nothing would also keep the end of the response waiting."""
    if request.transport is not None:
        request.transport.abort()
    scope.cancel()
