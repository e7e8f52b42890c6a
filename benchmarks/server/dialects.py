"""The same answer in the words of three services: frames of server-sent events.

House rule: a dialect changes the wrapping, never the pieces: every rider hears the same text in the
same number of deltas.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec

from benchmarks.recording import DONE, record
from foxstream import sse, wire

__all__ = ["DIALECTS", "STAMP", "Dialect", "Frames", "wide", "words"]

STAMP = b"@stamp@"
"""Stands in a stamped frame where its number and instant belong."""

_WORDS = "The rabbit wakes, and a butterfly lands on his nose. "
_STAMPED = msgspec.json.encode({"choices": [{"index": 0, "delta": {"content": STAMP.decode()}}]})


class Frames(msgspec.Struct, frozen=True):
    """`chunks` are one delta each; `begin` and `end` carry none."""

    begin: bytes
    chunks: list[bytes]
    end: bytes


Dialect = Callable[[int], Frames]
"""The frames of an answer of so many chunks, of `STAMP`s where the number is negative."""


def _data(chunks: int) -> list[bytes]:
    return record(chunks).data if chunks > 0 else [_STAMPED] * -chunks


@cache
def foxapi(chunks: int) -> Frames:
    """Named events (contract, section 4)."""
    done = sse.encode("done", b'{"total_chunks":%d}' % abs(chunks))
    return Frames(b"", [sse.encode("chunk", data) for data in _data(chunks)], done)


@cache
def wide(chunks: int, width: int) -> Frames:
    """The service's own dialect, `width` characters of text in each chunk."""
    data = msgspec.json.encode({"choices": [{"index": 0, "delta": {"content": words(width)}}]})
    done = sse.encode("done", b'{"total_chunks":%d}' % chunks)
    return Frames(b"", [sse.encode("chunk", data)] * chunks, done)


def words(width: int) -> str:
    """So many characters of ASCII."""
    return (_WORDS * (width // len(_WORDS) + 1))[:width]


@cache
def openai(chunks: int) -> Frames:
    """Unnamed events, then `[DONE]`."""
    return Frames(b"", [b"data: %b\n\n" % data for data in _data(chunks)], DONE)


@cache
def anthropic(chunks: int) -> Frames:
    """Two content blocks, the first one of thinking."""
    deltas = [wire.decode_chunk(data).choices[0].delta for data in _data(chunks)]  # type: ignore[index]
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m-1",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    begin = _event("message_start", message=message) + _block(0, thinking)
    between = _event("content_block_stop", index=0) + _block(1, {"type": "text", "text": ""})
    frames = [
        _event(
            "content_block_delta",
            index=1,
            delta={"type": "text_delta", "text": delta.content or ""},
        )
        if delta.reasoning_content is None
        else _event(
            "content_block_delta",
            index=0,
            delta={"type": "thinking_delta", "thinking": delta.reasoning_content},
        )
        for delta in deltas
        if delta is not None
    ]
    first_text = next(at for at, delta in enumerate(deltas) if at and delta and delta.content)
    frames[first_text] = between + frames[first_text]
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    end = _event("content_block_stop", index=1)
    end += _event("message_delta", delta=stop, usage={"output_tokens": 1}) + _event("message_stop")
    return Frames(begin, frames, end)


def _block(index: int, block: dict[str, str]) -> bytes:
    return _event("content_block_start", index=index, content_block=block)


def _event(kind: str, **fields: object) -> bytes:
    return sse.encode(kind, msgspec.json.encode({"type": kind, **fields}))


DIALECTS: dict[str, Dialect] = {"foxapi": foxapi, "openai": openai, "anthropic": anthropic}
"""By name."""
