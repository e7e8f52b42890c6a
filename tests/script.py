"""What the service would say, as plays of a `ReplayTransport`: short words for tests."""

from __future__ import annotations

import msgspec

from foxstream import Client
from foxstream.sse import encode
from foxstream.transports import Play, ReplayTransport

TASK = "task-llm-1776874565-yq3szvcu"
JSON = {"content-type": "application/json"}
KEY = "sk-a-very-secret-key"


def as_json(value: object) -> bytes:
    return msgspec.json.encode(value)


def chunk(
    content: str | None = None, *, index: int = 0, finish: str | None = None, **delta
) -> bytes:
    """One `chunk` event; `delta` are further fields of the delta."""
    delta = {"content": content, **delta}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return encode("chunk", as_json({"id": "chatcmpl-1", "model": "m-1", "choices": [choice]}))


def done(total: int) -> bytes:
    return encode("done", as_json({"total_chunks": total}))


def accepted(**fields: object) -> Play:
    """The answer of a submit."""
    task = {"id": TASK, "object": "llm.generation.task", "status": "pending", "progress": 0}
    stream = {"url": f"/v1/llm/generations/{TASK}/stream"}
    return Play((as_json(task | {"stream": stream, "results": None} | fields),), headers=JSON)


def task(status: str, text: str | None = None, **fields: object) -> Play:
    """The answer of a poll."""
    results = None
    if text is not None:
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        results = [{"object": "chat.completion", "choices": choices, "usage": usage}]
    body = {"id": TASK, "status": status, "results": results} | fields
    return Play((as_json(body),), headers=JSON)


def says(*parts: object) -> Play:
    """An event stream."""
    return Play(parts)


def refusal(status: int, message: str = "no", **headers: str) -> Play:
    body = as_json({"error": {"message": message, "type": "some_error"}})
    return Play((body,), status=status, headers=JSON | headers)


def client_of(*plays: Play, **options: object) -> tuple[Client, ReplayTransport]:
    transport = ReplayTransport(plays)
    options.setdefault("base_url", "https://fox.test")
    return Client(KEY, transport=transport, **options), transport
