"""An engine that says exactly what a test tells it to, when it tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

import anyio
import msgspec

from foxstream.gateway.engine import EngineError, Generation, Media, Piece

__all__ = ["Fail", "Script", "ScriptedEngine", "Think", "Wait"]


class Think(msgspec.Struct, frozen=True):
    """Some reasoning, as one chunk."""

    text: str


class Wait(msgspec.Struct, frozen=True):
    """Wait for seconds, or for an event that the test sets."""

    until: float | asyncio.Event | anyio.Event


class Fail(msgspec.Struct, frozen=True):
    """The generation fails here."""

    message: str
    code: str = "upstream_error"


Script = Iterable[str | Think | Piece | Wait | Fail]
"""What to do, step by step; a `str` is answer text, as one chunk."""


class ScriptedEngine:
    """Plays a script, or the one that `script(generation)` returns, for every request.

    Nothing is added: the chunks are those of the script, so a `finish_reason` or a usage comes
    only from a `Piece` that carries it. `seen` holds the requests in the order they were run.
    """

    def __init__(self, script: Script | Callable[[Generation], Script]) -> None:
        self._script = script
        self.seen: list[Generation] = []

    async def run(self, generation: Generation, _media: Media, /) -> AsyncIterator[Piece]:
        """Play the script."""
        self.seen.append(generation)
        script = self._script(generation) if callable(self._script) else self._script
        for step in script:
            if isinstance(step, Wait):
                await _wait(step.until)
            elif isinstance(step, Fail):
                raise EngineError(step.message, code=step.code)
            else:
                yield _piece(step)


def _piece(step: str | Think | Piece) -> Piece:
    if isinstance(step, str):
        return Piece(text=step)
    return Piece(reasoning=step.text) if isinstance(step, Think) else step


async def _wait(until: float | asyncio.Event | anyio.Event) -> None:
    if isinstance(until, int | float):
        await anyio.sleep(until)
    else:
        await until.wait()
