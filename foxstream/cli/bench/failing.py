"""When no request of a load got its answer: why, and what helps."""

from __future__ import annotations

from collections.abc import Sequence

from foxstream import errors
from foxstream.bench.record import Record
from foxstream.bench.result import Result
from foxstream.cli.failures import hint_of
from foxstream.cli.harmless import one_line
from foxstream.errors import FoxError

__all__ = ["all_failed", "first_failure"]

_LONGEST = 600


def all_failed(results: Sequence[Result]) -> bool:
    """Whether requests were made and none at all is complete."""
    records = [record for result in results for record in result.records]
    return bool(records) and all(record.failed for record in records)


def first_failure(result: Result) -> str:
    """The first error of the load, and what to do about it, on one line."""
    failed = [record for record in result.records if record.failed]
    first = min(failed, key=lambda record: (record.closed_ns or 0, record.index))
    return f"every request failed at {result.level}: {_told(first)} - {hint_of(_kind(first))}"


def _told(record: Record) -> str:
    return one_line(record.message or record.error or "")[:_LONGEST]


def _kind(record: Record) -> type[FoxError]:
    """The class of that name; the root for one that is not of this library."""
    kind = getattr(errors, record.error or "", FoxError)
    return kind if isinstance(kind, type) and issubclass(kind, FoxError) else FoxError
