"""A fault proxy on a loopback socket: what a service answers goes through it, well or not.

House rule: it speaks HTTP/1.1 by hand, because no library would break it so. Each history has a
path of its own: `/7/v1/...` is the one called 7.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import aiohttp
import msgspec

from benchmarks.histories.life import EndlessError, Life
from benchmarks.histories.mishaps import Refused, Told
from benchmarks.histories.recorded import Recording
from benchmarks.histories.tasks import showing
from benchmarks.histories.virtual import REFUSAL, blocks_of

__all__ = ["FaultProxy"]

_LAST = {"end": b"0\r\n\r\n", "broken": b"no-size\r\n", "stall": b""}
_OVER = (ConnectionError, asyncio.IncompleteReadError, EndlessError)


class _Asked(NamedTuple):
    method: str
    life: Life
    path: str
    body: bytes


class FaultProxy:
    """Stands before the service at `upstream` and lets the histories in `lives` happen.

    `open` is how many connections a client holds.
    """

    def __init__(self, upstream: aiohttp.ClientSession) -> None:
        self.lives: dict[str, Life] = {}
        self.open: int = 0
        self._upstream = upstream

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what is asked on one connection, until it is over."""
        self.open += 1
        try:
            with suppress(*_OVER):
                while await self._answer(await self._asked(reader), _Wire(reader, writer)):
                    await writer.drain()
        finally:
            self.open -= 1
            writer.close()

    async def _asked(self, reader: asyncio.StreamReader) -> _Asked:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split(" ", 2)
        _, name, path = target.split("/", 2)
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        return _Asked(method, self.lives[name], f"/{path}", body)

    async def _answer(self, asked: _Asked, wire: _Wire) -> bool:
        """Whether the connection can serve another request."""
        if asked.path.endswith("/stream"):
            return await self._stream(asked, wire)
        if asked.method == "POST":
            return wire.says(200, await self._forwarded(asked))
        look = asked.life.look()
        if look == "busy":
            return wire.says(500, REFUSAL)
        task = msgspec.json.decode(await self._finished(asked))
        return wire.says(200, msgspec.json.encode(showing(look, task)))

    async def _stream(self, asked: _Asked, wire: _Wire) -> bool:
        connection = asked.life.open()
        if isinstance(connection, Refused):
            return wire.refuses(connection)
        asked.life.recording = _recording(await self._forwarded(asked))
        return await wire.tells(connection, asked.life)

    async def _finished(self, asked: _Asked) -> bytes:
        """The task as it is at its end, which its stream waits for."""
        task_id = asked.path.partition("?")[0].rpartition("/")[2]
        await self._forwarded(asked._replace(path=f"/v1/llm/generations/{task_id}/stream"))
        return await self._forwarded(asked)

    async def _forwarded(self, asked: _Asked) -> bytes:
        headers = {"Content-Type": "application/json"} if asked.body else {}
        async with self._upstream.request(
            asked.method, asked.path, data=asked.body or None, headers=headers
        ) as response:
            return await response.read()


class _Wire(NamedTuple):
    """The way back to the client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def says(self, status: int, body: bytes, headers: Iterable[str] = ()) -> bool:
        """A whole answer."""
        length = f"Content-Length: {len(body)}"
        self._head(status, "Content-Type: application/json", length, *headers)
        self.writer.write(body)
        return True

    def refuses(self, refused: Refused) -> bool:
        """An error status, or a connection that is reset without a word."""
        if refused.status is None:
            return self._reset()
        wait = [] if refused.retry_after is None else [f"Retry-After: {refused.retry_after}"]
        return self.says(refused.status, REFUSAL, wait)

    async def tells(self, told: Told, life: Life) -> bool:
        """A chunked body, as far as it comes, and how it ends."""
        self._head(200, "Content-Type: text/event-stream", "Transfer-Encoding: chunked")
        for block in blocks_of(told, life.recording, life.history.read_size):
            self.writer.write(b"%x\r\n%b\r\n" % (len(block), block))
            await self.writer.drain()
        ending = told.cut.ending if told.cut else "end"
        if ending == "reset":
            return self._reset()
        if ending == "stall":
            await self.reader.read()
        self.writer.write(_LAST[ending])
        return ending == "end"

    def _head(self, status: int, *fields: str) -> None:
        lines = (f"HTTP/1.1 {status} Played", *fields)
        self.writer.write("\r\n".join((*lines, "", "")).encode())

    def _reset(self) -> bool:
        linger = struct.pack("ii", 1, 0)  # on, for 0 seconds: closing sends RST
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()
        return False


def _recording(body: bytes) -> Recording:
    """The chunks of a stream that went well."""
    frames = body.split(b"\n\n")[:-2]  # behind `done` there is nothing
    return Recording.of([frame.partition(b"data: ")[2] for frame in frames])
