"""The answer text alone, out of the deltas of a stream.

House rule: a view, which keeps nothing of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Self

from foxstream.answer import Delta

__all__ = ["TextStream", "answer_text"]


class TextStream:
    """The text of choice 0, read through its stream."""

    def __init__(self, stream: AsyncIterator[Delta]) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        while True:
            if text := answer_text(await anext(self._stream)):
                return text


def answer_text(delta: Delta) -> str:
    """The answer text of choice 0 in a delta; empty where there is none."""
    return delta.text if delta.index == 0 else ""
