"""Axes of time: in the unit that fits, logarithmic where the times are far apart.

House rule: an axis says its unit, and its ticks are numbers a person would choose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from foxstream.bench.amounts import Unit
from foxstream.bench.figures.axes import Axis

__all__ = ["far_apart", "linear", "logarithmic", "round_ticks", "thinned"]

_FAR = 12.0
_TICKS = 8


def far_apart(values: Iterable[float]) -> bool:
    """Whether some are so much longer than others that a linear axis would hide the short ones."""
    positive = sorted(value for value in values if value > 0)
    return bool(positive) and positive[-1] > _FAR * positive[0]


def linear(axis: Axis, what: str, unit: Unit) -> None:
    """An axis from nought."""
    axis.set_label_text(f"{what} ({unit.symbol})")
    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(_number))


def logarithmic(axis: Axis, what: str, unit: Unit, values: Sequence[float]) -> None:
    """An axis with ticks at round numbers around `values`, which are positive and in `unit`."""
    axis.set_label_text(f"{what} ({unit.symbol}, log)")
    axis.set_major_locator(FixedLocator(round_ticks(min(values), max(values))))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_number))


def round_ticks(low: float, high: float) -> list[float]:
    """Ones, twos and fives times powers of ten around `low` to `high`; ones alone if too many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0**power for power in range(first, last + 1)]
    finer = [step * decade for decade in decades for step in (1, 2, 5)]
    within = [tick for tick in finer if low / 2 < tick < high * 2]
    return within if len(within) <= _TICKS else decades


def thinned(
    points: Iterable[tuple[float, float]], columns: int, rows: int
) -> list[tuple[float, float]]:
    """Of the points that would lie on each other in a grid of that many cells, the first."""
    points = list(points)
    widths = [
        (max(values) - min(values)) / cells or 1.0
        for values, cells in zip(zip(*points, strict=True), (columns, rows), strict=False)
    ]
    cells: dict[tuple[int, int], tuple[float, float]] = {}
    for x, y in points:
        cells.setdefault((int(x // widths[0]), int(y // widths[1])), (x, y))
    return list(cells.values())


def _number(value: float, _position: int | None = None) -> str:
    return f"{value:,.6g}"
