"""One answer on its way out: `Piece` -> `Chunk`, and all of them -> `ChatCompletion`.

House rule: the first chunk of a choice carries its role; reasoning goes out in chunks and is never
part of the completion (contract, section 4, "Reasoning caveat").
"""

from __future__ import annotations

import secrets
import time

from msgspec import UNSET, UnsetType

from foxstream.answer import ToolCallDelta, Usage
from foxstream.gateway.engine import Piece
from foxstream.gateway.shapes import (
    ChatCompletion,
    Choice,
    Chunk,
    ChunkChoice,
    ChunkDelta,
    Function,
    Message,
    TokenUsage,
    ToolCall,
    ToolCallFragment,
)

__all__ = ["Transcript"]


class Transcript:
    """Turns the pieces of one answer into chunks and remembers what was said.

    `size` is the number of characters that are remembered.
    """

    def __init__(self, model: str) -> None:
        self.size: int = 0
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())
        self._model = model
        self._choices: dict[int, _Spoken] = {}
        self._usage: TokenUsage | UnsetType = UNSET

    def add(self, piece: Piece) -> Chunk:
        """Remember `piece`; return the chunk that carries it (no choices for a bare usage)."""
        usage = UNSET if piece.usage is None else _usage(piece.usage)
        if usage is not UNSET:
            self._usage = usage
        bare = usage is not UNSET and piece == Piece(usage=piece.usage)
        choices = () if bare else (self._choice(piece),)
        self.size += len(piece.text) + sum(len(call.arguments) for call in piece.tool_calls)
        return Chunk(self._id, "chat.completion.chunk", self._created, self._model, choices, usage)

    def completion(self) -> ChatCompletion:
        """What was said, as one answer; it always has a choice 0."""
        self._choices.setdefault(0, _Spoken())
        choices = tuple(spoken.choice(i) for i, spoken in sorted(self._choices.items()))
        return ChatCompletion(
            self._id, "chat.completion", self._created, self._model, choices, self._usage
        )

    def _choice(self, piece: Piece) -> ChunkChoice:
        first = piece.index not in self._choices
        self._choices.setdefault(piece.index, _Spoken()).add(piece)
        return ChunkChoice(piece.index, _delta(piece, first=first), piece.finish_reason)


class _Spoken:
    """What one choice has said so far."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: dict[int, list[ToolCallDelta]] = {}
        self._finish_reason = "stop"

    def add(self, piece: Piece) -> None:
        self._texts.append(piece.text)
        self._finish_reason = piece.finish_reason or self._finish_reason
        for fragment in piece.tool_calls:
            self._calls.setdefault(fragment.index, []).append(fragment)

    def choice(self, index: int) -> Choice:
        calls = tuple(_joined(fragments) for _, fragments in sorted(self._calls.items()))
        message = Message("assistant", "".join(self._texts), calls or UNSET)
        return Choice(index, message, self._finish_reason)


def _delta(piece: Piece, *, first: bool) -> ChunkDelta:
    silent = not (piece.text or piece.reasoning or piece.tool_calls or piece.finish_reason)
    return ChunkDelta(
        role="assistant" if first else UNSET,
        content=piece.text if piece.text or silent else UNSET,
        reasoning_content=piece.reasoning or UNSET,
        tool_calls=tuple(map(_fragment, piece.tool_calls)) or UNSET,
    )


def _fragment(call: ToolCallDelta) -> ToolCallFragment:
    return ToolCallFragment(
        index=call.index,
        function=Function(call.name or UNSET, call.arguments),
        id=call.id or UNSET,
        type="function" if call.id else UNSET,
    )


def _joined(fragments: list[ToolCallDelta]) -> ToolCall:
    name = "".join(fragment.name for fragment in fragments)
    arguments = "".join(fragment.arguments for fragment in fragments)
    return ToolCall("".join(f.id for f in fragments), "function", Function(name, arguments))


def _usage(usage: Usage) -> TokenUsage:
    counts = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
    nested: dict[str, dict[str, int]] = {}
    for path, count in usage.details.items():
        group, _, name = path.rpartition(".")
        nested.setdefault(group, {})[name] = count
    return {name: count for name, count in counts.items() if count is not None} | nested
