"""A gateway that says what a test tells it to, in a thread of its own.

    with ScriptedGateway() as gateway:
        gateway.answer("A fox, ", "running.", ttft=0.1)
        ...  # the application asks gateway.url

House rule: a test may be synchronous, or on any event loop; so nothing here is awaited.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

import msgspec
from anyio.from_thread import start_blocking_portal

from foxstream.answer import Usage
from foxstream.errors import InvalidInputError
from foxstream.gateway.engine import Piece
from foxstream.gateway.faults import CutAfterEvents, Ending, Fault, Reply, StallAfterEvents
from foxstream.gateway.refusal import RefusedError
from foxstream.gateway.running import running_gateway
from foxstream.gateway.scripted import Fail, ScriptedEngine
from foxstream.gateway.shapes import ErrorEnvelope
from foxstream.testing.answers import Answer
from foxstream.testing.asked import Asked
from foxstream.testing.script import Script
from foxstream.testing.turns import Turns, script

__all__ = ["ScriptedGateway"]


class ScriptedGateway:
    """Listens on loopback for as long as a `with` block lasts; `url` is its base URL.

    Each request for an answer gets the next scripted one, and 400 where none is left. What a
    model does not take is refused as the service refuses it, which uses no answer up; a model
    that is not known here takes anything. `strict`: whether answers that nobody asked for are an
    error too, see `check`.
    """

    def __init__(self, *, strict: bool = True) -> None:
        self.url: str = ""
        self.strict = strict
        self._script = Script()
        self._running = ExitStack()

    @property
    def requests(self) -> list[Asked]:
        """What was asked, in order, also what was refused; without any key."""
        return list(self._script.asked)

    def answer(
        self,
        *pieces: str | Piece,
        reasoning: str = "",
        ttft: float = 0.0,
        delay: float = 0.0,
        usage: Usage | None = None,
        finish_reason: str = "stop",
        error: str | None = None,
        cut_after: int | None = None,
        ending: Ending = "close",
        stall_after: int | None = None,
        fault: Fault | None = None,
    ) -> None:
        """Script the next answer: `pieces` after each other, one chunk each, behind `reasoning`.

        `ttft` is how many seconds it takes to the first chunk, `delay` from one to the next. With
        `error` the task fails after the pieces, with that message. One thing may go wrong on the
        wire: the stream is cut off after `cut_after` chunks (`ending` as of
        `foxstream.gateway.faults.CutAfter`), falls silent after `stall_after`, or meets any
        `fault` of that module. A stream that is opened again is whole.

        Raises `InvalidInputError` for a negative number, for more than one mishap, and for a
        piece that is no text.
        """
        _check_not_negative(ttft=ttft, delay=delay, cut_after=cut_after, stall_after=stall_after)
        thought = (Piece(reasoning=reasoning),) if reasoning else ()
        self._script.add(
            Answer(
                pieces=(*thought, *map(_piece, pieces)),
                ttft=ttft,
                delay=delay,
                usage=usage,
                finish_reason=finish_reason,
                failure=None if error is None else Fail(error),
                fault=_mishap(cut_after, ending, stall_after, fault),
            )
        )

    def refuse(
        self,
        status: int,
        message: str = "refused by the test",
        *,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Script a refusal as the next answer, such as 429 with `retry_after` in seconds.

        A client that asks again needs an answer after it. Raises `InvalidInputError` for a status
        that is none of an error, and for negative seconds.
        """
        _check_not_negative(retry_after=retry_after)
        if not 400 <= status <= 599:
            raise InvalidInputError(f"status is {status}: one of an error, from 400 to 599")
        headers = {"Content-Type": "application/json"}
        if retry_after is not None:
            headers["Retry-After"] = f"{retry_after:.12g}"
        error = RefusedError(status, "scripted_error", message, code=code).error
        body = msgspec.json.encode(ErrorEnvelope(error))
        self._script.add(Answer(fault=Reply(status, body, headers)))

    def check(self) -> None:
        """`UnansweredError` where a request found no answer, `UnaskedError` where one is left."""
        self._script.check(strict=self.strict)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            portal = starting.enter_context(start_blocking_portal())
            turns = Turns(self._script)
            gateway = running_gateway(ScriptedEngine(script), faults=turns, models=turns.models)
            self.url = starting.enter_context(portal.wrap_async_context_manager(gateway))
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()


def _piece(piece: str | Piece) -> Piece:
    if isinstance(piece, Piece):
        return piece
    if not isinstance(piece, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"a piece is {type(piece).__name__}: give each as a string")
    return Piece(text=piece)


def _mishap(
    cut_after: int | None, ending: Ending, stall_after: int | None, fault: Fault | None
) -> Fault:
    mishaps: list[Fault] = []
    if cut_after is not None:
        mishaps.append(CutAfterEvents(cut_after, ending))
    if stall_after is not None:
        mishaps.append(StallAfterEvents(stall_after))
    if fault is not None:
        mishaps.append(fault)
    if len(mishaps) > 1:
        raise InvalidInputError("cut_after, stall_after and fault exclude each other: give one")
    return mishaps[0] if mishaps else Fault()


def _check_not_negative(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not value >= 0:
            raise InvalidInputError(f"{name} is {value}: from 0 on")
