"""How many tokens came, by the service's own count, and how they were packed.

House rule: a chunk is no token and a read is no chunk; where the service told no count there is no
figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from foxstream.bench.metrics import reads
from foxstream.bench.record import Record
from foxstream.bench.result import Tokens
from foxstream.bench.window import Window

__all__ = ["packing", "spent", "tokens", "uncounted"]

_COLLECTED = 1.5
"""How many chunks in a read, or tokens in a chunk, are no longer chance."""


def spent(record: Record) -> int:
    """The tokens that a request cost; at least the chunks that came, where no count was told."""
    return max(record.total_tokens or 0, len(record.chunk_ns))


def tokens(
    counted: Sequence[Record], everything: Iterable[Record], during: Window | None
) -> Tokens:
    """The tokens of the `counted` requests that are complete.

    `per_second` is made of all that ran in the window, each with the share of its chunks that came
    inside: the window cuts through requests. A sum to which one request told no part is `None`.
    """
    complete = [record for record in counted if not record.failed]
    chunks = sum(len(record.chunk_ns) for record in complete)
    completion = _sum(record.completion_tokens for record in complete)
    return Tokens(
        prompt=_sum(record.prompt_tokens for record in complete),
        completion=completion,
        total=_sum(record.total_tokens for record in complete),
        per_second=_per_second(everything, during),
        per_chunk=completion / chunks if completion is not None and chunks else None,
        chunks_per_read=chunks / _reads(complete) if chunks else None,
    )


def packing(told: Tokens) -> Iterator[str]:
    """Sentences on what does not come one by one."""
    per_read, per_chunk = told.chunks_per_read or 0.0, told.per_chunk or 0.0
    if per_read > _COLLECTED:
        yield (
            f"{per_read:.1f} chunks came in one read on average: something between the service "
            "and here collects them (a buffering proxy?)"
        )
    if per_chunk > _COLLECTED or (per_chunk and per_read > _COLLECTED):
        yield f"a chunk held {per_chunk:.1f} tokens on average: itl is between reads, not tokens"


def uncounted(counted: Iterable[Record]) -> int:
    """How many complete answers came without a count of their tokens."""
    return sum(not record.failed and record.completion_tokens is None for record in counted)


def _sum(counts: Iterable[int | None]) -> int | None:
    told = list(counts)
    known = [count for count in told if count is not None]
    return sum(known) if known and len(known) == len(told) else None


def _reads(records: Iterable[Record]) -> int:
    return sum(len(reads(record)) for record in records)


def _per_second(records: Iterable[Record], during: Window | None) -> float | None:
    if during is None or during.seconds <= 0:
        return None
    answers = [record for record in records if record.chunk_ns and not record.failed]
    if not answers or uncounted(answers):
        return None
    return sum(_inside(record, during) for record in answers) / during.seconds


def _inside(record: Record, during: Window) -> float:
    """The completion tokens of one request that came in the window."""
    share = sum(map(during.has, record.chunk_ns)) / len(record.chunk_ns)
    return share * (record.completion_tokens or 0)
