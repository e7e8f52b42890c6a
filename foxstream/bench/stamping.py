"""A transport that keeps a journal of what it carries.

House rule: what is carried is not touched: this is the library's own transport, on sockets that
stamp, with a connector that says which connection a request was given.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from weakref import WeakValueDictionary

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from foxstream.bench.anchor import Anchor
from foxstream.bench.journal import CURRENT, Exchange, Journal, Kind
from foxstream.bench.sockets import StampedSocket, Traffic
from foxstream.exchange import Request, Response
from foxstream.transports.aiohttp import AiohttpTransport

__all__ = ["StampingTransport"]

_KEPT_ALIVE = 75.0
"""Seconds: warmed connections outlive a slow first answer."""


class StampingTransport:
    """A `Transport` on asyncio. With an `anchor` the kernel is asked when bytes came."""

    def __init__(self, anchor: Anchor | None) -> None:
        self._carrier = AiohttpTransport(connector=lambda: _Connector(anchor))

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Send, and note it in the journal of the running task; see `Transport.send`."""
        journal = CURRENT.get()
        if journal is None:
            return await self._carrier.send(request, deadline)
        exchange = Exchange(_kind(request), self.now())
        journal.exchanges.append(exchange)
        response = await self._carrier.send(request, deadline)
        exchange.has_answered(self.now())
        return _Stamped(response, journal, exchange)

    def now(self) -> int:
        """The monotonic clock, in nanoseconds."""
        return self._carrier.now()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await self._carrier.sleep(seconds)

    def close(self) -> None:
        """Close every answer at once, every connection at the loop's next turn."""
        self._carrier.close()

    async def aclose(self) -> None:
        """Close every answer and every connection."""
        await self._carrier.aclose()


class _Connector(aiohttp.TCPConnector):
    """Tells the exchange that asks for a connection which one it was given."""

    def __init__(self, anchor: Anchor | None) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] (a bare tuple in its hints)
            limit=0, keepalive_timeout=_KEPT_ALIVE, socket_factory=self._made
        )
        self._anchor = anchor
        self._sockets: WeakValueDictionary[int, StampedSocket] = WeakValueDictionary()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 (the connector's own)
    ) -> Connection:
        """A connection from the pool or a new one."""
        connection = await super().connect(req, traces, timeout)
        journal, now = CURRENT.get(), time.monotonic_ns()
        found = connection.transport and connection.transport.get_extra_info("socket")
        used = self._sockets.get(found.fileno()) if found else None
        traffic = used.begin() if used is not None else Traffic()
        if journal is not None:
            journal.exchanges[-1].has_acquired(now, traffic, secure=req.is_ssl())
        return connection

    def _made(self, address: tuple[int, int, int, str, object]) -> StampedSocket:
        family, kind, protocol, *_ = address
        made = StampedSocket(family, kind, protocol, anchor=self._anchor)
        self._sockets[made.fileno()] = made
        return made


class _Stamped:
    """A response whose reads are noted, each with the first reading of the socket behind it."""

    def __init__(self, response: Response, journal: Journal, exchange: Exchange) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._journal = journal
        self._exchange = exchange

    async def read(self, deadline: int | None = None) -> bytes:
        """See `Response.read`."""
        exchange = self._exchange
        before = exchange.readings
        block = await self._response.read(deadline)
        handed = time.monotonic_ns()
        self._journal.read(handed, exchange.reading_since(before, handed))
        return block

    def close(self) -> None:
        """See `Response.close`."""
        self._response.close()

    async def aclose(self) -> None:
        """See `Response.aclose`."""
        await self._response.aclose()


def _kind(request: Request) -> Kind:
    """By what the request says of itself: an upload is a form, a look brings no body."""
    if request.method == "GET":
        return "stream" if request.event_stream else "look"
    form = request.headers.get("Content-Type", "").startswith("multipart/")
    return "upload" if form else "submit"
