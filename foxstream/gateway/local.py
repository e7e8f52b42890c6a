"""The embedded engine: opens the media it is sent and says what it measured.

House rule: no model, no network, no guess. The same bytes give the same words.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from typing import NamedTuple

import anyio

from foxstream.answer import Usage
from foxstream.errors import InvalidInputError
from foxstream.gateway.engine import EngineError, Generation, Media, Piece
from foxstream.gateway.notes import note
from foxstream.gateway.sentences import account, in_few_words
from foxstream.video import DEFAULT_LIMITS, Fact, Kind, Limits, Measurement, examine, require_pyav

__all__ = ["LocalEngine"]

_WHO = (
    "I am foxstream's local engine. I measure media and am no language model, so I can tell what"
    " a file is made of, but not what it shows or means."
)
_NOTHING = "You sent no video, image or sound, so there is nothing for me to measure."
_FILES = "Other files I do not open."
_ROOM = re.compile(r"at most (\d{1,6}) characters", re.ASCII)
_WORD = re.compile(r"\S+\s*|\s+")


class LocalEngine:
    """Measures videos, images and sounds, and tells about them word by word.

    First come the figures as reasoning, each as soon as it is known, unless the request says
    `reasoning=False`; then the answer in sentences, or in few words where the prompt allows "at
    most" so many "characters", as one for a caption does. A piece is a word, and pieces are what
    `max_tokens` limits and the usage counts, those of the reasoning too. `delay` is the time
    between two pieces in seconds, `limits` the bounds of what is opened. What cannot be opened
    fails the task with the code `invalid_file_type`. Needs the extra `video`, else
    `MissingExtraError`.
    """

    def __init__(self, *, delay: float = 0.02, limits: Limits = DEFAULT_LIMITS) -> None:
        require_pyav()
        self._delay = delay
        self._limits = limits

    async def run(self, generation: Generation, media: Media, /) -> AsyncGenerator[Piece]:
        """Measure what was sent and tell about it."""
        said = reasoned = 0
        finish_reason = "stop"
        async with aclosing(self._pieces(generation, media)) as pieces:
            async for piece in pieces:
                if said == generation.max_tokens:
                    finish_reason = "length"
                    break
                said += 1
                reasoned += bool(piece.reasoning)
                yield piece
                await anyio.sleep(self._delay)
        yield Piece(finish_reason=finish_reason, usage=_usage(generation, said, reasoned))

    async def _pieces(self, generation: Generation, media: Media) -> AsyncGenerator[Piece]:
        items = _items(generation)
        room = _room(generation.prompt)
        accounts: list[str] = []
        for item in items:
            facts: list[Fact] = []
            async with aclosing(self._examined(item, media)) as found:
                async for fact in found:
                    facts.append(fact)
                    if generation.reasoning is not False:
                        for word in _words(f"{note(fact)}\n"):
                            yield Piece(reasoning=word)
            measured = Measurement.of(facts)
            if room is None:
                accounts.append(" ".join(account(measured, item.name)))
            else:
                accounts.append(in_few_words(measured, room // len(items)))
        brief = room is not None and accounts
        answer = " ".join(accounts) if brief else _answer(accounts, files=bool(generation.files))
        for word in _words(answer):
            yield Piece(text=word)

    async def _examined(self, item: _Item, media: Media) -> AsyncGenerator[Fact]:
        data = await media.read(item.url)
        try:
            async with aclosing(examine(data, item.kind, limits=self._limits)) as facts:
                async for fact in facts:
                    yield fact
        except InvalidInputError as error:
            message = f"{item.name} cannot be measured: {error}"
            raise EngineError(message, code="invalid_file_type") from error


class _Item(NamedTuple):
    """One of the media, and what the answer calls it."""

    kind: Kind
    url: str
    name: str


def _items(generation: Generation) -> list[_Item]:
    return [
        *_named("video", "video", generation.videos),
        *_named("image", "image", generation.images),
        *_named("audio", "sound", generation.audios),
    ]


def _named(kind: Kind, noun: str, urls: Sequence[str]) -> Iterator[_Item]:
    for number, url in enumerate(urls, 1):
        yield _Item(kind, url, f"The {noun}" if len(urls) == 1 else f"{noun.capitalize()} {number}")


def _room(prompt: str) -> int | None:
    """How many characters the answer may have, where the prompt says so."""
    asked = _ROOM.search(prompt)
    return None if asked is None else int(asked[1])


def _answer(accounts: Sequence[str], *, files: bool) -> str:
    paragraphs = [_WHO, *(accounts or [_NOTHING])]
    if files:
        paragraphs.append(_FILES)
    return "\n\n".join(paragraphs)


def _words(text: str) -> list[str]:
    """Cut into words, each with the space that follows it."""
    return _WORD.findall(text)


def _usage(generation: Generation, said: int, reasoned: int) -> Usage:
    asked = len(_words(generation.system_prompt)) + len(_words(generation.prompt))
    return Usage(
        prompt_tokens=asked,
        completion_tokens=said,
        total_tokens=asked + said,
        details={"completion_tokens_details.reasoning_tokens": reasoned},
    )
