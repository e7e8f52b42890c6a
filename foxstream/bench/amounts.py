"""Seconds as people read them: one unit for what stands side by side, three digits.

House rule: a figure is rounded here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

__all__ = [
    "MICROSECONDS",
    "MILLISECONDS",
    "SECONDS",
    "Unit",
    "count",
    "digits",
    "duration",
    "unit_of",
]


class Unit(msgspec.Struct, frozen=True):
    """A unit of time, and how many of it are a second."""

    symbol: str
    per_second: float

    def of(self, seconds: float) -> float:
        """The same time in this unit."""
        return seconds * self.per_second

    def told(self, seconds: float) -> str:
        """Three digits, without the symbol; `∞` for ever."""
        return digits(self.of(seconds))


SECONDS = Unit("s", 1.0)
MILLISECONDS = Unit("ms", 1e3)
MICROSECONDS = Unit("µs", 1e6)


def unit_of(seconds: Iterable[float]) -> Unit:
    """The unit in which the longest of these is at least one, and no time is below a thousandth."""
    longest = max((abs(each) for each in seconds if math.isfinite(each)), default=0.0)
    if longest >= 1 or longest == 0:
        return SECONDS
    return MILLISECONDS if longest >= 1e-3 else MICROSECONDS


def duration(seconds: float) -> str:
    """Seconds with the unit that fits them."""
    unit = unit_of([seconds])
    return f"{unit.told(seconds)}\N{NO-BREAK SPACE}{unit.symbol}"


def digits(value: float) -> str:
    """Three significant digits, all digits before the point, and no exponent."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞" if value < 0 else "?"
    if abs(value) >= 100 or value == 0:
        return count(round(value))
    places = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(places, 6)}f}"


def count(number: int) -> str:
    """A whole number, with a thin space before each three digits."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
