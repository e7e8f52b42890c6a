"""aiohttp, the default on asyncio: its close is synchronous, so a `break` frees the socket."""

from __future__ import annotations

import asyncio
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from functools import partial
from io import BytesIO
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakSet

import aiohttp

from foxstream.address import Secret
from foxstream.errors import APIConnectionError
from foxstream.exchange import Request, Response, is_loopback
from foxstream.transports.capped import CappedSocket
from foxstream.transports.closing import start
from foxstream.transports.foreign import (
    failed,
    never_left,
    no_connection,
    reason_of,
    without_frames,
)
from foxstream.transports.keeper import Keeper, keep

__all__ = ["AiohttpTransport"]

_LARGE = 512 * 1024
"""Bytes from which a body is sent in pieces, so that the event loop turns in between."""

_Proxy = tuple[str | None, dict[str, str]]
"""The URL of a proxy, without its password, and the header that carries it."""

_NO_PROXY: _Proxy = (None, {})

_LOOK_EVERY_NS = 1_000_000_000
"""How long a read may wait until it is looked at, if its deadline is not nearer."""


class AiohttpTransport:
    """A `Transport` with one pool without a connection limit, on the loop of its first request.

    The environment's proxies are honoured, as they are at the first request to an origin; `.netrc`
    is not. Cookies are not kept. `connector` makes another connector for it, in its event loop.
    An app's own `session` is used as it is, proxies and all, and it is the app that closes it.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession | None = None,
        *,
        connector: Callable[[], aiohttp.BaseConnector] | None = None,
    ) -> None:
        self._given = session
        self._connector = connector or _small_reads
        self._session: aiohttp.ClientSession | None = None
        self._keeper: Keeper | None = None
        self._proxies: dict[str, _Proxy] = {}
        self._responses: WeakSet[_AiohttpResponse] = WeakSet()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Send `request`; see `Transport.send`."""
        session = await self._bound_session()
        outer = sys.exception()
        proxy, credentials = self._proxy_for(request.url)
        headers = _headers_of(request)
        if credentials and not request.url.startswith("https:"):
            headers = headers | credentials
        limit = nullcontext() if deadline is None else asyncio.timeout(_seconds_until(deadline))
        try:
            async with limit:
                answer = await session.request(
                    request.method,
                    request.url,
                    headers=headers,
                    data=_body_of(request),
                    allow_redirects=False,
                    raise_for_status=False,
                    proxy=proxy,
                    proxy_headers=credentials,
                    timeout=aiohttp.ClientTimeout(total=None, connect=request.connect),
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise no_connection(request) from without_frames(error, outer)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            unsent = isinstance(error, aiohttp.ClientConnectorError) and never_left(error, outer)
            lost = failed(request, _reason(error), sent=not unsent)
            raise lost from without_frames(error, outer)
        response = _AiohttpResponse(answer)
        self._responses.add(response)
        return response

    def now(self) -> int:
        """The monotonic clock, in nanoseconds."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await asyncio.sleep(seconds)

    def close(self) -> None:
        """Close every response at once; idle connections are closed at the loop's next turn."""
        for response in self._responses:
            response.close()
        session, loop = self._session, self._loop
        keeper = self._let_go()
        if session is None or keeper is None or loop is None:
            return
        if not loop.is_closed():
            start(keeper.aclose, loop)
        elif session is not self._given:
            session.detach()

    async def aclose(self) -> None:
        """Close every response, the session and every connection of its pool."""
        keeper = self._let_go()
        if keeper is not None:
            await keeper.aclose()

    def _proxy_for(self, url: str) -> _Proxy:
        """The proxy on the way to an origin: reading the environment takes as long as sending."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._proxies.get(origin)
        if known is None:
            known = _NO_PROXY if self._given else _proxy_for(parts)
            self._proxies[origin] = known
        return known

    def _let_go(self) -> Keeper | None:
        keeper, self._keeper = self._keeper, None
        self._session = self._loop = None
        return keeper

    async def _bound_session(self) -> aiohttp.ClientSession:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "AiohttpTransport needs asyncio; HttpxTransport runs on trio"
            ) from None
        if self._session is None:
            self._loop = loop
            self._session = self._given or _session_on(self._connector())
            kept = None if self._given else self._session
            self._keeper = await keep(partial(_close_all, kept, self._responses))
        elif self._loop is not loop:
            raise RuntimeError("this client is bound to the event loop of its first request")
        return self._session


class _AiohttpResponse:
    """An aiohttp response whose reads can have a deadline without a timer for each read."""

    __slots__ = (
        "__weakref__",
        "_answer",
        "_content",
        "_deadline",
        "_expired",
        "_fires",
        "_reading",
        "_timer",
        "headers",
        "status",
    )

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers
        self._answer = answer
        self._content = answer.content
        self._deadline: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires = 0
        self._reading = False
        self._expired = False

    async def read(self, deadline: int | None = None) -> bytes:
        """The bytes that are there; see `Response.read`."""
        self._deadline = deadline
        self._reading = True
        outer = sys.exception()
        try:
            if self._timer is None or (deadline is not None and deadline < self._fires):
                block = self._content.read_nowait()
                if block or self._content.at_eof():
                    return block
                self._arm()
            return await self._content.readany()
        except (aiohttp.ClientError, OSError) as error:
            if self._expired:
                raise TimeoutError from without_frames(error, outer)
            reason = f"the connection broke: {_reason(error)}"
            raise APIConnectionError(reason) from without_frames(error, outer)
        finally:
            self._reading = False

    def close(self) -> None:
        """Close the socket, unless the body has ended and it went back to the pool."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._answer.close()

    async def aclose(self) -> None:
        """The same: aiohttp closes without waiting."""
        self.close()

    def _arm(self) -> None:
        """One timer for many reads: when it fires, the deadline of that moment decides."""
        if self._timer is not None:
            self._timer.cancel()
        now = time.monotonic_ns()
        self._fires = now + _LOOK_EVERY_NS
        if self._deadline is not None:
            self._fires = min(self._fires, max(now, self._deadline))
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later((self._fires - now) / 1e9, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._reading:
            return
        self._expired = self._deadline is not None and _seconds_until(self._deadline) <= 0
        if self._expired or self._is_lost():
            self._answer.close()
        else:
            self._arm()

    def _is_lost(self) -> bool:
        """Whether a read waits on a closed connection: after a broken chunk nobody wakes it."""
        connection = self._answer.connection
        return connection is not None and (
            connection.transport is None or connection.transport.is_closing()
        )


def _small_reads() -> aiohttp.BaseConnector:
    return aiohttp.TCPConnector(limit=0, socket_factory=_capped)


def _capped(address: tuple[int, int, int, str, object]) -> CappedSocket:
    family, kind, protocol, *_ = address
    return CappedSocket(family, kind, protocol)


def _session_on(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


async def _close_all(
    session: aiohttp.ClientSession | None, responses: Iterable[_AiohttpResponse]
) -> None:
    for response in responses:
        response.close()
    if session is not None:
        await session.close()


def _headers_of(request: Request) -> dict[str, str]:
    body = request.body
    if body is None or isinstance(body, bytes):
        return request.headers
    return {**request.headers, "Content-Length": str(body.length)}


def _body_of(request: Request) -> object:
    body = request.body
    if isinstance(body, bytes):
        return BytesIO(body) if len(body) > _LARGE else body
    return None if body is None else body.blocks()


def _proxy_for(parts: SplitResult) -> _Proxy:
    """The environment's proxy; aiohttp's own look-up would read `.netrc` as well.

    Its password comes as a header, because errors show the URL.
    """
    if is_loopback(parts.hostname or ""):
        return _NO_PROXY
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(parts.netloc):
        return _NO_PROXY
    if proxy.startswith("socks"):
        raise APIConnectionError("aiohttp speaks to no SOCKS proxy: use HttpxTransport")
    shown = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if shown.username is None:
        return shown.geturl(), {}
    password = f"{unquote(shown.username)}:{unquote(shown.password or '')}"
    basic = Secret(f"Basic {b64encode(password.encode()).decode()}")
    bare = shown._replace(netloc=shown.netloc.rpartition("@")[2]).geturl()
    return bare, {"Proxy-Authorization": basic}


def _seconds_until(deadline: int) -> float:
    return (deadline - time.monotonic_ns()) / 1e9


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{type(error).__name__}, status {error.status}"
    return reason_of(error)
