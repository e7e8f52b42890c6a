"""Notes when requests come and when tokens are about to be written.

House rule: it stands between an answer and its socket, after everything that could delay it.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar

import msgspec
from aiohttp import web

__all__ = ["Arrival", "Seen", "Truth", "Witness"]

_ID = re.compile(rb'"id":"([^"]+)"')
_TOKEN = re.compile(rb'"(?:reasoning_)?content":"[^"]')

Truth = dict[str, list[int]]
"""By the id that the chunks of an answer carry: the instant before each token was written."""


class Arrival(msgspec.Struct, frozen=True):
    """When the head of a request had been read, and the `X-Request-ID` that it carried."""

    instant: int
    request_id: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """The truth, and by the same ids the requests that were answered with it."""

    written: Truth
    arrivals: dict[str, Arrival]


_ARRIVAL: ContextVar[Arrival] = ContextVar("foxstream.bench.truth.witness")


class Witness:
    """Sees every request come, and the blocks of every answer on their way.

    `told` hands over what it saw, and forgets.
    """

    def __init__(self) -> None:
        self._written: Truth = {}
        self._arrivals: dict[str, Arrival] = {}

    @web.middleware
    async def note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Note that a request has come, before anything else is done with it."""
        _ARRIVAL.set(Arrival(time.monotonic_ns(), request.headers.get("X-Request-ID")))
        return await handler(request)

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The same blocks, each noted right before it goes on."""
        instants: list[int] | None = None
        async for block in blocks:
            found = _ID.search(block)
            if instants is None and found is not None:
                instants = self._answered(found[1].decode())
            tokens = len(_TOKEN.findall(block))
            if instants is not None and tokens:
                instants.extend([time.monotonic_ns()] * tokens)
            yield block

    def told(self) -> Seen:
        """What was seen since the last time."""
        seen = Seen(self._written, self._arrivals)
        self._written, self._arrivals = {}, {}
        return seen

    def _answered(self, answer_id: str) -> list[int]:
        arrival = _ARRIVAL.get(None)
        if arrival is not None:
            self._arrivals[answer_id] = arrival
        return self._written.setdefault(answer_id, [])
