"""One answer: reads it, times it, closes it.

House rule: no task, no scope and no lock is alive between two deltas. The one `await` is the read
of whatever bytes are there; everything that thinks is below.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Literal, Protocol, Self

import anyio

from foxstream import records
from foxstream.answer import Completion, Delta, State
from foxstream.clocks import Clocks
from foxstream.endings import drain, with_usage
from foxstream.errors import (
    APIConnectionError,
    FoxError,
    StreamTruncatedError,
)
from foxstream.exchange import Response
from foxstream.healing import Healer
from foxstream.limits import Retries, Timeouts
from foxstream.openings import Opening
from foxstream.progress import OnStatus, Status, Timings, unheard
from foxstream.service import Service
from foxstream.telling import Settlement, Telling
from foxstream.text_stream import TextStream
from foxstream.watching import Ending, Watch, tell_began, tell_end

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
        watch: Watch | None = None,
    ) -> None:
        self.timings: Timings = Timings()
        """The instants of this answer."""
        self.owned: Owned | None = None
        """What is closed together with this stream, such as a client made for it alone."""
        self._service = service
        self._opening = opening
        self._clocks = Clocks(timeouts)
        self._verify = verify
        self._on_status = on_status or unheard
        self._telling = Telling(max_event_bytes)
        self._healer = Healer(
            service, opening, self._clocks, retries, self.timings, self._on_status
        )
        self._state: StreamState = "pending"
        self._response: Response | None = None
        self._ready: list[Delta] = []  # the next one last
        self._now = service.transport.now
        self._reading = False
        self._rested = False
        self._error: FoxError | None = None
        self._completion: Completion | None = None
        self._watch = watch
        self._held = False

    @property
    def state(self) -> StreamState:
        """`"pending"`, `"streaming"`, then one of `"complete"`, `"failed"`, `"closed"`."""
        return self._state

    @property
    def task_id(self) -> str | None:
        """The task at the service, once it is known; `None` where there is none (`direct`)."""
        task = self._opening.task
        return None if task is None else task.id

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
        return TextStream(self)

    async def get_final_completion(self) -> Completion:
        """Read to the end and return the whole; `usage` comes from the task if need be."""
        held, self._held = self._held, True
        try:
            return await self._whole()
        finally:
            self._held = held
            self._tell_end()

    async def _whole(self) -> Completion:
        async for _ in self:
            pass
        completion = self.completion
        if self._state != "complete" or completion is None:
            raise RuntimeError("the stream was closed before its end")
        if completion.usage is None and self.task_id is not None:
            try:
                completion = await with_usage(self._service, completion, self.task_id, self._clocks)
            finally:
                await self.aclose()
            self._completion = completion
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
        try:
            if response is not None:
                await response.aclose()
        finally:
            if self.owned is not None:
                with anyio.CancelScope(shield=True):
                    await self.owned.aclose()

    async def __aenter__(self) -> Self:
        if self._state == "pending":
            self._begin_reading()
            try:
                await self._open()
            finally:
                self._reading = False
        self._held = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._held = False
        await self.aclose()

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Delta:
        if not self._ready:
            await self._fill()
        return self._ready.pop()

    def take(self) -> Delta | None:
        """The next delta, where it has been read already; it may be taken in any thread."""
        try:
            return self._ready.pop()
        except IndexError:
            return None

    async def more(self) -> bool:
        """Wait until there is something to `take`; `False` at the end."""
        try:
            await self._fill()
        except StopAsyncIteration:
            return False
        return True

    def __del__(self) -> None:
        if self._response is not None:
            self.close()

    async def _fill(self) -> None:
        """Read until there is a delta; raises at the end, and again at every later call."""
        self._begin_reading()
        try:
            if self._state == "pending":
                await self._open()
            while not self._ready:
                if self._response is None:
                    raise self._error or StopAsyncIteration
                if self._telling.over:
                    await self._conclude(self._response)
                else:
                    await self._read(self._response)
        finally:
            self._reading = False

    def _begin_reading(self) -> None:
        if self._reading:
            raise RuntimeError("this stream is being read already: it has one reader")
        self._reading = True

    async def _open(self) -> None:
        self.timings.started = self._now()
        self._clocks.start(self.timings.started)
        tell_began(self._watch)
        try:
            self._response = await self._opened()
        except FoxError as error:
            await self._fail(error)
            raise
        except BaseException:
            await self._interrupt()
            raise
        if self._state != "streaming":
            await self.aclose()

    async def _opened(self) -> Response | None:
        try:
            response = await self._opening.open(self._clocks, self.timings, self._on_status)
        except FoxError as error:
            healed = await self._healer.heal(error, progress=False)
            if isinstance(healed, Completion):
                self._mend(healed)
                return None
            response = healed
        if self._state == "pending":
            self._state = "streaming"
        self._telling.begin(finish_reason_ends=self.task_id is None)
        self._rested = True
        return response

    async def _read(self, response: Response) -> None:
        """One read: its deltas become ready; how the stream ended is kept for after them."""
        clocks = self._clocks
        if self._rested:
            clocks.restart(self._now())
            self._rested = False
        try:
            block = await response.read(clocks.deadline)
        except TimeoutError:
            self._telling.fail(clocks.ran_out())
        except APIConnectionError as error:
            self._telling.fail(error)
        except BaseException:
            await self._interrupt()
            raise
        else:
            if self._response is not None:  # it may have been closed while it was read
                self._take(block, self._now())

    def _take(self, block: bytes, now: int) -> None:
        telling, total = self._telling, self._clocks.total
        deltas = telling.feed(block, now)
        self._ready = deltas[::-1]
        if self.timings.first_event is None:
            self.timings.note_read(now, events=telling.has_events)
        if deltas:
            self._note_tokens(deltas, now)
        if telling.over:
            self.timings.ended = now
        elif total is not None and now >= total:
            telling.fail(self._clocks.ran_out())

    def _note_tokens(self, deltas: list[Delta], now: int) -> None:
        """New tokens: the clock that waits for more of them starts with the next wait."""
        self._rested = True
        silent = self.timings.first_token is None
        self.timings.note_tokens(now, deltas)
        if silent:
            self._clocks.run("stall", now)
            self._on_status(Status("streaming"))

    async def _conclude(self, response: Response) -> None:
        """The connection is over and its last delta delivered: judge its end, heal it or fail."""
        try:
            complaint = self._telling.complaint()
            if complaint is None:
                await drain(response, self._service.transport)
                await self._complete()
            else:
                await response.aclose()
                self._heal(await self._healer.heal(complaint, progress=self._telling.progress))
        except FoxError as error:
            await self._fail(error)
        except BaseException:
            await self._interrupt()
            raise
        else:
            if self._state != "streaming":
                await self.aclose()

    def _heal(self, healed: Response | Completion) -> None:
        if isinstance(healed, Completion):
            self._mend(healed)
        else:
            self._response = healed
            self._telling.begin_again()

    def _mend(self, finished: Completion) -> None:
        self.timings.ended = now = self._now()
        self._settle(self._telling.mend(finished, self.task_id, now), now)

    async def _complete(self) -> None:
        """The stream has ended well; the task is asked where `verify` or its count want it."""
        task, miscounted = self._opening.task, self._telling.miscounted
        if task is None or not (miscounted or self._verify):
            self._settle(([], self._said("complete")), self._now())
            return
        finished = await self._healer.finished(task)
        now = self._now()
        self._settle(self._telling.settle(finished, task.id, now), now)
        if miscounted:
            records.miscounted(task.id)

    def _settle(self, settlement: Settlement, now: int) -> None:
        """The end, unless the stream was closed while it was looked for."""
        if self._state == "closed":
            return
        tail, self._completion = settlement
        self._state = "complete"
        records.finished(self.task_id, self._completion, self.timings)
        self._ready = tail[::-1]
        self.timings.note_read(now, events=self._telling.has_events)
        if tail:
            self._note_tokens(tail, now)

    async def _fail(self, error: FoxError) -> None:
        """Keep the error for the reader, with what was said until now, and close."""
        self._service.redact(error)
        error.task_id = self.task_id
        if self._state == "streaming":
            error.partial = self._said("truncated")
        self._state, self._error = "failed", error
        records.failed(self.task_id, error)
        await self.aclose()

    async def _interrupt(self) -> None:
        """A cancelled read cannot be taken up again: what it had read may be lost."""
        self._error = StreamTruncatedError("a cancelled read closed the stream")
        await self.aclose()
        self._error.task_id, self._error.partial = self.task_id, self.completion

    def _leave(self) -> Response | None:
        if self._state in {"pending", "streaming"}:
            self._state = "closed"
            self._ready.clear()
        response, self._response = self._response, None
        self._tell_end()
        return response

    def _tell_end(self) -> None:
        """Tell who watches, unless somebody may still look for the usage."""
        watch, state = self._watch, self._state
        if watch is None or self._held or state == "pending" or state == "streaming":  # noqa: PLR1714 (narrows)
            return
        self._watch = None
        said, error = self.completion, self._error
        tell_end(watch, Ending(self.timings, self._now(), state, said, error, self.task_id))

    def _said(self, state: State) -> Completion:
        return self._telling.said(state, self.task_id)
