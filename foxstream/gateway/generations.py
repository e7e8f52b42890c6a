"""The handlers of the task API: submit, stream, poll (contract, sections 1 to 5)."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from foxstream.gateway.bodies import json_response, read_json
from foxstream.gateway.delivery import answer_at_once, send_log
from foxstream.gateway.desk import Desk
from foxstream.gateway.framing import TaskFraming
from foxstream.gateway.refusal import not_found, unprocessable
from foxstream.gateway.validation import validate

__all__ = ["Generations"]

_MAX_OFFSET_DIGITS = 9


class Generations:
    """Everything under `/v1/llm/generations` and `/v1/tasks`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/llm/generations`: the four answers of section 3.

        The framing of `sync` with `stream` is not published (9.4); here it is that of the stream.
        """
        desk = self._desk
        settings = desk.settings
        submission = await read_json(
            request, settings.max_body_bytes, partial(validate, models=settings.models)
        )
        framing = TaskFraming() if submission.stream else None
        task = desk.start(request, submission.generation, framing, submission.size)
        if submission.sync:
            return await answer_at_once(request, task, desk.tasks, settings)
        return json_response(task.shape(submitted=True))

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/llm/generations/{task_id}/stream`: from chunk 0, or from `?offset=N`."""
        task = self._desk.find(request)
        offset = request.query.get("offset", "0")
        if not (offset.isascii() and offset.isdigit() and len(offset) <= _MAX_OFFSET_DIGITS):
            raise unprocessable(f"offset is {offset[:40]!r}: a whole number from 0 on is needed")
        if task.log is None:
            # Section 0, "What is NOT known": the vendor's own answer to this is not published.
            raise not_found(f"task {task.id} has no stream, or its chunks have expired")
        return await send_log(request, task.log, self._desk.settings, offset=int(offset))

    async def poll(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/tasks/{task_id}`; what is told is always fresh, `sync_upstream` or not."""
        return json_response(self._desk.find(request).shape())
