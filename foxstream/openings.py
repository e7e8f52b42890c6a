"""The three ways to the bytes of an answer: submit and follow, submit directly, attach.

House rule: an opening ends with a response that is an event stream, or with a `FoxError`; what it
learnt of the task and the instants it passed are kept either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from foxstream import sse, wire
from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.deltas import chunk_of
from foxstream.exchange import Response
from foxstream.progress import Status, Timings
from foxstream.question import Question
from foxstream.resources import Task
from foxstream.service import OnStatus, Service

__all__ = ["Attach", "Opening", "SubmitAndFollow", "SubmitDirectly", "submit"]


class Opening(Protocol):
    """A way to the event stream of one answer."""

    task_id: str | None
    """The task, as soon as it is known; `None` where there is none to come back to."""

    stream_url: str | None
    """Where the service said that the stream is; `None` for where it usually is."""

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """Do what has to be done until the stream's headers are there."""
        ...


class SubmitAndFollow:
    """Submit with `stream`, then open the stream that the answer names."""

    def __init__(self, service: Service, question: Question) -> None:
        self.task_id: str | None = None
        self.stream_url: str | None = None
        self._service = service
        self._question = question

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """Two requests, on one connection where the service keeps it."""
        task = await submit(self._service, self._question, clocks, timings, on_status, stream=True)
        self.task_id, self.stream_url = task.id, task.stream_url
        return await _follow(self._service, task.id, task.stream_url, clocks, timings, on_status)


class SubmitDirectly:
    """Submit with `sync` and `stream`: one round trip, no task to recover from."""

    task_id: str | None = None
    stream_url: str | None = None

    def __init__(self, service: Service, question: Question) -> None:
        self._service = service
        self._question = question

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """One request, answered by the stream itself (contract, section 9.4)."""
        service = self._service
        urls = await service.media_urls(self._question.sources, on_status, clocks)
        timings.submitted = service.transport.now()
        clocks.run("submit", timings.submitted)
        on_status(Status("submitted"))
        answer = await service.submit_direct(self._question, urls, clocks)
        timings.accepted = timings.opened = service.transport.now()
        if isinstance(answer, Task):
            self.task_id, self.stream_url = answer.id, answer.stream_url
            url = self.stream_url
            return await _follow(service, answer.id, url, clocks, timings, on_status)
        clocks.run("first_token", timings.accepted)
        return _AsStream(answer) if isinstance(answer, Completion) else answer


class Attach:
    """Open the stream of a task that was submitted before, here or elsewhere."""

    def __init__(self, service: Service, task_id: str) -> None:
        self.task_id: str | None = task_id
        self.stream_url: str | None = None
        self._service = service
        self._id = task_id

    async def open(self, clocks: Clocks, timings: Timings, on_status: OnStatus) -> Response:
        """One request; the whole answer comes from its beginning (contract, section 4)."""
        timings.submitted = timings.accepted = self._service.transport.now()
        return await _follow(self._service, self._id, None, clocks, timings, on_status)


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
    clocks: Clocks,
    timings: Timings,
    on_status: OnStatus,
    *,
    stream: bool,
) -> Task:
    """Bring the media, then submit for a task."""
    urls = await service.media_urls(question.sources, on_status, clocks)
    timings.submitted = service.transport.now()
    clocks.run("submit", timings.submitted)
    task = await service.submit(question, urls, clocks, stream=stream)
    timings.accepted = service.transport.now()
    on_status(Status("submitted"))
    return task


async def _follow(
    service: Service,
    task_id: str,
    url: str | None,
    clocks: Clocks,
    timings: Timings,
    on_status: OnStatus,
) -> Response:
    clocks.run("first_token", timings.accepted or service.transport.now())
    response = await service.open_stream(task_id, url, clocks)
    timings.opened = service.transport.now()
    on_status(Status("queued"))
    return response
