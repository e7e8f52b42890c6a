"""A logarithmic axis: from figures to where they are on the page.

House rule: it begins and ends at 1, 2 or 5 times a power of ten, as its marks do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

__all__ = ["Scale", "span"]

_STEPS = (1, 2, 5)
_ROOM = 1.4
_MARK = 40


def span(figures: Iterable[float]) -> tuple[float, float]:
    """What an axis for these figures begins and ends with; the smallest has a bar, too."""
    above = [figure for figure in figures if figure > 0] or [1.0]
    low = max(step for step in _steps(min(above) / 100, max(above)) if step * _ROOM <= min(above))
    high = next(step for step in _steps(low, max(above) * 100) if step >= max(above))
    return low, high


class Scale(msgspec.Struct, frozen=True):
    """The figures from `low` to `high` on `width` units of the page, the first at `left`."""

    low: float
    high: float
    left: float
    width: float

    def at(self, figure: float) -> float:
        """Where a figure is; what lies beyond an end is at the end."""
        within = min(max(figure, self.low), self.high)
        return self.left + self.width * math.log(within / self.low) / math.log(self.high / self.low)

    def marks(self) -> list[float]:
        """What is written below: as many as there is room for."""
        all_marks = _steps(self.low, self.high)
        if len(all_marks) * _MARK <= self.width:
            return all_marks
        return [mark for mark in all_marks if math.isclose(math.log10(mark) % 1, 0, abs_tol=1e-9)]


def _steps(low: float, high: float) -> list[float]:
    """1, 2 and 5 times each power of ten in between, ends included."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = [float(f"{step}e{power}") for power in powers for step in _STEPS]
    return [step for step in steps if low <= step <= high]
