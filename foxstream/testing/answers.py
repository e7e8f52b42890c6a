"""A scripted answer: what is said, how fast, and what goes wrong on its way.

House rule: plain data, and the steps an engine makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from foxstream.answer import Usage
from foxstream.gateway.engine import Piece
from foxstream.gateway.faults import Fault
from foxstream.gateway.scripted import Fail, Wait

__all__ = ["Answer", "steps_of"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`pieces` in order, one chunk each; see `ScriptedGateway.answer`."""

    pieces: tuple[Piece, ...] = ()
    ttft: float = 0.0
    delay: float = 0.0
    finish_reason: str = "stop"
    usage: Usage | None = None
    failure: Fail | None = None
    fault: Fault = msgspec.field(default_factory=Fault)


def steps_of(answer: Answer) -> Iterator[Piece | Wait | Fail]:
    """The steps for a `ScriptedEngine`; the end has a chunk of its own, as the service sends it."""
    yield Wait(answer.ttft)
    for position, piece in enumerate(answer.pieces):
        if position:
            yield Wait(answer.delay)
        yield piece
    if answer.failure is not None:
        yield answer.failure
    else:
        yield Piece(finish_reason=answer.finish_reason, usage=answer.usage)
