"""Streams in which it is not obvious where the first token is.

House rule: each case says in which of its blocks the first token, text and reasoning come, the
blocks counted from 0; `None` where there is none.
"""

from __future__ import annotations

import msgspec

__all__ = ["CORPUS", "Case"]


class Case(msgspec.Struct, frozen=True):
    """The blocks of one stream, and where its firsts are."""

    name: str
    blocks: tuple[bytes, ...]
    token: int | None
    text: int | None = None
    reasoning: int | None = None
    chunks: int = 1
    ends: bool = True


def _chunk(delta: str, rest: str = "") -> bytes:
    return f'event: chunk\ndata: {{"choices":[{{"index":0,"delta":{delta}{rest}}}]}}\n\n'.encode()


_ROLE = _chunk('{"role":"assistant"}')
_A = _chunk('{"content":"A"}')
_B = _chunk('{"content":"B"}')
_DONE = b'event: done\ndata: {"total_chunks":%d}\n\n'
_FINISH = _chunk("{}", ',"finish_reason":"stop"')
_USAGE = (
    b'event: chunk\ndata: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1,'
    b'"total_tokens":8}}\n\n'
)


def _ended(chunks: int, *blocks: bytes) -> tuple[bytes, ...]:
    return (*blocks, _DONE % chunks)


_ERROR = b'event: error\ndata: {"message":"overloaded"}\n\n'
_ACCENT = _chunk('{"content":"\u00e9t\u00e9"}')
_CUT = _ACCENT.index(b"\xc3") + 1

CORPUS = (
    Case("only a role", _ended(2, _ROLE, _A), 1, 1),
    Case("content is null", _ended(2, _chunk('{"role":"assistant","content":null}'), _A), 1, 1),
    Case("content is empty", _ended(2, _chunk('{"role":"assistant","content":""}'), _A), 1, 1),
    Case("no delta", _ended(2, b'event: chunk\ndata: {"choices":[{"index":0}]}\n\n', _A), 1, 1),
    Case("delta is null", _ended(2, _chunk("null"), _A), 1, 1),
    Case("usage alone first", _ended(2, _USAGE, _A), 1, 1),
    Case("usage alone last", _ended(2, _A, _USAGE), 0, 0),
    Case("finish alone first", _ended(3, _ROLE, _A, _FINISH), 1, 1),
    Case(
        "reasoning_content",
        _ended(2, _chunk('{"reasoning_content":"Hm"}'), _A),
        0,
        1,
        0,
        chunks=2,
    ),
    Case("reasoning", _ended(2, _chunk('{"reasoning":"Hm"}'), _A), 0, 1, 0, chunks=2),
    Case(
        "reasoning is null",
        _ended(2, _chunk('{"reasoning_content":null,"content":null}'), _A),
        1,
        1,
    ),
    Case(
        "reasoning is empty",
        _ended(2, _chunk('{"reasoning_content":"","reasoning":""}'), _A),
        1,
        1,
    ),
    Case(
        "reasoning and text at once",
        _ended(1, _chunk('{"reasoning":"Hm","content":"A"}')),
        0,
        0,
        0,
    ),
    Case(
        "a tool call",
        _ended(
            2,
            _ROLE,
            _chunk('{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}'),
        ),
        1,
    ),
    Case(
        "no tool calls",
        _ended(2, _chunk('{"tool_calls":[]}'), _A),
        1,
        1,
    ),
    Case("several events in one read", _ended(4, _ROLE + _A + _B, _FINISH), 0, 0, chunks=2),
    Case("an event in two reads", _ended(1, _A[:30], _A[30:]), 1, 1),
    Case("a character in two reads", _ended(1, _ACCENT[:_CUT], _ACCENT[_CUT:]), 1, 1),
    Case("CRLF", tuple(b.replace(b"\n", b"\r\n") for b in _ended(2, _ROLE, _A)), 1, 1),
    Case("CR", tuple(b.replace(b"\n", b"\r") for b in _ended(2, _ROLE, _A)), 1, 1),
    Case("comments first", _ended(1, b": hello\n\n", b": keep-alive\n\n", _A), 2, 2),
    Case("an empty event first", _ended(1, b"data:\n\n", _A), 1, 1),
    Case("an id and a retry first", _ended(1, b"id: 7\nretry: 100\n\n", _A), 1, 1),
    Case("unnamed events", (_A[13:], b"data: [DONE]\n\n"), 0, 0),
    Case("an error in mid-stream", (_ROLE, _A, _ERROR), 1, 1, ends=False),
    Case("an error before any token", (_ROLE, _ERROR), None, chunks=0, ends=False),
    Case("done without a token", _ended(1, _ROLE), None, chunks=0),
    Case("no usage", _ended(3, _ROLE, _A, _FINISH), 1, 1),
    Case("text of another choice", _ended(1, _A.replace(b'"index":0', b'"index":1')), 0, 0),
)
"""What may begin a stream without beginning the answer."""
