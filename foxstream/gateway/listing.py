"""The handlers of the model lists: what the settings name, or what the engine does (section 7)."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from foxstream.errors import InvalidInputError
from foxstream.gateway.bodies import json_response
from foxstream.gateway.delivery import refusal_of
from foxstream.gateway.engine import Engine, EngineError
from foxstream.gateway.models import Model, ModelSource, capability_list, openai_list
from foxstream.gateway.shapes import TaskError

__all__ = ["Listing"]


class Listing:
    """The models of a gateway; `named` is `None` where the engine tells them.

    `InvalidInputError` where it cannot.
    """

    def __init__(self, engine: Engine, named: Sequence[Model] | None) -> None:
        self._named = named
        self._engine = engine if isinstance(engine, ModelSource) else None
        if named is None and self._engine is None:
            raise InvalidInputError("models is None, but the engine lists none: name them")

    async def for_tasks(self, _request: web.Request) -> web.Response:
        """`GET /v1/configs/llm_generations_models`, with capabilities where they are known."""
        return json_response(capability_list(await self._models()))

    async def for_chat(self, _request: web.Request) -> web.Response:
        """`GET /v1/models`."""
        return json_response(openai_list(await self._models()))

    async def _models(self) -> Sequence[Model]:
        if self._named is not None or self._engine is None:
            return self._named or ()
        try:
            return await self._engine.models()
        except EngineError as error:
            raise refusal_of(TaskError(error.code, str(error))) from error
