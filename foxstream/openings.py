"""The three ways to the bytes of an answer: submit and follow, submit directly, attach.

House rule: an opening ends with a response that is an event stream, or with a `FoxError`; what it
learnt of the task and the instants it passed are kept either way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol, TypeVar

from foxstream import records, sse, wire
from foxstream.answer import Completion
from foxstream.attachments import media_urls
from foxstream.clocks import Clocks
from foxstream.deltas import chunk_of
from foxstream.exchange import Response
from foxstream.limits import Retries
from foxstream.media import MediaURL
from foxstream.progress import OnStatus, Status, Timings
from foxstream.question import Question
from foxstream.recovery import submissions
from foxstream.resources import Task
from foxstream.retrying import retried
from foxstream.service import Service

__all__ = ["Attach", "Opening", "SubmitAndFollow", "SubmitDirectly", "submit"]

T = TypeVar("T")


class Opening(Protocol):
    """A way to the event stream of one answer."""

    @property
    def task(self) -> Task | None:
        """The task, as soon as it is known; `None` where there is none to come back to."""
        ...

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """Do what has to be done until the stream's headers are there."""
        ...


class SubmitAndFollow:
    """Submit with `stream`, then open the stream that the answer names."""

    def __init__(self, service: Service, question: Question, retries: Retries) -> None:
        self.task: Task | None = None
        self._service = service
        self._question = question
        self._retries = retries

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """Two requests, on one connection where the service keeps it."""
        service = self._service
        send = partial(service.submit, stream=True)
        self.task = await submit(
            service, self._question, send, self._retries, clocks, timings, on_status
        )
        return await _follow(service, self.task, clocks, timings, on_status)


class SubmitDirectly:
    """Submit with `sync` and `stream`: one round trip, no task to recover from.

    It is the only way to an OpenAI-compatible server.
    """

    def __init__(self, service: Service, question: Question, retries: Retries) -> None:
        self.task: Task | None = None
        self._service = service
        self._question = question
        self._retries = retries

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """One request, answered by the stream itself (contract, section 9.4)."""
        service = self._service
        send = service.submit_direct
        answer = await submit(
            service, self._question, send, self._retries, clocks, timings, on_status
        )
        if isinstance(answer, Task):
            self.task = answer
            return await _follow(service, answer, clocks, timings, on_status)
        timings.opened = timings.accepted
        clocks.run("first_token", service.transport.now())
        return _AsStream(answer) if isinstance(answer, Completion) else answer


class Attach:
    """Open the stream of a task that was submitted before, here or elsewhere."""

    def __init__(self, service: Service, task_id: str) -> None:
        self.task: Task = Task(task_id)
        self._service = service

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """One request; the whole answer comes from its beginning (contract, section 4)."""
        timings.submitted = timings.accepted = self._service.transport.now()
        return await _follow(self._service, self.task, clocks, timings, on_status)


class _AsStream:
    """A whole completion, told as the stream that was asked for."""

    status = 200

    def __init__(self, completion: Completion) -> None:
        self.headers: Mapping[str, str] = {}
        chunk = wire.encode_chunk(chunk_of(completion))
        self._blocks = iter((sse.encode("chunk", chunk) + sse.encode("done", b"{}"),))

    async def read(self, deadline: int | None = None) -> bytes:  # noqa: ARG002 (never waits)
        """Everything, then nothing."""
        return next(self._blocks, b"")

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""


async def submit(
    service: Service,
    question: Question,
    send: Callable[[Question, list[MediaURL], Clocks], Awaitable[T]],
    retries: Retries,
    clocks: Clocks,
    timings: Timings,
    on_status: OnStatus,
) -> T:
    """Bring the media, then `send` the question: what `service.submit...` made of the answer."""
    urls = await media_urls(service, question.sources, clocks, retries, on_status)
    transport = service.transport
    timings.submitted = transport.now()
    clocks.run("submit", timings.submitted)
    attempts = submissions(retries)
    answer = await retried(
        lambda: send(question, urls, clocks), attempts, transport, clocks, on_status
    )
    timings.accepted = transport.now()
    on_status(Status("submitted"))
    return answer


async def _follow(
    service: Service, task: Task, clocks: Clocks, timings: Timings, on_status: OnStatus
) -> Response:
    clocks.run("first_token", timings.accepted or service.transport.now())
    response = await service.open_stream(task, clocks)
    timings.opened = service.transport.now()
    records.followed(task.id)
    on_status(Status("queued"))
    return response
