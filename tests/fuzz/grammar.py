"""Inputs that look right but for a few places: where to begin, and how to go astray from there."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from foxstream.sse import encode
from tests.script import accepted, as_json, chunk, done, task

CALL = [{"index": 0, "id": "a", "function": {"name": "look", "arguments": '{"at":'}}]
USAGE = {"total_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 1}}
EVENTS = (
    chunk(role="assistant"),
    chunk("é🦊\u2028"),
    chunk("", reasoning_content="hm\r\n"),
    chunk(reasoning="狐狸", index=1),
    chunk(tool_calls=CALL),
    chunk("[DONE]", finish="stop"),
    encode("chunk", as_json({"choices": [], "usage": USAGE})),
    encode("message", as_json({"choices": [{"delta": {"content": "a"}}]}))[
        len("event: message\n") :
    ],
    encode("progress", b'{"percent": 5}'),
    encode("chunk", b'{"error": {"message": "no", "code": 5}}'),
    encode("error", b'{"message": "upstream returned 502"}'),
    encode("error", b"plain text"),
    done(2),
    b"data: [DONE]\n\n",
    b": keep-alive\n\n",
    b"id: 7\nretry: 1500\n\n",
    b"data\ndata:\n\n",
)
ODD_VALUES = (
    *(b"null", b"true", b"-1", b"0", b"1.5", b"1e999", b"9" * 30, b'""', b'"0"', b"{}", b"[]"),
    *(b"[{}]", b"[null]", b'"\\ud800"', b'"\xff"', b"[" * 2000, b'{"a":' * 1500, b"nan", b'"\0"'),
)
ODD_BYTES = (
    *(b"\0", b"\n", b"\r", b"\r\n", b"\n\n", b":", b" ", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xff"),
    *(b"data", b"data: ", b"event: ", b"event: done\n", b"id:", b"retry: 9\n", b"x" * 100),
)
SCALAR = re.compile(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|true|false|null')

Mutation = Callable[[bytes, random.Random], bytes]


def mutated(stream: bytes, chance: random.Random) -> bytes:
    """The stream with one to four things wrong, or merely different."""
    for _ in range(chance.randint(1, 4)):
        stream = chance.choice(MUTATIONS)(stream, chance)
    return stream


def with_an_event(stream: bytes, chance: random.Random) -> bytes:
    events = stream.split(b"\n\n")
    events.insert(chance.randint(0, len(events) - 1), chance.choice(EVENTS)[:-2])
    return b"\n\n".join(events)


def with_an_event_moved(stream: bytes, chance: random.Random) -> bytes:
    """Moved, repeated, or left out."""
    events = stream.split(b"\n\n")
    event = chance.choice(events)
    events.remove(event)
    for _ in range(chance.randint(0, 2)):
        events.insert(chance.randint(0, len(events)), event)
    return b"\n\n".join(events)


def with_an_odd_value(stream: bytes, chance: random.Random) -> bytes:
    values = list(SCALAR.finditer(stream))
    if not values:
        return stream
    start, end = chance.choice(values).span()
    return stream[:start] + chance.choice(ODD_VALUES) + stream[end:]


def with_odd_bytes(stream: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(stream))
    return stream[:at] + chance.choice(ODD_BYTES) + stream[at:]


def with_a_gap(stream: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(stream))
    return stream[:start] + stream[start + chance.randint(1, 40) :]


def with_other_line_ends(stream: bytes, chance: random.Random) -> bytes:
    return stream.replace(b"\n", chance.choice((b"\r", b"\r\n")), chance.choice((1, 3, -1)))


def cut(stream: bytes, chance: random.Random) -> bytes:
    return stream[: chance.randint(0, len(stream))]


MUTATIONS: tuple[Mutation, ...] = (
    with_an_event,
    with_an_event_moved,
    with_an_odd_value,
    with_odd_bytes,
    with_a_gap,
    with_other_line_ends,
    cut,
)


@cache
def seeds(target: str) -> list[bytes]:
    """Where a search begins: well-formed inputs of every kind."""
    if target == "wire":
        return [*bodies(), *(event.partition(b"data: ")[2].rstrip(b"\n") for event in EVENTS)]
    if target == "replies":
        return [head + b"\n\n" + body for head in HEADS for body in bodies()]
    return [b"".join(EVENTS[:8]) + done(8), *EVENTS, *conformance()]


HEADS = (
    b"content-type: text/event-stream; charset=utf-8\nretry-after: 1.5",
    b"retry-after: Wed, 21 Oct 2026 07:28:00 GMT\ndate: Wed, 21 Oct 2026 07:27:00 GMT",
    b"content-encoding: gzip\nx-request-id: req-1",
)


def bodies() -> list[bytes]:
    failure = {"message": "no channel (request_id: r-1)", "type": "task_error", "code": "c"}
    return [
        accepted().parts[0],
        task("completed", "Hello").parts[0],
        task("failed", error=failure).parts[0],
        as_json({"error": failure}),
        as_json({"detail": "Not Found"}),
        as_json({"data": [{"id": "m", "capabilities": ["text", "video"]}]}),
        as_json({"url": "https://fox.test/a.mp4", "size": 5}),
        as_json({"results": [{"message": {"content": "a"}}], "id": "t", "stream_url": "/s"}),
        as_json({"object": "chat.completion", "choices": [{"message": {"tool_calls": CALL}}]}),
        b"<html>502 Bad Gateway</html>",
    ]


def conformance() -> list[bytes]:
    folder = Path(__file__).parent.parent / "sse_cases"
    cases = json.loads((folder / "wpt_eventsource_cases.json").read_text())
    return [base64.b64decode(case["stream_bytes_base64"]) for case in cases]
