"""How a `Request` leaves through httpx; event streams through `httpx_sse.aconnect_sse`.

House rule: no async generator of another library is left open: trio warns of those that the
collector finds, and an ending event loop closes them all at once, in each other's way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import anyio
import httpx
import httpx_sse

from foxstream.exchange import Request

__all__ = ["send"]


async def send(client: httpx.AsyncClient, request: Request) -> httpx.Response:
    """The response, to be closed by whoever reads it."""
    headers = dict(request.headers)
    if not request.event_stream:
        return await _sent(client, request, headers)
    handover = cast("httpx.AsyncClient", _Handover(client, request))
    opening = httpx_sse.aconnect_sse(handover, request.method, request.url, headers=headers)
    async with opening as source:
        return source.response


class _Handover:
    """Stands in for the client in `aconnect_sse`: the response outlives the context it came in."""

    def __init__(self, client: httpx.AsyncClient, request: Request) -> None:
        self._client = client
        self._request = request

    @asynccontextmanager
    async def stream(
        self,
        method: str,  # noqa: ARG002 (the request knows)
        url: str,  # noqa: ARG002
        headers: dict[str, str],
    ) -> AsyncGenerator[httpx.Response]:
        yield await _sent(self._client, self._request, headers)


async def _sent(
    client: httpx.AsyncClient, request: Request, headers: dict[str, str]
) -> httpx.Response:
    timeout = httpx.Timeout(None, connect=request.connect)
    if request.body is None:
        bare = client.build_request(request.method, request.url, headers=headers, timeout=timeout)
        return await client.send(bare, stream=True)
    content = _Content(request)
    headers["Content-Length"] = str(content.length)
    outgoing = client.build_request(request.method, request.url, headers=headers, timeout=timeout)
    outgoing.stream = content
    try:
        return await client.send(outgoing, stream=True)
    finally:
        with anyio.CancelScope(shield=True):
            await content.aclose()


class _Content(httpx.AsyncByteStream):
    """The body of a request: its own blocks, and nothing of httpx around them."""

    def __init__(self, request: Request) -> None:
        body = request.body or b""
        self.length = len(body) if isinstance(body, bytes) else body.length
        self._blocks = _whole(body) if isinstance(body, bytes) else body.blocks()

    def __aiter__(self) -> AsyncGenerator[bytes]:
        return self._blocks

    async def aclose(self) -> None:
        await self._blocks.aclose()


async def _whole(body: bytes) -> AsyncGenerator[bytes]:
    yield body
