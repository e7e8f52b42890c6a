"""A store in this process: the default, which needs no server."""

from __future__ import annotations

import secrets
from collections import deque
from itertools import islice

import anyio.lowlevel

from foxstream.relay.bounds import Bounds
from foxstream.relay.entries import Entry
from foxstream.relay.errors import LeaseLostError
from foxstream.relay.pulse import Pulse
from foxstream.relay.stores import Lease, Page

__all__ = ["MemoryStore"]

_PAGE = 500


class MemoryStore:
    """Keeps one stream in memory, for the relays of one event loop.

    A lease that has run out still holds until another takes it: a loop that stood still for a
    while loses nothing. `InvalidInputError` for bounds that are less than one.
    """

    def __init__(self, *, max_events: int = 10_000, max_bytes: int = 8 * 1024 * 1024) -> None:
        self.bounds: Bounds = Bounds(max_events, max_bytes)
        self._generation = secrets.token_hex(4)
        self._entries: deque[Entry] = deque()
        self._snapshot: Entry | None = None
        self._size = 0
        self._end = 0
        self._token = 0
        self._until: float | None = None
        self._pulse: Pulse | None = None

    async def generation(self) -> str:
        """The name of this stream."""
        return self._generation

    async def lease(self, seconds: float, *, seize: bool = False) -> Lease | None:
        """Take the lease; `None` while another holds it."""
        held = self._until is not None and anyio.current_time() < self._until
        if held and not seize:
            return None
        self._token += 1
        self._until = anyio.current_time() + seconds
        return Lease(self._token)

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """Hold the lease longer; false where it is lost."""
        if not self._holds(lease):
            return False
        self._until = anyio.current_time() + seconds
        return True

    async def release(self, lease: Lease) -> None:
        """Let the lease go."""
        if self._holds(lease):
            self._until = None

    async def append(self, lease: Lease, entry: Entry, snapshot: Entry | None = None) -> None:
        """Append the entry and wake who waits for it; `LeaseLostError` where the lease is lost."""
        await anyio.lowlevel.checkpoint()
        if not self._holds(lease):
            raise LeaseLostError("another producer may write the stream now")
        self._entries.append(entry)
        self._size += entry.size
        self._end = entry.offset + 1
        self._snapshot = snapshot or self._snapshot
        self._trim()
        if self._pulse is not None:
            self._pulse.wake()

    async def end(self) -> int:
        """The offset of the next entry."""
        return self._end

    async def read(self, offset: int, wait: float) -> Page:
        """Read from an offset on, after waiting at most so many seconds for there to be some."""
        if offset >= self._end and wait > 0:
            self._pulse = self._pulse or Pulse()
            with anyio.move_on_after(wait):
                await self._pulse.wait()
        first, snapshot = self._end - len(self._entries), None
        if offset < first and self._snapshot is not None:
            snapshot, offset = self._snapshot, self._snapshot.offset + 1
        start = max(0, offset - first)
        return Page(tuple(islice(self._entries, start, start + _PAGE)), snapshot)

    def _holds(self, lease: Lease) -> bool:
        return self._until is not None and lease.token == self._token

    def _trim(self) -> None:
        bounds = self.bounds
        while len(self._entries) > 1 and (
            len(self._entries) > bounds.max_events or self._size > bounds.max_bytes
        ):
            self._size -= self._entries.popleft().size
