"""One answer: reads it, times it, closes it.

House rule: no task, no scope and no lock is alive between two deltas. The one `await` is the read
of whatever bytes are there; everything that thinks is below.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Literal, Protocol, Self

import anyio

from foxstream.answer import Completion, Delta, State
from foxstream.clocks import Clocks
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.endings import checked, drain, explained, with_usage
from foxstream.errors import (
    APIConnectionError,
    FoxError,
    StreamTruncatedError,
)
from foxstream.exchange import Response
from foxstream.limits import Retries, Timeouts
from foxstream.openings import Opening
from foxstream.progress import Status, Timings
from foxstream.service import OnStatus, Service, unheard

__all__ = ["Owned", "Stream", "StreamState"]

StreamState = Literal["pending", "streaming", "complete", "failed", "closed"]


class Owned(Protocol):
    """What a stream may close together with itself."""

    def close(self) -> None:
        """Let go at once."""
        ...

    async def aclose(self) -> None:
        """Close, waiting as long as that takes."""
        ...


class Stream:
    """An answer as it comes: an async iterator of `Delta`, and an async context manager.

    `async with` submits and opens on entering and closes the connection on leaving; a bare
    `async for` does so at its first and after its last step. It has one reader: a second
    `__anext__` at the same time raises `RuntimeError`. After the end every reader stops at once,
    after a failure each gets the same error again. Every error carries what was said so far in
    `.partial`, and `.task_id`.
    """

    def __init__(
        self,
        service: Service,
        opening: Opening,
        *,
        timeouts: Timeouts,
        retries: Retries,
        max_event_bytes: int,
        verify: bool = False,
        on_status: OnStatus | None = None,
    ) -> None:
        self.timings: Timings = Timings()
        """The instants of this answer."""
        self.owned: Owned | None = None
        """What is closed together with this stream, such as a client made for it alone."""
        self._service = service
        self._opening = opening
        self._clocks = Clocks(timeouts)
        self._retries = retries
        self._verify = verify
        self._on_status = on_status or unheard
        self._transcript = Transcript()
        self._decoder = Decoder(
            self._transcript,
            finish_reason_ends=opening.direct,
            max_event_bytes=max_event_bytes,
        )
        self._state: StreamState = "pending"
        self._response: Response | None = None
        self._ready: deque[Delta] = deque()
        self._reading = False
        self._rested = False
        self._error: FoxError | None = None
        self._completion: Completion | None = None

    @property
    def state(self) -> StreamState:
        """`"pending"`, `"streaming"`, then one of `"complete"`, `"failed"`, `"closed"`."""
        return self._state

    @property
    def task_id(self) -> str | None:
        """The task at the service, once it is known; `None` in direct mode."""
        return self._opening.task_id

    @property
    def completion(self) -> Completion | None:
        """What was said; `None` until the end.

        Its `state` is `"closed"` after leaving early and `"truncated"` after a failure.
        """
        if self._state in {"pending", "streaming"}:
            return None
        if self._completion is None:
            self._completion = self._said("closed" if self._state == "closed" else "truncated")
        return self._completion

    @property
    def text_stream(self) -> AsyncIterator[str]:
        """The answer text of choice 0 alone: a view of this stream, not a copy."""
        return _TextStream(self)

    async def get_final_completion(self) -> Completion:
        """Read to the end and return the whole; `usage` comes from the task if need be."""
        async for _ in self:
            pass
        completion = self.completion
        if self._state != "complete" or completion is None:
            raise RuntimeError("the stream was closed before its end")
        if completion.usage is None and self.task_id is not None:
            completion = await with_usage(self._service, completion, self.task_id, self._clocks)
            self._completion = completion
            await self.aclose()
        return completion

    def close(self) -> None:
        """Leave now, without waiting; see `aclose` for transports that need to wait."""
        response = self._leave()
        if response is not None:
            response.close()
        if self.owned is not None:
            self.owned.close()

    async def aclose(self) -> None:
        """Leave: close the connection. The task goes on at the service."""
        response = self._leave()
        with anyio.CancelScope(shield=True):
            if response is not None:
                await response.aclose()
            if self.owned is not None:
                await self.owned.aclose()

    async def __aenter__(self) -> Self:
        if self._state == "pending":
            await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Delta:
        if not self._ready:
            await self._fill()
        return self._ready.popleft()

    def __del__(self) -> None:
        if self._response is not None:
            self.close()

    async def _fill(self) -> None:
        """Read until there is a delta; raises at the end, and again at every later call."""
        if self._reading:
            raise RuntimeError("this stream is being read already: it has one reader")
        self._reading = True
        try:
            if self._state == "pending":
                await self._open()
            while not self._ready:
                if self._response is None:
                    raise self._error or StopAsyncIteration
                if self._decoder.over:
                    await self._conclude(self._response)
                else:
                    await self._read(self._response)
        finally:
            self._reading = False

    async def _open(self) -> None:
        self.timings.started = self._service.transport.now()
        self._clocks.start(self.timings.started)
        try:
            self._response = await self._opening.open(self._clocks, self.timings, self._on_status)
        except FoxError as error:
            await self._fail(error)
            raise
        except BaseException:
            await self._interrupt()
            raise
        self._state = "streaming"

    async def _read(self, response: Response) -> None:
        """One read: its deltas become ready; how the stream ended is kept for after them."""
        transport = self._service.transport
        if self._rested:
            self._clocks.run("stall", transport.now())
            self._rested = False
        try:
            block = await response.read(self._clocks.deadline)
        except TimeoutError:
            await self._fail(self._clocks.ran_out())
        except APIConnectionError as error:
            if self._state == "streaming":
                await self._fail(error)
        except BaseException:
            await self._interrupt()
            raise
        else:
            self._take(block, transport.now())

    def _take(self, block: bytes, now: int) -> None:
        decoder = self._decoder
        if not block:
            decoder.eof()
        else:
            deltas = decoder.feed(block, now)
            self._time(deltas, now)
            self._ready.extend(deltas)
        if decoder.over:
            self.timings.ended = now

    def _time(self, deltas: list[Delta], now: int) -> None:
        timings = self.timings
        if timings.first_byte is None:
            timings.first_byte = now
        if timings.first_event is None and self._decoder.events:
            timings.first_event = now
        if not deltas:
            return
        if timings.first_token is None:
            timings.first_token = now
            self._on_status(Status("streaming"))
        if timings.first_text is None and any(delta.text for delta in deltas):
            timings.first_text = now
        if timings.first_reasoning is None and any(delta.reasoning for delta in deltas):
            timings.first_reasoning = now
        timings.last_token = now
        timings.token_reads.append(now)
        self._rested = True

    async def _conclude(self, response: Response) -> None:
        """The stream is over and its last delta delivered: what remains is to judge its end."""
        try:
            if self._decoder.error is not None:
                error = self._decoder.error
                raise await explained(self._service, self.task_id, error, self._clocks)
            await drain(response, self._service.transport)
            self._completion = await self._checked()
        except FoxError as error:
            await self._fail(error)
        except BaseException:
            await self._interrupt()
            raise
        else:
            self._state = "complete"
            await self.aclose()

    async def _checked(self) -> Completion:
        return await checked(
            self._service,
            self._said("complete"),
            (self._decoder.total_chunks or 0) - self._decoder.chunks,
            self._clocks,
            self._retries,
            self._on_status,
            verify=self._verify,
        )

    async def _fail(self, error: FoxError) -> None:
        """Keep the error for the reader, with what was said until now, and close."""
        error.task_id = self.task_id
        if self._state == "streaming":
            error.partial = self._said("truncated")
        self._state, self._error = "failed", error
        await self.aclose()

    async def _interrupt(self) -> None:
        """A cancelled read cannot be taken up again: what it had read may be lost."""
        await self.aclose()
        self._error = StreamTruncatedError("a cancelled read closed the stream")
        self._error.task_id, self._error.partial = self.task_id, self.completion

    def _leave(self) -> Response | None:
        if self._state in {"pending", "streaming"}:
            self._state = "closed"
            self._ready.clear()
        response, self._response = self._response, None
        return response

    def _said(self, state: State) -> Completion:
        return self._transcript.completion(state, self.task_id)


class _TextStream:
    """The text of choice 0, read through its stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __aiter__(self) -> _TextStream:
        return self

    async def __anext__(self) -> str:
        while True:
            delta = await anext(self._stream)
            if delta.text and delta.index == 0:
                return delta.text
