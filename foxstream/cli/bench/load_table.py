"""What came out of one load: its figures, and what else is to be said of it.

House rule: below each figure how sure it is; a dash where the sample is too small. What is to be
minded in reading it stands out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from foxstream.bench.amounts import count, duration
from foxstream.bench.facts import bounds, facts_after, facts_before
from foxstream.bench.page.cells import percentile_name
from foxstream.bench.result import PERCENTILES, Accuracy, Distribution, Estimate, Result
from foxstream.cli.bench.columns import (
    DASH,
    EMPTY,
    Cell,
    Row,
    aligned,
    between,
    folded,
    unit_for,
    valued,
)
from foxstream.cli.harmless import one_line

__all__ = ["load_lines", "share"]

_SHOWN = (
    *("ttft", "ttft_from_sent", "ttft_text", "ttft_reasoning", "itl", "tpot", "e2e"),
    *("submit", "stream_open", "queue"),
)
_WITH_FAILURES = {"ttft", "e2e"}
_HEAD = [EMPTY, EMPTY, *(Cell(percentile_name(name), "bold") for name in PERCENTILES)]


def load_lines(
    result: Result, slo: Mapping[str, float], accuracy: Sequence[Accuracy], width: int
) -> Iterator[Row]:
    """The lines of one load, for a terminal of `width` columns."""
    yield [Cell(one_line(result.level), "bold")]
    rows = [row for name in _SHOWN for row in _rows(name, result)]
    yield from aligned([_HEAD, *rows] if rows else [], left=2)
    for name, fact in _facts(result, slo, accuracy):
        yield from folded(name, one_line(fact), width)
    for note in result.notes:
        yield from folded("note", one_line(note), width, "yellow")
    for limit in result.client.limits:
        yield from folded("CLIENT-LIMITED", one_line(limit), width, "bold yellow")


def share(estimate: Estimate) -> str:
    """A share as a percentage, with its interval."""
    if estimate.value is None:
        return "-"
    low, high = 100 * estimate.lower, 100 * estimate.upper
    return f"{100 * estimate.value:.1f} % ({low:.1f}\N{EN DASH}{high:.1f})"


def _rows(name: str, result: Result) -> Iterator[Row]:
    distribution = result.metrics.get(name, Distribution())
    if not distribution.count:
        return
    unit = unit_for(distribution, PERCENTILES)
    estimates: list[Estimate] = [getattr(distribution, each) for each in PERCENTILES]
    values = [valued(each, unit) for each in estimates]
    if distribution.count == 1:
        values[0] = Cell(f"n=1: {unit.told(distribution.mean or 0.0)}", "dim")
    yield [Cell(name), Cell(unit.symbol, "dim"), *values]
    intervals = [between(each, unit) for each in estimates]
    if any(cell.text for cell in intervals):
        yield [EMPTY, EMPTY, *intervals]
    if distribution.failures and name in _WITH_FAILURES:
        infinite = f"  {count(distribution.failures)} failed as ∞"
        yield [Cell(infinite, "red"), EMPTY, *_failing(distribution)]


def _failing(distribution: Distribution) -> Iterator[Cell]:
    unit = unit_for(distribution, PERCENTILES)
    for name in PERCENTILES:
        if name in distribution.failing:
            value = distribution.failing[name]
            yield Cell("∞" if value is None else unit.told(value), "red")
        else:
            yield DASH


def _facts(
    result: Result, slo: Mapping[str, float], accuracy: Sequence[Accuracy]
) -> Iterator[tuple[str, str]]:
    for name, fact in (*facts_before(result), *_failures(result)):
        if fact:
            yield name, fact
    if result.goodput is not None:
        yield "goodput", f"{share(result.goodput)} within {bounds(slo)}"
    yield from ((name, fact) for name, fact in facts_after(result) if fact)
    if accuracy:
        told = (
            f"{line.check.removeprefix(f'{result.level}: ')} {duration(line.value)}"
            for line in accuracy
        )
        yield "against truth", "; ".join(told)


def _failures(result: Result) -> Iterator[tuple[str, str]]:
    ordered = sorted(result.outcomes.errors.items(), key=lambda pair: (-pair[1], pair[0]))
    yield "failed with", ", ".join(f"{name} ({count(number)})" for name, number in ordered)
