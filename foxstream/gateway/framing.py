"""How an answer is told as events: in the words of FoxAPI's tasks, or of OpenAI's chat completions.

House rule: a framing knows one answer. It makes frames and keeps none.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
from msgspec import UNSET

from foxstream import sse
from foxstream.gateway.shapes import (
    ChatCompletion,
    Choice,
    Chunk,
    ChunkChoice,
    ChunkDelta,
    ErrorBody,
    ErrorEnvelope,
    TaskError,
)

__all__ = ["ChatFraming", "Framing", "TaskFraming"]

_encode = msgspec.json.Encoder().encode


class Framing(Protocol):
    """Turns what happens to one answer into the bytes of events."""

    def chunk(self, chunk: Chunk) -> bytes:
        """The frame of a chunk; empty where it is not to be told."""
        ...

    def done(self, completion: ChatCompletion, chunks: int) -> bytes:
        """The frames that end an answer well, after `chunks` frames."""
        ...

    def failed(self, error: TaskError) -> bytes:
        """The frame that ends an answer with `error`."""
        ...


class TaskFraming:
    """`event: chunk`, then `done` with the number of chunks, or `error` (contract, section 4)."""

    def chunk(self, chunk: Chunk) -> bytes:
        """Every chunk is told."""
        return sse.encode("chunk", _encode(chunk))

    def done(self, completion: ChatCompletion, chunks: int) -> bytes:  # noqa: ARG002 (the task has it)
        """Tell the number of all chunks."""
        return sse.encode("done", _encode({"total_chunks": chunks}))

    def failed(self, error: TaskError) -> bytes:
        """Tell the message; the code is the task's."""
        return sse.encode("error", _encode({"message": error.message}))


class ChatFraming:
    """Unnamed chunks, each choice with a `finish_reason`, then `[DONE]`, as OpenAI sends them.

    `with_usage`: whether the usage, where there is one, is told in a last chunk without choices.
    """

    def __init__(self, *, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._finished: set[int] = set()

    def chunk(self, chunk: Chunk) -> bytes:
        """Usage is left out: it comes last, or not at all."""
        self._finished.update(choice.index for choice in chunk.choices if choice.finish_reason)
        if not chunk.choices:
            return b""
        return _data(msgspec.structs.replace(chunk, usage=UNSET))

    def done(self, completion: ChatCompletion, chunks: int) -> bytes:  # noqa: ARG002 (not counted)
        """Finish the choices that the engine left open, tell the usage, say `[DONE]`."""
        last: list[Chunk] = []
        unfinished = [c for c in completion.choices if c.index not in self._finished]
        if unfinished:
            last.append(_chunk_of(completion, *map(_finish, unfinished)))
        if self._with_usage and completion.usage is not UNSET:
            last.append(msgspec.structs.replace(_chunk_of(completion), usage=completion.usage))
        return b"".join(map(_data, last)) + sse.encode("", b"[DONE]")

    def failed(self, error: TaskError) -> bytes:
        """The error envelope in the place of a chunk."""
        return _data(ErrorEnvelope(ErrorBody(error.message, "server_error", error.code)))


def _chunk_of(completion: ChatCompletion, *choices: ChunkChoice) -> Chunk:
    return Chunk(
        completion.id, "chat.completion.chunk", completion.created, completion.model, choices
    )


def _finish(choice: Choice) -> ChunkChoice:
    return ChunkChoice(choice.index, ChunkDelta(), choice.finish_reason)


def _data(value: msgspec.Struct) -> bytes:
    return sse.encode("", _encode(value))
