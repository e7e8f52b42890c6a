"""Figures as they stand in text and tables: a value, its unit, how sure it is.

House rule: what a sample cannot support is a dash that says so, and never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from foxstream.bench.amounts import Unit, digits, unit_of
from foxstream.bench.page.markup import Markup, joined, tag
from foxstream.bench.result import PERCENTILES, Distribution, Estimate

__all__ = [
    "TOO_SMALL",
    "Told",
    "amount",
    "estimated",
    "percent",
    "percentile_name",
    "told",
]

TOO_SMALL = "sample too small"

Told = Unit | str
"""How figures are told: in a unit of time, or as plain numbers followed by a word."""


def percentile_name(name: str) -> str:
    """`p99_9` as people write it."""
    return name.replace("_", ".")


def told(distribution: Distribution) -> Told:
    """One for the whole row, so that its figures can be compared at a glance."""
    if distribution.unit != "s":
        return distribution.unit
    return unit_of(_shown(distribution))


def amount(value: float, how: Told) -> str:
    """A value with its unit."""
    if isinstance(how, str):
        return f"{digits(value)} {how}".rstrip()
    return f"{how.told(value)}\N{NO-BREAK SPACE}{how.symbol}"


def percent(estimate: Estimate | None) -> Markup:
    """A share of one, with its interval."""
    if estimate is None or estimate.value is None:
        return _dash()
    value, low, high = (100 * each for each in (estimate.value, estimate.lower, estimate.upper))
    if math.isinf(low) or math.isinf(high):
        return Markup(f"{value:.1f} %")
    return joined([f"{value:.1f} % ", tag("small", f"({low:.1f} to {high:.1f} %)")])


def estimated(estimate: Estimate, how: Told) -> Markup:
    """A value and, in small type, its interval."""
    if estimate.value is None:
        return _dash()
    return joined([amount(estimate.value, how), tag("small", _interval(estimate, how))])


def _interval(estimate: Estimate, how: Told) -> str:
    if estimate.low is None and estimate.high is None:
        return ""
    low, high = (
        digits(bound) if isinstance(how, str) else how.told(bound)
        for bound in (estimate.lower, estimate.upper)
    )
    return f"{low} \N{EN DASH} {high}"


def _dash() -> Markup:
    return tag("span", "\N{EN DASH}", title=TOO_SMALL)


def _shown(distribution: Distribution) -> Iterable[float]:
    for name in PERCENTILES:
        estimate: Estimate = getattr(distribution, name)
        yield from (value for value in (estimate.value,) if value is not None)
    yield from () if distribution.mean is None else (distribution.mean,)
