"""The chunks of one task, kept so that any number of subscribers can read them at any time.

House rule: each chunk is encoded once. A subscriber is a cursor into the shared log, so a slow
one costs nothing but its socket, and all logs together stay within the bounds of their shelf.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager

from foxstream.gateway.engine import EngineError
from foxstream.gateway.framing import Framing, TaskFraming
from foxstream.gateway.shapes import ChatCompletion, Chunk, TaskError

__all__ = ["ChunkLog", "Shelf"]

_BLOCK = 64 * 1024  # replayed frames are joined up to about this size
_COMMENT = b": keep-alive\n\n"


class ChunkLog:
    """The event stream of one task: frames of chunks, then one frame that ends it.

    `size` is the number of bytes so far, `subscribers` that of requests which are being answered;
    `forgotten`, whether its shelf had to drop the chunks.
    """

    def __init__(self, shelf: Shelf, framing: Framing | None = None) -> None:
        self.size: int = 0
        self.subscribers: int = 0
        self.forgotten: bool = False
        self._shelf = shelf
        self._framing = framing or TaskFraming()
        self._retired = False
        self._frames: list[bytes] = []
        self._last: bytes | None = None
        self._grown = asyncio.Event()

    def append(self, chunk: Chunk) -> None:
        """Log one chunk and wake whoever waits for it; `EngineError` where there is no room."""
        frame = self._framing.chunk(chunk)
        if not frame:
            return
        self.size += len(frame)
        self._frames.append(frame)
        self._wake()
        self._shelf.add(self, len(frame))

    def finish(self, completion: ChatCompletion) -> None:
        """End the stream well; `completion` is what its chunks came to."""
        self._end(self._framing.done(completion, len(self._frames)))

    def fail(self, error: TaskError) -> None:
        """End the stream with an error."""
        self._end(self._framing.failed(error))

    @property
    def ended(self) -> bool:
        """Whether no more chunks come."""
        return self._last is not None

    def retire(self) -> None:
        """Let in no more subscribers: the chunks go with the last one who reads."""
        self._retired = True
        self._leave_if_unread()

    def forget(self) -> None:
        """Drop the chunks; who still reads them sees the stream end without `done`."""
        self.forgotten = True
        self._frames.clear()
        self._wake()

    @contextmanager
    def subscription(self) -> Generator[None]:
        """Count a subscriber."""
        self.subscribers += 1
        try:
            yield
        finally:
            self.subscribers -= 1
            self._leave_if_unread()

    async def follow(
        self, offset: int = 0, keepalive: float | None = None
    ) -> AsyncGenerator[bytes]:
        """Yield what is there from chunk `offset` on, joined to blocks, then live to the end.

        `keepalive`: seconds of silence after which a comment is yielded.
        """
        while not self.forgotten:
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

    def _leave_if_unread(self) -> None:
        if self._retired and not self.subscribers:
            self._shelf.remove(self)


class Shelf:
    """All chunk logs of a gateway: at most `max_bytes`, so the oldest that has ended makes room.

    A log stays on it as long as somebody can read it, also one whose task is long forgotten.
    """

    def __init__(self, max_bytes: int) -> None:
        self.size: int = 0
        self._max_bytes = max_bytes
        self._sizes: dict[ChunkLog, int] = {}

    def add(self, log: ChunkLog, size: int) -> None:
        """Count more bytes of `log`; `EngineError` where all others are still growing."""
        self._sizes[log] = self._sizes.get(log, 0) + size
        self.size += size
        while self.size > self._max_bytes:
            oldest = next((kept for kept in self._sizes if kept.ended), None)
            if oldest is None:
                raise EngineError(f"the answers in the making have {self._max_bytes} bytes")
            oldest.forget()
            self.remove(oldest)

    def remove(self, log: ChunkLog) -> None:
        """Count `log` no longer."""
        self.size -= self._sizes.pop(log, 0)
