"""What a figure is once it is drawn, and which requests it is drawn from.

House rule: a figure comes with the words that say what one sees and how to read it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from foxstream.bench.record import Record
from foxstream.bench.result import Result
from foxstream.bench.window import counted

__all__ = ["Plot", "origin", "seconds_since", "steady"]


class Plot(msgspec.Struct, frozen=True):
    """One figure: `svg` stands in HTML as it is, `title` and `caption` are plain text."""

    name: str
    title: str
    caption: str
    svg: str


def steady(result: Result) -> list[Record]:
    """The records that figures are made of."""
    return counted(result.records)


def origin(results: Sequence[Result]) -> int:
    """The instant from which time is counted: when the first request was due."""
    return min((each.intended_ns for result in results for each in result.records), default=0)


def seconds_since(start: int, instant: int) -> float:
    """From `start` to `instant`, both in nanoseconds."""
    return (instant - start) / 1e9
