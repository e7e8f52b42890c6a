"""The recorded answer: its chunks as the service logs them, and what they say.

House rule: JSON is read and written here with `msgspec.json` alone, so that the judge of foxstream
does not believe foxstream.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from itertools import cycle
from typing import NamedTuple

import msgspec

__all__ = ["PIECES", "Piece", "Recording", "Words", "recorded", "reworded", "words_of"]


class Words(NamedTuple):
    """What was said, on its two channels."""

    reasoning: str = ""
    text: str = ""

    def begins(self, other: Words) -> bool:
        """Whether `other` may be what becomes of this: all reasoning is said before the text."""
        if self.text:
            return self.reasoning == other.reasoning and other.text.startswith(self.text)
        return other.reasoning.startswith(self.reasoning)

    def and_then(self, other: Words) -> Words:
        """Both, one after the other."""
        return Words(self.reasoning + other.reasoning, self.text + other.text)


class Piece(NamedTuple):
    """What one chunk says; one that says nothing keeps the connection alive."""

    reasoning: str = ""
    text: str = ""
    finish_reason: str | None = None


class Recording(NamedTuple):
    """An answer as it was logged: the data of each chunk, and all of their words."""

    chunks: tuple[bytes, ...]
    words: Words

    @classmethod
    def of(cls, chunks: Sequence[bytes]) -> Recording:
        """The recording that consists of `chunks`."""
        return cls(tuple(chunks), reduce(Words.and_then, map(words_of, chunks)))


_THOUGHTS = ("Été ", "狐が", "走る。", "🦊🦊 ", "e\u0301tude ", "ثعلب ", "naïf ")
_WORDS = ("lièvre ", "狐狸", "🦊 ", "cafe\u0301 ", "שועל ", "ßtraße ", "— ", "👩‍🚀 ", "नमस्ते ")


def _numbered(words: Sequence[str], numbers: range) -> list[str]:
    """No two are the same, so that none can stand in for another unseen."""
    return [f"{number}{word}" for number, word in zip(numbers, cycle(words), strict=False)]


PIECES: tuple[Piece, ...] = (
    Piece(),
    *(Piece(reasoning=thought) for thought in _numbered(_THOUGHTS, range(16))),
    Piece(),
    *(Piece(text=word) for word in _numbered(_WORDS, range(20))),
    Piece(),
    Piece(),
    *(Piece(text=word) for word in _numbered(_WORDS, range(20, 44))),
    Piece(finish_reason="stop"),
)
"""A role, reasoning, text, signs of life between them, and the reason why it ends."""


@cache
def recorded() -> Recording:
    """`PIECES` as the service logs them."""
    return Recording.of([_chunk(number, piece) for number, piece in enumerate(PIECES)])


def words_of(chunk: bytes) -> Words:
    """What a chunk says."""
    delta = msgspec.json.decode(chunk)["choices"][0]["delta"]
    return Words(delta.get("reasoning_content") or "", delta.get("content") or "")


def reworded(chunk: bytes, words: Words) -> bytes:
    """The same chunk with other words."""
    body = msgspec.json.decode(chunk)
    said = {"reasoning_content": words.reasoning, "content": words.text}
    body["choices"][0]["delta"] = {name: value for name, value in said.items() if value}
    return msgspec.json.encode(body)


def _chunk(number: int, piece: Piece) -> bytes:
    """As terse as a chunk may be, because every byte of it will be tried."""
    delta: dict[str, str] = {} if number else {"role": "assistant"}
    if piece.reasoning:
        delta["reasoning_content"] = piece.reasoning
    elif piece.finish_reason is None:
        delta["content"] = piece.text
    choice = {"delta": delta}
    ends = {"finish_reason": piece.finish_reason} if piece.finish_reason else {}
    names = {} if number else {"id": "chatcmpl-1", "model": "m-1"}
    return msgspec.json.encode(names | {"choices": [choice | ends]})
