"""The handler of OpenAI's chat completions: the same engine, other words."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from foxstream.gateway.bodies import read_json
from foxstream.gateway.chat_body import read_chat
from foxstream.gateway.delivery import answer_at_once
from foxstream.gateway.engine import Engine, Media
from foxstream.gateway.keyring import Keyring
from foxstream.gateway.refusal import RefusedError
from foxstream.gateway.settings import Settings
from foxstream.gateway.tasks import TaskTable

__all__ = ["Chat"]


class Chat:
    """Everything under `/v1/chat`."""

    def __init__(
        self,
        engine: Engine,
        media: Media,
        keyring: Keyring,
        tasks: TaskTable,
        settings: Settings,
    ) -> None:
        self._tasks = tasks
        self._engine = engine
        self._media = media
        self._keyring = keyring
        self._settings = settings

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`, streamed or not; it ends with its request."""
        try:
            return await self._answer(request)
        except RefusedError as refusal:
            raise _as_openai(refusal) from refusal

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        settings = self._settings
        asked = await read_json(
            request, settings.max_body_bytes, partial(read_chat, models=settings.models)
        )
        task = self._tasks.start(
            self._engine,
            asked.generation,
            self._media,
            owner=self._keyring.owner(request),
            framing=asked.framing,
            size=asked.size,
        )
        return await answer_at_once(request, task, self._tasks, settings)


def _as_openai(refusal: RefusedError) -> RefusedError:
    """What FoxAPI tells as 422 is 400 with OpenAI, an unknown model 404."""
    error = refusal.error
    if refusal.status != 422:
        return refusal
    if error.code == "no_available_model":
        return RefusedError(404, error.type, error.message, code="model_not_found")
    return RefusedError(400, error.type, error.message, code=error.code or None)
