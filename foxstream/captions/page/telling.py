"""From cues to what viewers are told: the cues, and how far it is.

House rule: each cue is told at once, the counts only where they have changed. Whatever ends the
captions is told in words, and what was there stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from foxstream.captions.cue import Cue
from foxstream.captions.page.state import About, Progress, Told
from foxstream.captions.tally import Tally
from foxstream.errors import FoxError
from foxstream.relay import MemoryStore, Relay

__all__ = ["Telling"]

_BEAT = 0.25  # seconds between two looks at the counts
_MAX_EVENTS = 2000  # that a viewer may be behind before it is told the state again
_logger = logging.getLogger("foxstream.captions")

_Value = Cue | Progress


class Telling:
    """Tells `cues` through `relay` to any number of viewers, from `open` until `close`.

    `told` is what they add up to. It runs in a task of its own, so that whoever opens and closes it
    is in none of its scopes.
    """

    def __init__(
        self, about: About, cues: AsyncIterable[Cue], tally: Tally, known: tuple[Cue, ...] = ()
    ) -> None:
        self._about = about
        self._cues = cues
        self._tally = tally
        self._known = known
        self._first_caption: float | None = None
        self._failure: str | None = None
        self._last = Progress()

    async def open(self) -> None:
        """Begin to read the cues."""
        store = MemoryStore(max_events=_MAX_EVENTS)
        self.told: Told = Told(self._about, await store.generation(), self._known)
        send, receive = anyio.create_memory_object_stream[_Value]()
        self.relay: Relay = Relay(self._events(receive), store=store)
        ready = anyio.Event()
        self._task = asyncio.create_task(self._run(send, ready))
        await ready.wait()

    async def close(self) -> None:
        """Let all viewers go, and read no further."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, send: MemoryObjectSendStream[_Value], ready: anyio.Event) -> None:
        async with self.relay:
            ready.set()
            await self._read(send)
            await anyio.sleep_forever()

    async def _events(
        self, receive: MemoryObjectReceiveStream[_Value]
    ) -> AsyncGenerator[_Value, None]:
        """What is told, one after the other; folded first, so that no viewer can miss any."""
        async with receive:
            async for value in receive:
                self.told.take(value)
                yield value

    async def _read(self, send: MemoryObjectSendStream[_Value]) -> None:
        async with send, anyio.create_task_group() as tasks:
            tasks.start_soon(self._beat, send)
            try:
                await self._pass_on(send)
            except Exception as error:
                if not isinstance(error, FoxError):
                    _logger.exception("captioning failed")
                self._failure = _words(error)
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await send.send(self._progress())

    async def _pass_on(self, send: MemoryObjectSendStream[_Value]) -> None:
        began = anyio.current_time()
        async for cue in self._cues:
            if self._first_caption is None and cue.text:
                self._first_caption = anyio.current_time() - began
            await send.send(cue)

    async def _beat(self, send: MemoryObjectSendStream[_Value]) -> None:
        while True:
            if (progress := self._progress()) != self._last:
                self._last = progress
                await send.send(progress)
            await anyio.sleep(_BEAT)

    def _progress(self) -> Progress:
        return Progress.of(self._tally, self._first_caption, self._failure)


def _words(error: Exception) -> str:
    """Only errors of foxstream were written for viewers to read."""
    return str(error) if isinstance(error, FoxError) else "captioning failed"
