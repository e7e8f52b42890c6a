"""The engine that keeps to a script."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from foxstream.answer import Usage
from foxstream.bench.truth.script import Script, script_of
from foxstream.gateway.engine import Generation, Media, Piece

__all__ = ["TruthEngine"]

_WORDS = ("The ", "fox ", "leaps ", "over ", "a ", "lazy ", "dog, ", "once ", "more. ")


class TruthEngine:
    """Says each token at its instant of an absolute schedule: late ones delay no others."""

    async def run(self, generation: Generation, _media: Media, /) -> AsyncIterator[Piece]:
        """Play the script that the prompt asks for."""
        script = script_of(generation.prompt)
        began = time.monotonic()
        for _ in range(script.empty):
            yield Piece()
        for number in range(script.chunks):
            await asyncio.sleep(began + script.lead + number * script.interval - time.monotonic())
            yield _piece(script, number)
        yield Piece(finish_reason="stop", usage=_usage(generation, script))


def _piece(script: Script, number: int) -> Piece:
    word = _WORDS[number % len(_WORDS)]
    return Piece(reasoning=word) if number < script.reasoning else Piece(text=word)


def _usage(generation: Generation, script: Script) -> Usage:
    asked = max(1, len(generation.prompt) // 4)
    return Usage(asked, script.chunks, asked + script.chunks)
