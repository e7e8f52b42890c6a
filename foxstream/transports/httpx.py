"""httpx: for trio and SOCKS proxies. Streams are opened with `httpx_sse.aconnect_sse`."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import anyio
import httpx
import httpx_sse

from foxstream.errors import APIConnectionError, APITimeoutError
from foxstream.exchange import Request, Response

__all__ = ["HttpxTransport"]

_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")
"""Where no proxy of the environment is asked."""

_closing: set[asyncio.Task[None]] = set()


class HttpxTransport:
    """A `Transport` over `httpx.AsyncClient`, on asyncio and trio.

    The environment's proxies are honoured, `.netrc` is not; there is no connection limit.
    """

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Send `request`; see `Transport.send`."""
        client = self._open_client()
        opening = _exchange(client, request)
        try:
            with anyio.fail_after(_seconds_until(deadline)):
                answer = await opening.__aenter__()
        except httpx.ConnectTimeout as error:
            raise APITimeoutError(
                f"no connection to {_host(request.url)} within {request.connect or 0:g} s",
                phase="connect",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise APIConnectionError(f"{_host(request.url)}: {_reason(error)}") from error
        return _HttpxResponse(answer, opening)

    def now(self) -> int:
        """The monotonic clock, in nanoseconds."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await anyio.sleep(seconds)

    def close(self) -> None:
        """Let go of the pool: asyncio closes it at its next turn, trio cannot."""
        if self._client is not None:
            _close_soon(self.aclose)

    async def aclose(self) -> None:
        """Close every connection of the pool."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _open_client(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=None,  # noqa: S113  # each read has its own deadline
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                mounts=dict.fromkeys(_LOOPBACK),
            )
        return self._client


class _HttpxResponse:
    """An httpx response, read raw; the end of a read that was cut short is the end of it."""

    def __init__(
        self, answer: httpx.Response, opened: AbstractAsyncContextManager[httpx.Response]
    ) -> None:
        self.status = answer.status_code
        self.headers: Mapping[str, str] = dict(answer.headers.items())
        self._blocks: AsyncIterator[bytes] | None = answer.aiter_raw()
        self._opened: AbstractAsyncContextManager[httpx.Response] | None = opened

    async def read(self, deadline: int | None = None) -> bytes:
        """The bytes that are there; see `Response.read`."""
        if self._blocks is None:
            raise APIConnectionError("the response is closed")
        try:
            with anyio.fail_after(_seconds_until(deadline)):
                async for block in self._blocks:
                    if block:
                        return block
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise APIConnectionError(f"the connection broke: {_reason(error)}") from error
        return b""

    def close(self) -> None:
        """Let go of the response: asyncio closes it at its next turn, trio cannot."""
        if self._opened is not None:
            _close_soon(self.aclose)

    async def aclose(self) -> None:
        """Close the connection, or give it back where the body has ended."""
        blocks, self._blocks = self._blocks, None
        opened, self._opened = self._opened, None
        if blocks is not None and opened is not None:
            with anyio.CancelScope(shield=True):
                await opened.__aexit__(None, None, None)
                await _unwind(blocks)


@asynccontextmanager
async def _exchange(client: httpx.AsyncClient, request: Request) -> AsyncGenerator[httpx.Response]:
    """One request and its response, closed at the end; event streams through httpx-sse."""
    body = request.body
    headers = dict(request.headers)
    if body is not None and not isinstance(body, bytes):
        headers["Content-Length"] = str(body.length)
        body = body.blocks()
    timeout = httpx.Timeout(None, connect=request.connect)
    if request.event_stream:
        opening = httpx_sse.aconnect_sse(
            client, request.method, request.url, headers=headers, content=body, timeout=timeout
        )
        async with opening as source:
            yield source.response
    else:
        streaming = client.stream(
            request.method, request.url, headers=headers, content=body, timeout=timeout
        )
        async with streaming as response:
            yield response


async def _unwind(blocks: AsyncIterator[bytes]) -> None:
    """End the generators of every layer below: a read of the closed connection goes through all.

    Left to the collector they would make trio warn.
    """
    with suppress(httpx.HTTPError, httpx.StreamError, OSError, RuntimeError):
        async for _ in blocks:
            pass


def _close_soon(close: Callable[[], Coroutine[object, object, None]]) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        warnings.warn(
            "a stream was left open: leave it with `async with` or `await stream.aclose()`",
            ResourceWarning,
            stacklevel=3,
        )
    else:
        task = loop.create_task(close())
        _closing.add(task)
        task.add_done_callback(_closing.discard)


def _seconds_until(deadline: int | None) -> float | None:
    return None if deadline is None else max(0.0, (deadline - time.monotonic_ns()) / 1e9)


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
