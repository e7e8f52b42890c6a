"""Mishaps on the wire, for tests of clients; `Faults` says which request meets which.

House rule: a fault knows bytes and answers, no sockets. What goes wrong inside an answer (a failed
task, a slow token) is the business of a `ScriptedEngine`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Literal

from aiohttp import web

__all__ = [
    "Comments",
    "Crlf",
    "CutAfter",
    "CutAfterEvents",
    "Dribble",
    "Ending",
    "Fault",
    "HangUpError",
    "Insert",
    "Lost",
    "Reply",
    "Silence",
    "SilenceError",
    "StallAfter",
    "StallAfterEvents",
    "WrongTotal",
]

Ending = Literal["end", "close", "reset"]
"""How a stream is cut off; see `CutAfter`."""


class SilenceError(Exception):
    """Raised by a fault: from here on nothing more is sent."""


class HangUpError(Exception):
    """Raised by a fault: the connection ends here, with a TCP reset or without."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


class Fault:
    """A mishap of one request; this one is none. Kinds of it override what they spoil."""

    async def before(self) -> web.StreamResponse | None:
        """An answer instead of the gateway's own."""
        return None

    def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """What an event stream sends instead of `blocks`; each block is one write."""
        return blocks

    async def after(self) -> None:
        """Called when everything is done but the answer itself."""


class Reply(Fault):
    """Answers with `status`, `body` and `headers` instead of the gateway."""

    def __init__(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self._status = status
        self._body = body
        self._headers = headers

    async def before(self) -> web.StreamResponse | None:
        """The answer itself."""
        return web.Response(status=self._status, body=self._body, headers=self._headers)


class Lost(Fault):
    """Does what was asked, then closes (or resets) the connection instead of answering."""

    def __init__(self, *, reset: bool = False) -> None:
        self._reset = reset

    async def after(self) -> None:
        """Hang up."""
        raise HangUpError(reset=self._reset)


class Silence(Fault):
    """Never answers."""

    async def before(self) -> web.StreamResponse | None:
        """Fall silent."""
        raise SilenceError


class CutAfter(Fault):
    """Ends the stream after `size` bytes, without `done`.

    `ending`: the HTTP body ends well (`"end"`), the connection is closed in the middle of it
    (`"close"`), or the peer gets a TCP reset (`"reset"`).
    """

    def __init__(self, size: int, ending: Ending = "close") -> None:
        self._size = size
        self._ending = ending

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The first bytes, then the end."""
        async for block in _first(self._size, blocks):
            yield block
        if self._ending != "end":
            raise HangUpError(reset=self._ending == "reset")


class CutAfterEvents(Fault):
    """Ends the stream after `events` events, without `done`; `ending` as of `CutAfter`."""

    def __init__(self, events: int, ending: Ending = "close") -> None:
        self._events = events
        self._ending = ending

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The first events, then the end."""
        async for frame in _first_frames(self._events, blocks):
            yield frame
        if self._ending != "end":
            raise HangUpError(reset=self._ending == "reset")


class StallAfter(Fault):
    """Sends `size` bytes of the stream and then nothing more, with the connection open."""

    def __init__(self, size: int) -> None:
        self._size = size

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The first bytes, then silence."""
        async for block in _first(self._size, blocks):
            yield block
        raise SilenceError


class StallAfterEvents(Fault):
    """Sends `events` events of the stream and then nothing more, with the connection open."""

    def __init__(self, events: int) -> None:
        self._events = events

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The first events, then silence."""
        async for frame in _first_frames(self._events, blocks):
            yield frame
        raise SilenceError


class Dribble(Fault):
    """Writes the stream in pieces of `size` bytes, and lets the event loop turn in between."""

    def __init__(self, size: int = 2) -> None:
        self._size = size

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The same bytes in small pieces."""
        async for block in blocks:
            for start in range(0, len(block), self._size):
                yield block[start : start + self._size]
                await asyncio.sleep(0)


class Comments(Fault):
    """Puts a comment in front of every event."""

    def __init__(self, comment: bytes = b": keep-alive\n\n") -> None:
        self._comment = comment

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """Comment, event, comment, event."""
        async for frame in _frames(blocks):
            yield self._comment + frame


class Insert(Fault):
    """Puts raw bytes onto the stream after `events` events."""

    def __init__(self, raw: bytes, *, events: int = 0) -> None:
        self._raw = raw
        self._events = events

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The events with the raw bytes between two of them."""
        seen = 0
        async for frame in _frames(blocks):
            yield self._raw + frame if seen == self._events else frame
            seen += 1


class Crlf(Fault):
    """Ends every line with CR LF."""

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The same lines, ended otherwise."""
        async for block in blocks:
            yield block.replace(b"\n", b"\r\n")


class WrongTotal(Fault):
    """Says `total` in `done`, whatever was sent."""

    def __init__(self, total: int) -> None:
        self._total = b'"total_chunks":%d' % total

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The same events but for the number."""
        async for block in blocks:
            yield re.sub(rb'"total_chunks":\d+', self._total, block)


async def _first(size: int, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async for block in blocks:
        yield block[:size]
        size -= len(block)
        if size <= 0:
            return


async def _first_frames(events: int, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    if events <= 0:
        return
    async for frame in _frames(blocks):
        yield frame
        events -= 1
        if events <= 0:
            return


async def _frames(blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async for block in blocks:
        for frame in block.split(b"\n\n")[:-1]:
            yield frame + b"\n\n"
