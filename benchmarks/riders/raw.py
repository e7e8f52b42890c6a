"""The raw floor: an asyncio `Protocol` written by hand for this server, waking one consumer.

House rule: it does what no client can leave out (two requests, chunked bodies and events that are
cut anywhere, JSON to structs) and nothing else: no limits, no clocks, no errors, no recovery.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast
from urllib.parse import SplitResult, urlsplit

import msgspec

from benchmarks.riders.rider import PROMPT, Hear, Listen
from foxstream import wire
from foxstream.transports.capped import CappedSocket

__all__ = ["Connection", "connected", "dechunked", "raw", "raw_small_reads"]

_PREFIX = len(b"event: chunk\ndata: ")
_SUBMIT = msgspec.json.encode({"model": "m-1", "prompt": PROMPT, "stream": True})
_decode = wire.decode_chunk


class Connection(asyncio.Protocol):
    """Keeps what came, and wakes whoever waits for it; `rest` is what has no end yet."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._came: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server is there."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        """A packet."""
        self._came.append(data)
        if self._waiter is not None:
            self._waiter.set_result(None)
            self._waiter = None

    async def data(self) -> bytes:
        """Whatever is there, or comes next."""
        if not self._came:
            self._waiter = self._loop.create_future()
            await self._waiter
        data = self._came[0] if len(self._came) == 1 else b"".join(self._came)
        self._came.clear()
        return data

    async def head(self) -> tuple[bytes, bytes]:
        """The head of an answer, and what came behind it."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self.data()
        head, _, rest = data.partition(b"\r\n\r\n")
        return head, rest


async def _read(connection: Connection, host: str, path: str, say: Hear, think: Hear) -> None:
    """Submit, follow, and read to the end."""
    post = f"POST {path}/v1/llm/generations HTTP/1.1\r\nHost: {host}\r\nContent-Length: "
    connection.transport.write(b"%b%d\r\n\r\n%b" % (post.encode(), len(_SUBMIT), _SUBMIT))
    head, body = await connection.head()
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += await connection.data()
    stream = msgspec.json.decode(body, type=wire.Task).stream
    assert isinstance(stream, wire.StreamRef)
    connection.transport.write(f"GET {stream.url} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    _, data = await connection.head()
    await _listen(connection, data, say, think)


async def _listen(connection: Connection, data: bytes, say: Hear, think: Hear) -> None:
    missing, frames = 0, b""
    while True:
        body, data, missing = dechunked(data, missing)
        *whole, frames = (frames + body).split(b"\n\n")
        for frame in whole:
            if frame.startswith(b"event: done"):
                while not data.endswith(b"0\r\n\r\n"):
                    data += await connection.data()
                return
            for choice in _decode(frame[_PREFIX:]).choices or ():
                delta = choice.delta
                if delta is not None:
                    say(delta.content or "")
                    think(delta.reasoning_content or "")
        data += await connection.data()


def dechunked(data: bytes, missing: int) -> tuple[bytes, bytes, int]:
    """The body in `data`, what is left of it, and how much of its last chunk is to come.

    `missing` counts the two bytes behind a chunk; the chunk that ends the body is left.
    """
    body: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        if not missing:
            line = data.find(b"\r\n", at)
            if line < 0 or data.startswith(b"0\r\n", at):
                break
            missing, at = int(data[at:line], 16) + 2, line + 2
        part = data[at : at + missing]
        at += len(part)
        missing -= len(part)
        body.append(part[: len(part) + min(0, missing - 2)] if missing < 2 else part)
    return b"".join(body), data[at:], missing


async def connected(
    parts: SplitResult, family: Callable[..., socket.socket] = socket.socket
) -> Connection:
    """A new connection to the host of a URL, over TLS where that is https."""
    loop = asyncio.get_running_loop()
    door = family(socket.AF_INET, socket.SOCK_STREAM)
    door.setblocking(False)
    await loop.sock_connect(door, (parts.hostname, parts.port))
    secure = parts.scheme == "https"
    context = ssl.create_default_context() if secure else None
    name = parts.hostname if secure else None
    _, made = await loop.create_connection(Connection, sock=door, ssl=context, server_hostname=name)
    return made


@asynccontextmanager
async def raw(
    url: str, family: Callable[..., socket.socket] = socket.socket
) -> AsyncGenerator[Listen]:
    """One connection for each stream that is open, kept for the next."""
    parts = urlsplit(url)
    idle: list[Connection] = []
    everyone: list[Connection] = []

    async def listen(say: Hear, think: Hear) -> None:
        if not idle:
            idle.append(await connected(parts, family))
            everyone.append(idle[-1])
        connection = idle.pop()
        await _read(connection, parts.netloc, parts.path, say, think)
        idle.append(connection)

    try:
        yield listen
    finally:
        for connection in everyone:
            connection.transport.close()
        await asyncio.sleep(0)


def raw_small_reads(url: str) -> AbstractAsyncContextManager[Listen]:
    """The same, with reads of 64 KiB at most, as foxstream's."""
    return raw(url, CappedSocket)
