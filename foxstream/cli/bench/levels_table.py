"""Several loads under each other, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foxstream.bench.amounts import Unit, count, digits, unit_of
from foxstream.bench.result import Distribution, Result
from foxstream.cli.bench.columns import DASH, Cell, Row, aligned, valued
from foxstream.cli.harmless import one_line

__all__ = ["levels_lines"]

_TTFT = ("p50", "p90", "p99")


def levels_lines(results: Sequence[Result]) -> Iterator[Row]:
    """The lines of a table over all loads, with one unit for a column."""
    ttft = _unit(results, "ttft", _TTFT)
    itl = _unit(results, "itl", ("p50",))
    yield from aligned([*_head(ttft, itl), *(_row(each, ttft, itl) for each in results)])


def _head(ttft: Unit, itl: Unit) -> Iterator[Row]:
    over = ("", "", "", f"ttft {ttft.symbol}", "", "", f"itl {itl.symbol}", "tokens", "good-")
    yield [Cell(name, "bold") for name in over]
    names = ("load", "whole", "failed", *_TTFT, "p50", "/s", "put")
    yield [Cell(name, "bold") for name in names]


def _row(result: Result, ttft: Unit, itl: Unit) -> Row:
    failed = sum(result.outcomes.errors.values())
    first, gap = _of(result, "ttft"), _of(result, "itl")
    rate = result.tokens.per_second
    good = None if result.goodput is None else result.goodput.value
    return [
        Cell(one_line(result.level)),
        Cell(count(result.outcomes.complete)),
        Cell(count(failed), "red" if failed else ""),
        *(valued(getattr(first, name), ttft) for name in _TTFT),
        valued(gap.p50, itl),
        DASH if rate is None else Cell(digits(rate)),
        DASH if good is None else Cell(f"{100 * good:.1f} %"),
    ]


def _of(result: Result, name: str) -> Distribution:
    return result.metrics.get(name, Distribution())


def _unit(results: Sequence[Result], metric: str, names: Sequence[str]) -> Unit:
    estimates = [getattr(_of(result, metric), name) for result in results for name in names]
    return unit_of(each.value for each in estimates if each.value is not None)
