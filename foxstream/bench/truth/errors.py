"""How far a record is from the truth.

House rule: an error is what was read minus what was about to be written, both on one clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from foxstream.bench.record import Record
from foxstream.bench.truth.witness import Truth
from foxstream.errors import FoxError

__all__ = ["Error", "errors"]


class Error(msgspec.Struct, frozen=True):
    """Of one token, in seconds: `error` of its instant; the `lag` that was told, the `true` one.

    `written`: when it was about to be written, in nanoseconds.
    """

    written: int
    error: float
    lag: float | None
    true: float
    first: bool


def errors(records: Iterable[Record], truth: Truth) -> Iterator[Error]:
    """Those of all tokens of the whole answers; `FoxError` where tokens are missing."""
    for record in records:
        if record.failed or record.answer_id is None:
            continue
        written = truth.get(record.answer_id, [])
        if len(written) != len(record.chunk_ns):
            raise FoxError(f"{len(written)} tokens were sent, {len(record.chunk_ns)} were read")
        yield from _of(record, written)


def _of(record: Record, written: list[int]) -> Iterator[Error]:
    read = zip(record.chunk_ns, record.chunk_lag_ns, written, strict=True)
    for number, (instant, lag, truth) in enumerate(read):
        error = instant - truth
        yield Error(
            truth,
            error / 1e9,
            None if lag is None else lag / 1e9,
            (error + (lag or 0)) / 1e9,
            number == 0,
        )
