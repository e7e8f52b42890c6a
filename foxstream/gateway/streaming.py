"""A chunk log on its way to one subscriber."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from aiohttp import web

from foxstream.gateway.chunk_log import ChunkLog
from foxstream.gateway.refusal import busy

__all__ = ["SHAPE", "Shape", "send_events"]

Shape = Callable[[AsyncGenerator[bytes]], AsyncGenerator[bytes]]

SHAPE: web.AppKey[Shape] = web.AppKey("shape")
"""Where `Faults` come between a log and its wire; a healthy gateway has none."""

_WRITE = 128 * 1024
"""What waits in front of a socket that takes nothing: a chunk may be as large as an answer."""

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


async def send_events(
    request: web.Request,
    log: ChunkLog,
    *,
    offset: int,
    keepalive: float | None,
    max_subscribers: int,
) -> web.StreamResponse:
    """Send `log` from chunk `offset` to its end, at the pace of whoever reads."""
    if log.subscribers >= max_subscribers:
        raise busy(f"the stream has {max_subscribers} subscribers already")
    response = web.StreamResponse(headers=_HEADERS)
    with log.subscription(), suppress(ConnectionError):  # the subscriber may leave
        await response.prepare(request)
        await _write(request, response, log.follow(offset, keepalive))
    return response


async def _write(
    request: web.Request, response: web.StreamResponse, blocks: AsyncGenerator[bytes]
) -> None:
    shape = request.app.get(SHAPE)
    async with aclosing(blocks), aclosing(shape(blocks) if shape else blocks) as shaped:
        async for block in shaped:
            for start in range(0, len(block), _WRITE):
                await response.write(block[start : start + _WRITE])
