"""Which request of a scripted gateway gets which answer, and the mishap that comes with it.

House rule: an answer is bound to its request, so that many may ask at the same time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import get_args

import msgspec
from aiohttp import web

from foxstream.gateway.engine import Generation, Piece
from foxstream.gateway.fault_plan import Faults
from foxstream.gateway.faults import Fault
from foxstream.gateway.models import MODELS, Capability, Model
from foxstream.gateway.refusal import RefusedError
from foxstream.gateway.scripted import Fail, Wait
from foxstream.testing.answers import Answer, steps_of
from foxstream.testing.asked import Asked, asked_of
from foxstream.testing.script import Script

__all__ = ["Turns", "script"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Turn:
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.begun = False


_turn: ContextVar[_Turn] = ContextVar("turn")  # of the request that is being answered


class _Id(msgspec.Struct):
    id: str


class Turns(Faults):
    """Takes an answer of `script` for every request, and plays its fault.

    The fault is met by the request itself; where that went well, by the first stream of its task.
    """

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.models: list[Model] = list(MODELS)
        """Those that are known; any other that is asked for is taken for one that can do all."""
        self._script = script
        self._streams: dict[str, Fault] = {}

    def install(self, app: web.Application) -> None:
        """Come in front of the faults."""

        @web.middleware
        async def take_turn(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.match_info.route.name not in {"submit", "chat"}:
                return await handler(request)
            asked = asked_of(await request.read(), request.headers)
            return await self._take_turn(request, handler, asked)

        app.middlewares.append(take_turn)
        super().install(app)

    def fault_for(self, request: web.Request) -> Fault:
        """The fault of the answer that `request` is part of."""
        route = request.match_info.route.name
        if route in {"submit", "chat"}:
            return _turn.get().answer.fault
        if route == "stream":
            return self._streams.pop(request.match_info["task_id"], None) or Fault()
        return super().fault_for(request)

    async def _take_turn(
        self, request: web.Request, handler: Handler, asked: Asked
    ) -> web.StreamResponse:
        if asked.model and all(model.id != asked.model for model in self.models):
            self.models.append(Model(id=asked.model, capabilities=get_args(Capability)))
        turn = _Turn(self._script.take(asked))
        _turn.set(turn)
        try:
            response = await handler(request)
        except RefusedError:
            if not turn.begun:
                self._script.give_back(turn.answer)
            raise
        if isinstance(response, web.Response) and response.status == 200:
            self._remember(response, turn.answer)
        return response

    def _remember(self, response: web.Response, answer: Answer) -> None:
        """Bind the fault to the task that was made; a body without one is the fault's own."""
        if isinstance(response.body, bytes):
            with suppress(msgspec.DecodeError):
                task = msgspec.json.decode(response.body, type=_Id)
                self._streams[task.id] = answer.fault


def script(_: Generation) -> Iterator[Piece | Wait | Fail]:
    """The steps of the answer whose turn it is: an engine runs in the context of its request."""
    turn = _turn.get()
    turn.begun = True
    return steps_of(turn.answer)
