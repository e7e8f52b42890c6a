"""A relay as the response of a Starlette or FastAPI endpoint.

    async def events(request: Request) -> Response:
        return relay_response(request, relay)     # or a stream, for this viewer alone

House rule: the server's notice that the viewer has left is awaited beside the sending.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from contextlib import aclosing, suppress
from functools import partial

import anyio

from foxstream.errors import MissingExtraError
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

try:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send
except ImportError as _missing:
    raise MissingExtraError("this needs Starlette: pip install starlette") from _missing

__all__ = ["relay_response"]


def relay_response(
    request: Request,
    source: Relay | AsyncIterable[object],
    *,
    policy: Policy = "wait",
    max_lag: int = 1000,
    retry: float = 2.0,
    state: State | None = None,
) -> Response:
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
        return _forget_length(Response(headers=HEADERS))
    last_event_id = request.headers.get(LAST_EVENT_ID)
    viewer_in = partial(
        viewer_of, last_event_id=last_event_id, policy=policy, max_lag=max_lag, state=state
    )
    if not isinstance(source, Relay):
        over = last_event_id == OVER
        return Response(status_code=204) if over else _OwnRelay(Relay(source), viewer_in, retry)
    viewer = viewer_in(source)
    if is_told(source, viewer):
        viewer.close()
        return Response(status_code=204)
    return _EventStream(viewer, retry)


class _OwnRelay(Response):
    """A relay for one viewer; it can be sent once."""

    def __init__(self, relay: Relay, viewer_in: Callable[[Relay], Viewer], retry: float) -> None:
        super().__init__(headers=HEADERS)
        self._relay = relay
        self._viewer_in = viewer_in
        self._retry = retry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._relay as relay:
            response = _EventStream(self._viewer_in(relay), self._retry, OVER)
            await response(scope, receive, send)


class _EventStream(Response):
    """The events of one viewer; it can be sent once."""

    def __init__(self, viewer: Viewer, retry: float, last_id: str = "") -> None:
        super().__init__(headers=HEADERS)
        _forget_length(self)
        self._viewer = viewer
        self._retry = retry
        self._last_id = last_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (ASGI)
        async with self._viewer, anyio.create_task_group() as tasks:
            self._viewer.on_disconnect = tasks.cancel_scope.cancel
            tasks.start_soon(_cancel_when_left, receive, tasks.cancel_scope)
            await self._send(send)
            tasks.cancel_scope.cancel()

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        with suppress(OSError):  # what a server may raise where the viewer has left
            await send(start)
            async with aclosing(event_blocks(self._viewer, self._retry, self._last_id)) as blocks:
                async for block in blocks:
                    await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _forget_length(response: Response) -> Response:
    """A stream has none, and says so to a `HEAD` too."""
    del response.headers["content-length"]
    return response


async def _cancel_when_left(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
