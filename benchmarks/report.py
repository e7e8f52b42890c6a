"""What a measure tells: cases, each with those who were compared and what was held to a goal.

House rule: a report is a value that can be kept as JSON and told again; it knows no measure.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal

import msgspec

from benchmarks.machine import Machine

__all__ = [
    "Case",
    "Check",
    "Report",
    "Row",
    "Spread",
    "Stage",
    "Verdict",
    "from_json",
    "spread",
    "to_json",
]

Verdict = Literal["passed", "reached", "not reached"]
"""How a goal fared; `"passed"`: by a fifth and more, so that the next one can be set."""

_FIFTH = 0.8
_SLACK = 1.1


class Spread(msgspec.Struct, frozen=True):
    """The median and the quartiles around it."""

    median: float
    low: float
    high: float


def spread(figures: Sequence[float]) -> Spread:
    """The quartiles; of a single figure, thrice the same."""
    if len(figures) == 1:
        return Spread(*figures, *figures, *figures)
    low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
    return Spread(median, low, high)


class Row(msgspec.Struct, frozen=True):
    """One contender; `None` is what was not measured, and ours compared with itself.

    `cost` is in the unit of its case, `ratio` is our cost over this one's, `goal` what that may be
    at most, `answer` the fingerprint of what was read.
    """

    name: str
    cost: Spread | None = None
    ratio: Spread | None = None
    goal: float | None = None
    answer: str | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Whether the median of `ratio` is within `goal`."""
        if self.goal is None or self.ratio is None:
            return None
        return _verdict(self.ratio.median, self.goal)

    @property
    def next_goal(self) -> float | None:
        """What to aim at where the goal is passed: about a tenth above what was measured."""
        if self.ratio is None or self.verdict != "passed" or self.ratio.median <= 0:
            return None
        aim = self.ratio.median * _SLACK
        return 1 / _rounded(1 / aim) if aim < 0.5 else _rounded(aim)


class Check(msgspec.Struct, frozen=True):
    """A figure of ours that is no ratio, and what it may be at most (or `at_least`)."""

    what: str
    value: float
    unit: str = ""
    goal: float | None = None
    at_least: bool = False

    @property
    def verdict(self) -> Verdict | None:
        """Whether `value` is within `goal`."""
        if self.goal is None:
            return None
        if self.at_least:
            return _verdict(self.goal, self.value)
        return _verdict(self.value, self.goal)

    @property
    def next_goal(self) -> float | None:
        """What to aim at where the goal is passed: about a tenth easier than what was measured."""
        if self.verdict != "passed" or self.value <= 0:
            return None
        return _rounded(self.value / _SLACK if self.at_least else self.value * _SLACK)


class Stage(msgspec.Struct, frozen=True):
    """One stage of a way, with all that leads to it, in the unit of its case."""

    name: str
    cost: Spread


class Case(msgspec.Struct, frozen=True):
    """The same work for all; the first row is ours. `stages` tell where our cost goes."""

    title: str
    unit: str
    rows: list[Row] = []
    checks: list[Check] = []
    stages: list[Stage] = []
    notes: list[str] = []


class Report(msgspec.Struct, frozen=True):
    """What was measured, on what, how thoroughly (`pace`), and how it reads (`legend`)."""

    benchmark: str
    subject: str
    machine: Machine
    versions: dict[str, str]
    pace: list[str]
    cases: list[Case]
    legend: list[str] = []


def to_json(reports: Sequence[Report]) -> bytes:
    """The reports as a file keeps them."""
    return msgspec.json.format(msgspec.json.encode(reports)) + b"\n"


def from_json(data: bytes) -> list[Report]:
    """The reports that a file has kept; `msgspec.DecodeError` where it holds something else."""
    return msgspec.json.decode(data, type=list[Report])


def _verdict(value: float, goal: float) -> Verdict:
    if value > goal:
        return "not reached"
    return "passed" if value <= goal * _FIFTH and value < goal else "reached"


def _rounded(figure: float) -> float:
    """To two digits."""
    return float(f"{figure:.2g}")
