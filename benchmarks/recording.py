"""The stream that all read: one answer as the service sends it (contract, section 4).

House rule: all read the same bytes; only the event that ends the stream differs by dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, cycle, islice, repeat

import msgspec

from foxstream import sse

__all__ = ["DONE", "Recording", "record"]

DONE = b"data: [DONE]\n\n"
"""The end of an OpenAI-style stream."""

_REASONING = (
    "The clip runs for 5.3 s at 25 frames per second. I count three shots; the second one begins "
    "at 1.9 s. The rabbit 🐇 looks up, so the butterfly must be above the frame…\n\n"
)
_ANSWER = (
    'A large grey rabbit wakes in a meadow and stretches. A sign reads "Café Zürich — 営業中". '
    "Then a butterfly 🦋 lands on his nose, he sneezes, and three squirrels laugh at him:\n"
    "- the first throws a nut,\n- the second one ducks,\n- the third (左) keeps watch.\n"
)
_TOKEN = re.compile(r"\s*\w{1,6}|\s*[^\w\s]|\s+")


class Recording(msgspec.Struct, frozen=True):
    """`data` holds each chunk's JSON, `text` and `reasoning` what they say together."""

    data: list[bytes]
    text: str
    reasoning: str

    @property
    def size(self) -> int:
        """Bytes on the wire, without the end."""
        return sum(len(sse.encode("chunk", data)) for data in self.data)

    def reads(self, frames_per_read: int, end: bytes | None = None) -> list[bytes]:
        """The stream as it arrives; `end` stands in for the service's own `done` event."""
        frames = [sse.encode("chunk", data) for data in self.data]
        starts = range(0, len(frames), frames_per_read)
        reads = [b"".join(frames[at : at + frames_per_read]) for at in starts]
        return [*reads, end or sse.encode("done", b'{"total_chunks":%d}' % len(frames))]


@cache
def record(chunks: int) -> Recording:
    """An answer of `chunks` chunks: a role, reasoning (a quarter), text, a finish reason."""
    thoughts = list(islice(cycle(_TOKEN.findall(_REASONING)), chunks // 4))
    answer = list(islice(cycle(_TOKEN.findall(_ANSWER)), chunks - len(thoughts) - 2))
    deltas: Iterator[dict[str, str]] = chain(
        [{"role": "assistant", "content": ""}],
        ({"reasoning_content": piece} for piece in thoughts),
        ({"content": piece} for piece in answer),
        [{}],
    )
    reasons = chain(repeat(None, chunks - 1), ["stop"])
    data = [_chunk(delta, reason) for delta, reason in zip(deltas, reasons, strict=True)]
    return Recording(data, "".join(answer), "".join(thoughts))


def _chunk(delta: dict[str, str], finish_reason: str | None) -> bytes:
    return msgspec.json.encode(
        {
            "id": "chatcmpl-7d3f0c52",
            "object": "chat.completion.chunk",
            "created": 1776874482,
            "model": "gemini-2.5-pro",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
        }
    )
