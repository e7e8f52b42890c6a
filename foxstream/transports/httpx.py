"""httpx: for trio and SOCKS proxies, and for an app's own client with all that it can do."""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
import warnings
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from weakref import WeakSet

import anyio
import httpx

from foxstream.errors import APIConnectionError, InvalidInputError
from foxstream.exchange import Request, Response
from foxstream.transports.closing import Close, start, uninterrupted
from foxstream.transports.foreign import (
    failed,
    never_left,
    no_connection,
    reason_of,
    without_frames,
)
from foxstream.transports.httpx_sending import send
from foxstream.transports.keeper import Keeper, keep

__all__ = ["HttpxTransport"]

_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")
"""Where no proxy of the environment is asked."""


class HttpxTransport:
    """A `Transport` over `httpx.AsyncClient`, on asyncio and trio.

    The environment's proxies are honoured, `.netrc` is not; there is no connection limit.

    An app's own `client` brings its proxies, certificates, HTTP/2, limits and event hooks, and it
    is the app that closes it. Its headers and its `auth` ride along to the API's own origin and to
    trusted ones, where the key and the headers of a request do not say otherwise. Its timeouts,
    its redirects, its `params` and the cookies it keeps are left out. Over HTTP/2 a connection
    carries many streams: leaving one early keeps it open, and httpx does not tell the server.

    Raises `InvalidInputError` where `client` is no `httpx.AsyncClient`.
    """

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        if client is not None and not isinstance(client, httpx.AsyncClient):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError(
                f"client is {type(client).__name__}: an httpx.AsyncClient is needed"
            )
        self._given = client
        self._client: httpx.AsyncClient | None = None
        self._keeper: Keeper | None = None
        self._responses: WeakSet[_HttpxResponse] = WeakSet()

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Send `request`; see `Transport.send`."""
        client = await self._open_client()
        outer = sys.exception()
        try:
            with anyio.fail_after(_seconds_until(deadline)):
                answer = await send(client, request, of_the_app=self._given is not None)
        except httpx.HTTPStatusError as error:  # a hook of the app raises what is told by status
            answer = error.response
        except httpx.ConnectTimeout as error:
            raise no_connection(request) from without_frames(error, outer)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            unsent = isinstance(error, httpx.ConnectError) and never_left(error, outer)
            lost = failed(request, reason_of(error), sent=not unsent)
            raise lost from without_frames(error, outer)
        response = _HttpxResponse(answer)
        self._responses.add(response)
        return response

    def now(self) -> int:
        """The monotonic clock, in nanoseconds."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await anyio.sleep(seconds)

    def close(self) -> None:
        """Let go of the pool: asyncio closes it at its next turn, trio cannot."""
        keeper = self._let_go()
        if keeper is not None:
            _close_soon(keeper.aclose)

    async def aclose(self) -> None:
        """Close every response, and every connection of the pool."""
        keeper = self._let_go()
        if keeper is not None:
            await keeper.aclose()

    def _let_go(self) -> Keeper | None:
        keeper, self._keeper, self._client = self._keeper, None, None
        return keeper

    async def _open_client(self) -> httpx.AsyncClient:
        if self._given is not None and self._given.is_closed:
            raise InvalidInputError("the client given to HttpxTransport is closed: keep it open")
        if self._client is None:
            self._client = self._given or _client()
            kept = None if self._given else self._client
            self._keeper = await keep(partial(_close_all, kept, self._responses))
        elif self._client.is_closed:
            raise RuntimeError("this client is bound to the event loop of its first request")
        return self._client


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=_trusted(),
        timeout=None,  # noqa: S113  # each read has its own deadline
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        mounts=dict.fromkeys(_LOOPBACK),
    )


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities, read once: that takes longer than many a request."""
    return httpx.create_ssl_context()


class _HttpxResponse:
    """An httpx response, read raw; the end of a read that was cut short is the end of it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers
        self._blocks: AsyncIterator[bytes] | None = _blocks(answer)
        self._answer = answer

    async def read(self, deadline: int | None = None) -> bytes:
        """The bytes that are there; see `Response.read`."""
        if self._blocks is None:
            raise APIConnectionError("the response is closed")
        outer = sys.exception()
        try:
            with anyio.fail_after(_seconds_until(deadline)):
                async for block in self._blocks:
                    if block:
                        return block
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            reason = f"the connection broke: {reason_of(error)}"
            raise APIConnectionError(reason) from without_frames(error, outer)
        return b""

    def close(self) -> None:
        """Let go of the response: asyncio closes it at its next turn, trio cannot."""
        if self._blocks is not None:
            _close_soon(self.aclose)

    async def aclose(self) -> None:
        """Close the connection, or give it back where the body has ended."""
        blocks, self._blocks = self._blocks, None
        if blocks is not None:
            await uninterrupted(partial(_close, self._answer, blocks))


def _blocks(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body; a hook or an authentication of the app may have read it already."""
    return answer.aiter_bytes() if answer.is_stream_consumed else answer.aiter_raw()


async def _close_all(client: httpx.AsyncClient | None, responses: Iterable[_HttpxResponse]) -> None:
    for response in list(responses):
        await response.aclose()
    if client is not None:
        await uninterrupted(client.aclose)


async def _close(answer: httpx.Response, blocks: AsyncIterator[bytes]) -> None:
    await answer.aclose()
    await _unwind(blocks)


async def _unwind(blocks: AsyncIterator[bytes]) -> None:
    """End the generators of every layer below: a read that may not wait goes through all.

    Left to the collector they would make trio warn. A closed connection would fail it by itself,
    but on HTTP/2 the connection stays open.
    """
    with (
        suppress(httpx.HTTPError, httpx.StreamError, OSError, RuntimeError),
        anyio.CancelScope() as scope,
    ):
        scope.cancel()
        async for _ in blocks:
            pass


def _close_soon(close: Close) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        warnings.warn(
            "a stream was left open: leave it with `async with` or `await stream.aclose()`",
            ResourceWarning,
            stacklevel=3,
        )
    else:
        start(close, loop)


def _seconds_until(deadline: int | None) -> float | None:
    return None if deadline is None else max(0.0, (deadline - time.monotonic_ns()) / 1e9)
