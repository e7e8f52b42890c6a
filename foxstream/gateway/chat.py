"""The handler of OpenAI's chat completions: the same engine, other words."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from foxstream.gateway.bodies import read_json
from foxstream.gateway.chat_body import read_chat
from foxstream.gateway.delivery import answer_at_once
from foxstream.gateway.desk import Desk
from foxstream.gateway.refusal import RefusedError

__all__ = ["Chat"]


class Chat:
    """Everything under `/v1/chat`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`, streamed or not; it ends with its request."""
        try:
            return await self._answer(request)
        except RefusedError as refusal:
            raise _as_openai(refusal) from refusal

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        desk = self._desk
        settings = desk.settings
        asked = await read_json(
            request, settings.max_body_bytes, partial(read_chat, models=settings.models)
        )
        task = desk.start(request, asked.generation, asked.framing, asked.size)
        return await answer_at_once(request, task, desk.tasks, settings)


def _as_openai(refusal: RefusedError) -> RefusedError:
    """What FoxAPI tells as 422 is 400 with OpenAI, an unknown model 404."""
    error = refusal.error
    if refusal.status != 422:
        return refusal
    if error.code == "no_available_model":
        return RefusedError(404, error.type, error.message, code="model_not_found")
    return RefusedError(400, error.type, error.message, code=error.code or None)
