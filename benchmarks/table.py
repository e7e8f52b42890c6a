"""A report as text: aligned, at most 80 columns.

House rule: it shows what the report holds; only shares and rounding are worked out here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from benchmarks.report import Case, Check, Report, Row, Spread

__all__ = ["check_line", "cost_text", "lines", "ratio_text", "row_line"]

_WIDTH = 80
_CONTEST = "{:<19}{:>7}  {:<12}{:>7}  {:<13}{:>6}  {}"
_ABSENT = "{:<19}{:>7}  {:<34}{:>6}"
_CHECK = "{:<46}{:>12}{:>12}  {}"
_STAGES = "{:<28}{:>7}{:>8}{:>8}"


def lines(report: Report) -> Iterator[str]:
    """The report, line by line, without line ends."""
    yield from _preface(report)
    for case in report.cases:
        yield ""
        yield from map(str.rstrip, _case(case))
        if case.stages:
            yield ""
            yield from _stages(case)
    yield ""
    yield from _legend(report)


def _preface(report: Report) -> Iterator[str]:
    machine = report.machine
    yield f"{report.benchmark}: {report.subject}"
    yield from _listed(machine.processor, f"{machine.cores} cores", machine.system, machine.python)
    yield from _listed(*(f"{name} {version}" for name, version in report.versions.items()))
    yield from _listed(*report.pace)


def _listed(*facts: str) -> list[str]:
    return textwrap.wrap(", ".join(facts), _WIDTH)


def _case(case: Case) -> Iterator[str]:
    if case.rows:
        yield _CONTEST.format(case.title, case.unit, "quartiles", "ratio", "quartiles", "goal", "")
        yield from map(row_line, case.rows)
    else:
        yield _CHECK.format(case.title, "", "goal", "")
    yield from map(check_line, case.checks)
    for note in case.notes:
        yield from textwrap.wrap(note, _WIDTH - 2, initial_indent="  ", subsequent_indent="  ")


def row_line(row: Row) -> str:
    """One contender, or what keeps it from running."""
    goal = "" if row.goal is None else ratio_text(row.goal).removesuffix(".0")
    if row.cost is None:
        return _ABSENT.format(row.name, "-", "not installed: extra `bench`", goal)
    cost, costs = _spread(row.cost, cost_text)
    ratio, ratios = ("", "") if row.ratio is None else _spread(row.ratio, ratio_text)
    return _CONTEST.format(row.name, cost, costs, ratio, ratios, goal, row.verdict or "")


def check_line(check: Check) -> str:
    """One figure, and how it fared."""
    value = f"{cost_text(check.value)} {check.unit}".rstrip()
    sign = "" if check.goal is None else ">= " if check.at_least else "<= "
    goal = "" if check.goal is None else f"{sign}{check.goal:,g}"
    return _CHECK.format(check.what, value, goal, check.verdict or "")


def _spread(spread: Spread, shown: Callable[[float], str]) -> tuple[str, str]:
    return shown(spread.median), f"{shown(spread.low)}-{shown(spread.high)}"


def cost_text(cost: float) -> str:
    """Three digits, or all of a larger number."""
    return f"{cost:.2f}" if cost < 10 else f"{cost:.1f}" if cost < 100 else f"{cost:,.0f}"


def ratio_text(ratio: float) -> str:
    """2.5 as 2.50, 0.04 as 1/25.0: how many times more, or how many times less.

    Between a half and one a ratio is clearer as it is.
    """
    if ratio >= 0.5:
        return f"{ratio:.2f}"
    return f"1/{1 / ratio:.1f}" if ratio > 0.01 else f"1/{1 / ratio:.0f}"


def _stages(case: Case) -> Iterator[str]:
    yield _STAGES.format("where foxstream's time goes", case.unit, "own", "share")
    whole = case.stages[-1].cost.median
    before = 0.0
    for stage in case.stages:
        cost = stage.cost.median
        own = cost - before
        yield _STAGES.format(stage.name, f"{cost:.2f}", f"{own:.2f}", f"{own / whole:.0%}")
        before = cost


def _legend(report: Report) -> Iterator[str]:
    yield from _listed(
        "ratio: foxstream's cost over this one's, turn by turn; goal: what it may be at most; "
        "passed: better than the goal by a fifth"
    )
    if report.legend:
        yield "What each gives its user:"
        for line in report.legend:
            yield f"  {line}"
