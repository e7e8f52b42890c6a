"""The two forms of an answer on the wire: OpenAI's chat completions and FoxAPI's tasks.

House rule: both tell the same pieces; only the names of the events, the way they end and the way
they report an error differ.
"""

from __future__ import annotations

import msgspec

from foxstream import sse

__all__ = ["FOXAPI", "OPENAI", "TASK", "Dialect", "task"]

TASK = "task-llm-1776874565-yq3szvcu"
_FAILURE = "upstream returned 502"


class Dialect(msgspec.Struct, frozen=True):
    """FoxAPI names its events and counts the chunks, OpenAI ends with `[DONE]` and no count."""

    named: bool

    def chunk(self, piece: str) -> bytes:
        """One piece of text as an event."""
        return self._event({"choices": [_choice({"content": piece}, None)]})

    def end(self, pieces: int) -> bytes:
        """What comes after so many pieces: the finish reason, then the final marker."""
        finish = self._event({"choices": [_choice({}, "stop")]})
        if not self.named:
            return finish + b"data: [DONE]\n\n"
        return finish + sse.encode("done", msgspec.json.encode({"total_chunks": pieces + 1}))

    def error_object(self) -> bytes:
        """An error in the place of a chunk."""
        return self._event({"error": {"message": _FAILURE, "type": "server_error"}})

    def error_event(self) -> bytes:
        """An event of its own, with the message at its top."""
        return sse.encode("error", msgspec.json.encode({"message": _FAILURE}))

    def _event(self, fields: dict[str, object]) -> bytes:
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1776874565}
        data = msgspec.json.encode({**chunk, "model": "m-1", **fields})
        return sse.encode("chunk", data) if self.named else b"data: %b\n\n" % data


OPENAI = Dialect(named=False)
FOXAPI = Dialect(named=True)


def task(stream_url: str, text: str | None) -> bytes:
    """The task, as its submit and its polls are answered; `text` once it is completed."""
    return msgspec.json.encode(
        {
            "id": TASK,
            "object": "llm.generation.task",
            "status": "processing" if text is None else "completed",
            "stream": {"url": stream_url},
            "results": None if text is None else [_completion(text)],
        }
    )


def _completion(text: str) -> dict[str, object]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice]}


def _choice(delta: dict[str, str], finish_reason: str | None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason}
