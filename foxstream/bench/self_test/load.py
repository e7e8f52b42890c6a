"""How far one load was from the injected truth."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator

from foxstream.bench.record import Record
from foxstream.bench.result import Accuracy
from foxstream.bench.self_test.figures import percentile
from foxstream.bench.truth.errors import errors
from foxstream.bench.truth.witness import Truth

__all__ = ["accuracy"]


def accuracy(level: str, records: Iterable[Record], truth: Truth) -> Iterator[Accuracy]:
    """The error of the first tokens and of all tokens, in seconds: mean and 99th percentile.

    Nothing where no answer is whole; `FoxError` where tokens are missing.
    """
    found = list(errors(records, truth))
    first_ones = [abs(each.error) for each in found if each.first]
    for which, sizes in (
        ("first token", first_ones),
        ("any token", [abs(each.error) for each in found]),
    ):
        if sizes:
            yield Accuracy(f"{level}: {which}, mean error", statistics.fmean(sizes), "s")
            yield Accuracy(f"{level}: {which}, p99 error", percentile(sizes, 0.99), "s")
