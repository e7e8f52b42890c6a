"""The ladder: foxstream's way from the socket to the loop, left after each station.

House rule: a rung does what the one below does, and one thing more. Up to the decoder it counts a
read as a delta, and tells what was said when the stream is over, so that it is known that it read
everything.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from urllib.parse import urlsplit

from benchmarks.riders.raw import connected, dechunked
from benchmarks.riders.rider import Hear, Listen
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.transports.capped import CappedSocket

__all__ = ["aiohttp_alone", "decoder", "packets", "transport"]

_MINUTE_NS = 60_000_000_000
_STREAM = "/v1/llm/generations/t-1/stream"

_Blocks = Callable[[], AsyncGenerator[bytes]]


@asynccontextmanager
async def packets(url: str) -> AsyncGenerator[Listen]:
    """What the kernel and the event loop take: packets wake a consumer, and are not looked at."""
    parts = urlsplit(url)

    async def blocks() -> AsyncGenerator[bytes]:
        connection = await connected(parts, CappedSocket)
        asked = f"GET {parts.path}{_STREAM} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
        connection.transport.write(asked.encode())
        _, block = await connection.head()
        while not block.endswith(b"0\r\n\r\n"):
            yield block
            block = await connection.data()
        yield block
        connection.transport.close()

    async def listen(say: Hear, think: Hear) -> None:
        kept = await _counted(blocks, say)
        body, _, _ = dechunked(b"".join(kept), 0)
        _tell([body], say, think)

    yield listen


@asynccontextmanager
async def aiohttp_alone(url: str) -> AsyncGenerator[Listen]:
    """And aiohttp: a chunked body, block by block."""
    import aiohttp

    no_limit = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0, socket_factory=lambda to: CappedSocket(*to[:3]))
    async with aiohttp.ClientSession(connector=connector, timeout=no_limit) as session:

        async def blocks() -> AsyncGenerator[bytes]:
            async with session.get(f"{url}{_STREAM}") as answer:
                while block := await answer.content.readany():
                    yield block

        yield _unread(blocks)


@asynccontextmanager
async def transport(url: str) -> AsyncGenerator[Listen]:
    """And the transport: a deadline for each read."""
    async with _opened(url) as blocks:
        yield _unread(blocks)


@asynccontextmanager
async def decoder(url: str) -> AsyncGenerator[Listen]:
    """And the decoder: events, chunks, deltas."""
    async with _opened(url) as blocks:

        async def listen(say: Hear, think: Hear) -> None:
            decode = Decoder(Transcript()).feed
            async with aclosing(blocks()) as reads:
                async for block in reads:
                    for delta in decode(block, time.monotonic_ns()):
                        say(delta.text)
                        think(delta.reasoning)

        yield listen


@asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[_Blocks]:
    from foxstream.exchange import Request
    from foxstream.transports import AiohttpTransport

    carrier = AiohttpTransport()

    async def blocks() -> AsyncGenerator[bytes]:
        response = await carrier.send(Request("GET", f"{url}{_STREAM}", event_stream=True))
        while block := await response.read(time.monotonic_ns() + _MINUTE_NS):
            yield block
        await response.aclose()

    try:
        yield blocks
    finally:
        await carrier.aclose()


def _unread(blocks: _Blocks) -> Listen:
    async def listen(say: Hear, think: Hear) -> None:
        _tell(await _counted(blocks, say), say, think)

    return listen


async def _counted(blocks: _Blocks, say: Hear) -> list[bytes]:
    kept: list[bytes] = []
    async with aclosing(blocks()) as reads:
        async for block in reads:
            kept.append(block)
            say("")
    return kept


def _tell(blocks: list[bytes], say: Hear, think: Hear) -> None:
    decode = Decoder(Transcript()).feed
    for block in blocks:
        for delta in decode(block):
            say(delta.text)
            think(delta.reasoning)
