"""The plain way, for comparison: a queue for each viewer, and everything put into each.

House rule: written as anybody would: an event is framed once, the queues have no bound, and there
is no log, no id and no policy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from foxstream import Delta
from foxstream.relay.entries import encoded
from foxstream.sse import encode

__all__ = ["DONE", "Queues"]

DONE = encode("done", b"{}")


class Queues:
    """Broadcasts the deltas of `source` as frames, to those who are there."""

    def __init__(self, source: AsyncIterator[Delta]) -> None:
        self._source = source
        self._queues: set[asyncio.Queue[bytes]] = set()

    def join(self) -> asyncio.Queue[bytes]:
        """A new viewer's queue; the last frame in it is `DONE`."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._queues.add(queue)
        return queue

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._broadcast())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _broadcast(self) -> None:
        async for delta in self._source:
            self._put(encode(*encoded(delta)))
        self._put(DONE)

    def _put(self, frame: bytes) -> None:
        for queue in self._queues:
            queue.put_nowait(frame)
