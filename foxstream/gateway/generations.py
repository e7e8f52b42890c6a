"""The handlers of the task API: submit, stream, poll (contract, sections 1 to 5)."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web

from foxstream.gateway.bodies import json_response, read_json
from foxstream.gateway.chunk_log import ChunkLog
from foxstream.gateway.engine import Engine, Media
from foxstream.gateway.keyring import Keyring
from foxstream.gateway.refusal import RefusedError, not_found, unavailable, unprocessable
from foxstream.gateway.settings import Settings
from foxstream.gateway.shapes import TaskError
from foxstream.gateway.streaming import send_events
from foxstream.gateway.tasks import Task, TaskTable
from foxstream.gateway.validation import validate

__all__ = ["Generations"]

_MAX_OFFSET_DIGITS = 9


class Generations:
    """Everything under `/v1/llm/generations` and `/v1/tasks`."""

    def __init__(self, engine: Engine, media: Media, keyring: Keyring, settings: Settings) -> None:
        self.tasks: TaskTable = TaskTable(settings)
        self._engine = engine
        self._media = media
        self._keyring = keyring
        self._settings = settings

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/llm/generations`: the four answers of section 3."""
        settings = self._settings
        submission = await read_json(
            request, settings.max_body_bytes, partial(validate, models=settings.models)
        )
        task = self.tasks.start(
            self._engine,
            submission.generation,
            self._media,
            owner=self._keyring.owner(request),
            streamed=submission.stream,
            size=submission.size,
        )
        if submission.sync:
            return await self._answer_at_once(request, task)
        return json_response(task.shape(submitted=True))

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/llm/generations/{task_id}/stream`: from chunk 0, or from `?offset=N`."""
        task = self._find(request)
        offset = request.query.get("offset", "0")
        if not (offset.isascii() and offset.isdigit() and len(offset) <= _MAX_OFFSET_DIGITS):
            raise unprocessable(f"offset is {offset[:40]!r}: a whole number from 0 on is needed")
        if task.log is None:
            # Section 0, "What is NOT known": the vendor's own answer to this is not published.
            raise not_found(f"task {task.id} has no stream, or its chunks have expired")
        return await self._send(request, task.log, int(offset))

    async def poll(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/tasks/{task_id}`; what is told is always fresh, `sync_upstream` or not."""
        return json_response(self._find(request).shape())

    async def _answer_at_once(self, request: web.Request, task: Task) -> web.StreamResponse:
        """Blocking mode: the client knows no task, so it ends with the request.

        The framing of `sync` with `stream` is not published (9.4); here it is that of the stream.
        """
        try:
            if task.log is not None:
                return await self._send(request, task.log)
            outcome = await asyncio.shield(task.outcome)
        finally:
            self.tasks.drop(task)
        if isinstance(outcome, TaskError):
            raise _refusal_of(outcome)
        return json_response(outcome)

    async def _send(
        self, request: web.Request, log: ChunkLog, offset: int = 0
    ) -> web.StreamResponse:
        return await send_events(
            request,
            log,
            offset=offset,
            keepalive=self._settings.keepalive,
            max_subscribers=self._settings.max_subscribers,
        )

    def _find(self, request: web.Request) -> Task:
        return self.tasks.find(request.match_info["task_id"], self._keyring.owner(request))


def _refusal_of(error: TaskError) -> RefusedError:
    """How a failed task is told in blocking mode, by the code of its failure (section 6)."""
    if error.code.startswith(("invalid_", "model_")):
        return unprocessable(error.message, error.code)
    if error.code == "internal_error":
        return RefusedError(500, "internal_error", error.message, code=error.code)
    return unavailable(error.message, error.code)
