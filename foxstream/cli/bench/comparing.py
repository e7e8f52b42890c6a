"""`foxstream bench compare`: whether one report is better than another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from foxstream.bench.amounts import Unit, unit_of
from foxstream.bench.comparison import Comparison, Difference, Verdict, compare
from foxstream.bench.result import SCHEMA, Estimate, Report
from foxstream.cli.bench.columns import Cell, Row, aligned, folded, show, valued
from foxstream.cli.bench.reading import contents
from foxstream.cli.harmless import one_line
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.errors import InvalidInputError

__all__ = ["EXIT_CODES", "comparing"]

EXIT_CODES: dict[Verdict, int] = {"better": 0, "worse": 1, "undecided": 3}
_STYLES: dict[Verdict, str] = {"better": "green", "worse": "red", "undecided": "dim"}


def comparing(before: str, after: str, *, force: bool) -> Job:
    """What shows the comparison of two files; `InvalidInputError` where they cannot be."""
    return partial(_show, compare(_report(before), _report(after), force=force))


def _report(file: str) -> Report:
    try:
        report = msgspec.json.decode(contents(file), type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{file} is no report of this version: {error}") from error
    if not report.results and report.schema == SCHEMA:
        raise InvalidInputError(f"{file} holds no results")
    return report


async def _show(comparison: Comparison, screen: Screen) -> int:
    lines = [_head(), *map(_row, comparison.differences)] if comparison.differences else []
    show(aligned(lines, left=3), screen)
    for note in comparison.notes:
        show(folded("note", one_line(note), screen.width, "yellow"), screen)
    verdict = comparison.verdict
    show([[Cell("after is "), Cell(_overall(verdict), f"bold {_STYLES[verdict]}")]], screen)
    return EXIT_CODES[verdict]


def _overall(verdict: Verdict) -> str:
    return "not proven better or worse: undecided" if verdict == "undecided" else verdict


def _head() -> Row:
    names = ("load", "figure", "", "before", "after", "change", "95 %", "")
    return [Cell(name, "bold") for name in names]


def _row(difference: Difference) -> Row:
    unit = unit_of(_shown(difference))
    return [
        Cell(one_line(difference.level)),
        Cell(f"{difference.metric} {difference.percentile}"),
        Cell(unit.symbol, "dim"),
        valued(difference.before, unit),
        valued(difference.after, unit),
        Cell(_signed(difference.difference.value or 0.0, unit)),
        Cell(_interval(difference.difference, unit), "dim"),
        Cell(difference.verdict, _STYLES[difference.verdict]),
    ]


def _shown(difference: Difference) -> Iterator[float]:
    yield from (each.value or 0.0 for each in (difference.before, difference.after))


def _signed(seconds: float, unit: Unit) -> str:
    return f"{'+' if seconds > 0 else ''}{unit.told(seconds)}"


def _interval(difference: Estimate, unit: Unit) -> str:
    return f"{_signed(difference.lower, unit)}…{_signed(difference.upper, unit)}"
