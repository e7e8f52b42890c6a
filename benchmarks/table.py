"""A report as text: aligned, at most 80 columns.

House rule: it shows what the report holds; only shares and rounding are worked out here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from benchmarks.report import Case, Check, Report, Row, Spread

__all__ = [
    "check_lines",
    "cost_text",
    "lines",
    "ratio_goal_text",
    "ratio_text",
    "row_line",
    "unit_text",
    "value_goal_text",
    "value_text",
]

_WIDTH = 80
_CONTEST = "{:<18}{:>7}  {:<12}{:>7}  {:<13}{:>6}  {}"
_ABSENT = "{:<18}{:>7}  {:<34}{:>6}"
_CHECK = "{:<40}{:>16}{:>11}  {}"
_WHAT = 39
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
    yield from _listed(f"{report.benchmark}: {report.subject}")
    yield from _listed(*report.machine.facts)
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
    for check in case.checks:
        yield from check_lines(check)
    for note in case.notes:
        yield from _indented(note)


def _indented(said: str) -> list[str]:
    return textwrap.wrap(said, _WIDTH, initial_indent="  ", subsequent_indent="  ")


def row_line(row: Row) -> str:
    """One contender, or what keeps it from running."""
    goal = "" if row.goal is None else ratio_goal_text(row.goal)
    if row.cost is None:
        return _ABSENT.format(row.name, "-", "not installed: extra `bench`", goal)
    cost, costs = _spread(row.cost, cost_text)
    ratio, ratios = ("", "") if row.ratio is None else _spread(row.ratio, ratio_text)
    return _CONTEST.format(row.name, cost, costs, ratio, ratios, goal, row.verdict or "")


def check_lines(check: Check) -> Iterator[str]:
    """One figure, and how it fared; a long name takes a line more."""
    *above, what = textwrap.wrap(check.what, _WHAT)
    yield from above
    goal = "" if check.goal is None else value_goal_text(check, check.goal)
    yield _CHECK.format(what, value_text(check), goal, check.verdict or "")


def value_text(check: Check) -> str:
    """What was measured, with its unit."""
    whole = check.value.is_integer()
    value = f"{check.value:,.0f}" if whole else cost_text(check.value)
    return f"{value} {check.unit}".rstrip()


def value_goal_text(check: Check, goal: float) -> str:
    """A goal of `check`, without the unit."""
    return f"{'>=' if check.at_least else '<='} {goal:,.6g}"


def _spread(spread: Spread, shown: Callable[[float], str]) -> tuple[str, str]:
    return shown(spread.median), f"{shown(spread.low)}-{shown(spread.high)}"


def cost_text(cost: float) -> str:
    """Three digits, or all of a larger number."""
    return f"{cost:.2f}" if cost < 10 else f"{cost:.1f}" if cost < 100 else f"{cost:,.0f}"


def ratio_text(ratio: float) -> str:
    """2.5 as 2.50, 0.04 as 1/25.0: how many times more, or how many times less.

    Between a half and one a ratio is clearer as it is.
    """
    if ratio > 0.5 or ratio <= 0:
        return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"
    return f"1/{1 / ratio:.1f}" if ratio > 0.01 else f"1/{1 / ratio:.0f}"


def ratio_goal_text(goal: float) -> str:
    """A goal of a ratio: 1/25 as it was set."""
    return ratio_text(goal).removesuffix(".0")


def unit_text(unit: str) -> str:
    """A unit as it is written where there is more than ASCII."""
    return unit.replace("us", "µs")


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
        "ratio: the first one's cost over this one's, turn by turn; goal: what it may be at most; "
        "passed: better than the goal by a fifth"
    )
    if report.legend:
        yield ""
        for line in report.legend:
            yield from _indented(line)
