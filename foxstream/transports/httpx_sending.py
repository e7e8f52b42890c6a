"""How a `Request` leaves through httpx; event streams through `httpx_sse.aconnect_sse`.

House rule: no async generator of another library is left open: trio warns of those that the
collector finds, and an ending event loop closes them all at once, in each other's way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import anyio
import httpx
import httpx_sse

from foxstream.exchange import Body, Request

__all__ = ["send"]


async def send(
    client: httpx.AsyncClient, request: Request, *, of_the_app: bool = False
) -> httpx.Response:
    """The response, to be closed by whoever reads it.

    A client `of_the_app` adds its own headers and its own authentication to a trusted request, and
    nothing to any other; what the request says itself counts before them.
    """
    at_home = of_the_app and request.trusted
    headers = httpx.Headers(client.headers if at_home else None)
    headers.update(request.headers)
    sending = _Sending(client, request, at_home and "Authorization" not in request.headers)
    if not request.event_stream:
        return await sending.sent(headers)
    handover = cast("httpx.AsyncClient", sending)
    opening = httpx_sse.aconnect_sse(handover, request.method, request.url, headers=headers)
    async with opening as source:
        return source.response


class _Sending:
    """One request on its way; it stands in for the client in `aconnect_sse`.

    So the response outlives the context it came in.
    """

    def __init__(self, client: httpx.AsyncClient, request: Request, authenticates: bool) -> None:
        self._client = client
        self._request = request
        self._authenticates = authenticates

    @asynccontextmanager
    async def stream(
        self,
        method: str,  # noqa: ARG002 (the request knows)
        url: str,  # noqa: ARG002
        headers: httpx.Headers,
    ) -> AsyncGenerator[httpx.Response]:
        yield await self.sent(headers)

    async def sent(self, headers: httpx.Headers) -> httpx.Response:
        """The response to the request with these headers, and none of the client's."""
        if self._request.body is None:
            return await self._answer(self._bare(headers))
        content = _Content(self._request.body)
        headers["Content-Length"] = str(content.length)
        outgoing = self._bare(headers, content)
        outgoing.stream = content
        try:
            return await self._answer(outgoing)
        finally:
            with anyio.CancelScope(shield=True):
                await content.aclose()

    def _bare(self, headers: httpx.Headers, content: _Content | None = None) -> httpx.Request:
        request = self._request
        extensions = {"timeout": httpx.Timeout(None, connect=request.connect).as_dict()}
        return httpx.Request(
            request.method, request.url, headers=headers, content=content, extensions=extensions
        )

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        send = partial(self._client.send, request, stream=True, follow_redirects=False)
        return await (send() if self._authenticates else send(auth=None))


class _Content(httpx.AsyncByteStream):
    """The body of a request: its own blocks, and nothing of httpx around them.

    An app's authentication may send it more than once, so every round has its blocks.
    """

    def __init__(self, body: bytes | Body) -> None:
        self.length = len(body) if isinstance(body, bytes) else body.length
        self._body = body
        self._blocks: AsyncGenerator[bytes] | None = None

    def __aiter__(self) -> AsyncGenerator[bytes]:
        body = self._body
        self._blocks = _whole(body) if isinstance(body, bytes) else body.blocks()
        return self._blocks

    async def aclose(self) -> None:
        if self._blocks is not None:
            await self._blocks.aclose()


async def _whole(body: bytes) -> AsyncGenerator[bytes]:
    yield body
