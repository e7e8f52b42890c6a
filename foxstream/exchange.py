"""What is asked and what comes back: `Request`, `Response`, `Reply`, and who carries them.

House rule: a transport moves bytes and knows the time. It knows nothing of the service.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from ipaddress import ip_address
from typing import Protocol

import msgspec

from foxstream.errors import InvalidInputError

__all__ = [
    "Body",
    "Reply",
    "Request",
    "Response",
    "Transport",
    "bracketed",
    "check_transport",
    "is_loopback",
    "local_origin",
]


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by name or by number."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """The host as a URL and a `Host` header write it."""
    return f"[{host}]" if ":" in host else host


def local_origin(address: str, port: int) -> str:
    """Where a client on this machine finds what listens at an address, or at all of them."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 (not a bind)
    return f"http://{bracketed(name)}:{port}"


class Body(Protocol):
    """A request body that is never wholly in memory: `length` bytes, in blocks."""

    @property
    def length(self) -> int:
        """The exact number of bytes that `blocks` will bring."""
        ...

    def blocks(self) -> AsyncGenerator[bytes]:
        """The bytes, from the start; called once for each time the body is sent."""
        ...


class Request(msgspec.Struct, frozen=True):
    """One HTTP request; `event_stream` asks for server-sent events.

    `connect` limits the making of the connection, in seconds. `trusted` tells that it goes to the
    API's own origin, or to one that is trusted like it: no other may see credentials.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes | Body | None = None
    event_stream: bool = False
    connect: float | None = None
    trusted: bool = False


class Reply(msgspec.Struct, frozen=True):
    """A whole answer: status, headers to be looked up under lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Response(Protocol):
    """An answer whose body is still coming."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, to be looked up under lower-case names."""
        ...

    async def read(self, deadline: int | None = None) -> bytes:
        """The bytes that are there, at least one; `b""` at the end of the body.

        Raises `TimeoutError` when `deadline` (monotonic nanoseconds, `Transport.now`) passes
        first, `APIConnectionError` when the connection breaks; the response is of no use then.
        """
        ...

    def close(self) -> None:
        """Let go of the connection at once, as far as can be done without waiting."""
        ...

    async def aclose(self) -> None:
        """Close the connection; after the end of the body it goes back to the pool.

        It does so even while its caller is being cancelled.
        """
        ...


class Transport(Protocol):
    """Sends requests, and is the only clock."""

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Send, and return when the answer's headers are there; follow no redirect.

        Raises `APIConnectionError`, its child `APITimeoutError` when `request.connect` seconds
        were not enough to connect, `TimeoutError` when `deadline` passes first.
        """
        ...

    def now(self) -> int:
        """The monotonic clock, in nanoseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the clock that `now` reads."""
        ...

    def close(self) -> None:
        """Let go of every connection, as far as can be done without waiting."""
        ...

    async def aclose(self) -> None:
        """Close every connection; a later `send` opens new ones."""
        ...


def check_transport(transport: Transport) -> Transport:
    """The same; `InvalidInputError` where it is none, such as the client of an HTTP library."""
    calls = ("send", "now", "sleep", "close", "aclose")
    if isinstance(transport, type) or not all(hasattr(transport, call) for call in calls):
        a_class = isinstance(transport, type)
        what = f"the class {transport.__name__}" if a_class else type(transport).__name__
        raise InvalidInputError(
            f"transport is {what}: a transport is needed, such as HttpxTransport(client) "
            "around a client of httpx"
        )
    return transport
