"""The chunks of one task, kept so that any number of subscribers can read them at any time.

House rule: each chunk is encoded once. A subscriber is a cursor into the shared log, so a slow
one costs nothing but its socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec

from foxstream import sse
from foxstream.gateway.shapes import Chunk

__all__ = ["ChunkLog"]

_BLOCK = 64 * 1024  # replayed frames are joined up to about this size
_COMMENT = b": keep-alive\n\n"
_encode = msgspec.json.Encoder().encode


class ChunkLog:
    """The event stream of one task: frames of chunks, then one frame that ends it.

    `size` is the number of bytes so far, `subscribers` that of requests which are being answered.
    """

    def __init__(self) -> None:
        self.size: int = 0
        self.subscribers: int = 0
        self._frames: list[bytes] = []
        self._last: bytes | None = None
        self._grown = asyncio.Event()

    def append(self, chunk: Chunk) -> None:
        """Log one chunk and wake whoever waits for it."""
        frame = sse.encode("chunk", _encode(chunk))
        self.size += len(frame)
        self._frames.append(frame)
        self._wake()

    def finish(self) -> None:
        """End the stream well: `done` tells the number of all chunks."""
        self._end(sse.encode("done", _encode({"total_chunks": len(self._frames)})))

    def fail(self, message: str) -> None:
        """End the stream with an `error`."""
        self._end(sse.encode("error", _encode({"message": message})))

    async def follow(
        self, offset: int = 0, keepalive: float | None = None
    ) -> AsyncGenerator[bytes]:
        """Yield what is there from chunk `offset` on, joined to blocks, then live to the end.

        `keepalive`: seconds of silence after which a comment is yielded.
        """
        while True:
            block, offset = self._block(offset)
            if block:
                yield block
            elif self._last is not None:
                yield self._last
                return
            elif not await self._growth(keepalive):
                yield _COMMENT

    def _block(self, start: int) -> tuple[bytes, int]:
        end, size = start, 0
        while end < len(self._frames) and size < _BLOCK:
            size += len(self._frames[end])
            end += 1
        return b"".join(self._frames[start:end]), end

    async def _growth(self, seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._grown.wait()
        except TimeoutError:
            return False
        return True

    def _end(self, frame: bytes) -> None:
        self._last = frame
        self._wake()

    def _wake(self) -> None:
        self._grown.set()
        self._grown.clear()
