"""A figure of the self-test, and the percentiles that it is made with.

House rule: of a fixed set of readings the plain order statistic is told, without an interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from foxstream.bench.result import Accuracy

__all__ = ["at_least", "at_most", "between", "percentile"]


def at_most(check: str, value: float, goal: float, unit: str = "s") -> Accuracy:
    """A figure that may be `goal` at most."""
    return Accuracy(check, value, unit, goal, reached=value <= goal)


def at_least(check: str, value: float, goal: float, unit: str) -> Accuracy:
    """A figure that may be `goal` at least, which it is told beside."""
    return Accuracy(f"{check}, at least {goal:g}", value, unit, None, reached=value >= goal)


def between(check: str, value: float, low: float, high: float, unit: str = "share") -> Accuracy:
    """A figure that may be anything from `low` to `high`, which it is told beside."""
    within = f"{check}, from {low:g} to {high:g}"
    return Accuracy(within, value, unit, None, reached=low <= value <= high)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share - 1e-9) - 1)]
