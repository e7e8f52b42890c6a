"""An answer on its way to whoever asked: as a subscription, or within the request itself."""

from __future__ import annotations

import asyncio

from aiohttp import web

from foxstream.gateway.bodies import json_response
from foxstream.gateway.chunk_log import ChunkLog
from foxstream.gateway.refusal import RefusedError, unavailable, unprocessable
from foxstream.gateway.settings import Settings
from foxstream.gateway.shapes import TaskError
from foxstream.gateway.streaming import send_events
from foxstream.gateway.tasks import Task, TaskTable

__all__ = ["answer_at_once", "refusal_of", "send_log"]


async def send_log(
    request: web.Request, log: ChunkLog, settings: Settings, *, offset: int = 0
) -> web.StreamResponse:
    """Answer with a chunk log, from `offset` to its end."""
    return await send_events(
        request,
        log,
        offset=offset,
        keepalive=settings.keepalive,
        max_subscribers=settings.max_subscribers,
    )


async def answer_at_once(
    request: web.Request, task: Task, tasks: TaskTable, settings: Settings
) -> web.StreamResponse:
    """Answer with the outcome of a task, or with its stream where it has one.

    The client knows no task, so it ends with the request. `RefusedError` where it fails.
    """
    try:
        if task.log is not None:
            return await send_log(request, task.log, settings)
        outcome = await asyncio.shield(task.outcome)
    finally:
        tasks.drop(task)
    if isinstance(outcome, TaskError):
        raise refusal_of(outcome)
    return json_response(outcome)


def refusal_of(error: TaskError) -> RefusedError:
    """How a failed task is told in blocking mode, by the code of its failure (section 6)."""
    if error.code.startswith(("invalid_", "model_")) or error.code == "upstream_refused":
        return unprocessable(error.message, error.code)
    if error.code == "internal_error":
        return RefusedError(500, "internal_error", error.message, code=error.code)
    return unavailable(error.message, error.code)
