"""Raw records made by hand, in seconds, and the loops that real ones come from."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from foxstream.bench.record import Record

EPOCH = 1_000_000_000_000


def ns(seconds: float) -> int:
    return EPOCH + round(seconds * 1e9)


def record(
    index: int = 0,
    *,
    intended: float = 0.0,
    issued: float | None = None,
    ttft: float = 0.3,
    gaps: Sequence[float] = (0.01, 0.02),
    closed: float | None = None,
    **fields: object,
) -> Record:
    """A whole answer: `ttft` and the gaps, in seconds from when it was due."""
    chunks = [intended + ttft]
    for gap in gaps:
        chunks.append(chunks[-1] + gap)
    done = chunks[-1]
    made: dict[str, object] = {
        "intended_ns": ns(intended),
        "issued_ns": ns(intended if issued is None else issued),
        "submit_sent_ns": ns(intended),
        "first_token_ns": ns(chunks[0]),
        "first_text_token_ns": ns(chunks[0]),
        "last_token_ns": ns(done),
        "done_ns": ns(done),
        "closed_ns": ns(done if closed is None else closed),
        "chunk_ns": [ns(instant) for instant in chunks],
        "completion_tokens": len(chunks),
    }
    return Record(index=index, **made | fields)


def failed(index: int = 0, *, intended: float = 0.0, seconds: float = 0.1, **fields: object):
    """One that was refused after some time."""
    made = {
        "issued_ns": ns(intended),
        "closed_ns": ns(intended + seconds),
        "error": "RateLimitError",
    }
    return Record(index=index, intended_ns=ns(intended), **made | fields)


def lasting(index: int, intended: float, seconds: float, **fields: object) -> Record:
    """A whole answer of two chunks that takes so long altogether."""
    return record(index, intended=intended, ttft=seconds / 2, gaps=[seconds / 2], **fields)


def closed_loop(durations: Sequence[float], concurrency: int, warmup: int = 0) -> list[Record]:
    """Requests of these durations, each begun by the end of another."""
    free = [0.0] * concurrency
    made = []
    for index, seconds in enumerate(durations):
        start = heapq.heappop(free)
        phase = "warmup" if index < warmup else "steady"
        made.append(lasting(index, start, seconds, phase=phase, level=f"{concurrency} at once"))
        heapq.heappush(free, start + seconds)
    return made
