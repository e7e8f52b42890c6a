"""The transport of whoever names none: aiohttp on asyncio, httpx on trio.

It chooses at the first request, because a client may be made before there is an event loop.
"""

from __future__ import annotations

import asyncio
import time

from foxstream.exchange import Request, Response, Transport

__all__ = ["NativeTransport"]


class NativeTransport:
    """Delegates to the transport that suits the running event loop."""

    def __init__(self) -> None:
        self._chosen: Transport | None = None

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Send on the chosen transport; see `Transport.send`."""
        if self._chosen is None:
            self._chosen = _suitable()
        return await self._chosen.send(request, deadline)

    def now(self) -> int:
        """The monotonic clock, in nanoseconds."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait on the chosen transport's clock."""
        if self._chosen is None:
            self._chosen = _suitable()
        await self._chosen.sleep(seconds)

    def close(self) -> None:
        """Let go of every connection without waiting."""
        if self._chosen is not None:
            self._chosen.close()

    async def aclose(self) -> None:
        """Close every connection."""
        if self._chosen is not None:
            await self._chosen.aclose()


def _suitable() -> Transport:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        from foxstream.transports.httpx import HttpxTransport

        return HttpxTransport()
    from foxstream.transports.aiohttp import AiohttpTransport

    return AiohttpTransport()
