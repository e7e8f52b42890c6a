"""Reports as the tables of the README: a line for each goal, then what a delta costs with whom.

House rule: it shows what the reports hold, all of it that has a goal, reached or not; of the
stopwatches, all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.report import Case, Check, Report, Row, Spread
from benchmarks.table import (
    cost_text,
    ratio_goal_text,
    ratio_text,
    unit_text,
    value_goal_text,
    value_text,
)

__all__ = ["lines"]

_COSTS = ("burst", "paced")
_STOPWATCH = "stopwatch"
_ABSENT = "—"


def lines(reports: Sequence[Report]) -> Iterator[str]:
    """The tables, line by line, headed by what they were measured on."""
    yield from _heads(reports)
    yield ""
    yield from _table("what", "measured", "goal", "verdict")
    for report in reports:
        for case in report.cases:
            yield from _goals(report.benchmark, case)
    yield from _notes(reports)
    cases = [case for report in reports if report.benchmark in _COSTS for case in report.cases]
    if cases:
        yield ""
        yield from _costs(cases)
    for report in reports:
        if report.benchmark == _STOPWATCH:
            yield ""
            yield from _beside(report)


def _heads(reports: Sequence[Report]) -> Iterator[str]:
    """Each machine, with the versions of all that ran on it."""
    versions: dict[str, dict[str, str]] = {}
    for report in reports:
        versions.setdefault(", ".join(report.machine.facts), {}).update(report.versions)
    for machine, packages in versions.items():
        yield f"{machine}; {', '.join(' '.join(package) for package in packages.items())}:"


def _goals(benchmark: str, case: Case) -> Iterator[str]:
    place = _place(benchmark, case)
    for row in case.rows:
        if row.goal is not None:
            yield _ratio(f"{place}: {case.rows[0].name} / {row.name}", row)
    for check in case.checks:
        if check.goal is not None:
            yield _value(f"{place}: {check.what}", check)


def _place(benchmark: str, case: Case) -> str:
    return case.title if case.title.startswith(benchmark) else f"{benchmark}, {case.title}"


def _ratio(what: str, row: Row) -> str:
    assert row.goal is not None
    goal = f"≤ {ratio_goal_text(row.goal)}"
    if row.ratio is None:
        return _row(what, _ABSENT, goal, "not installed")
    ahead = None if row.next_goal is None else f"≤ {ratio_goal_text(row.next_goal)}"
    return _row(what, _spread(row.ratio), goal, _verdict(row.verdict, ahead))


def _spread(ratio: Spread) -> str:
    low, median, high = map(ratio_text, (ratio.low, ratio.median, ratio.high))
    return f"{median} ({low} to {high})"


def _value(what: str, check: Check) -> str:
    assert check.goal is not None
    goal, ahead = (
        None if aim is None else _signed(value_goal_text(check, aim))
        for aim in (check.goal, check.next_goal)
    )
    return _row(what, value_text(check), goal or "", _verdict(check.verdict, ahead))


def _signed(goal: str) -> str:
    return goal.replace("<=", "≤").replace(">=", "≥")


def _verdict(verdict: str | None, ahead: str | None) -> str:
    return f"{verdict}, next: {ahead}" if ahead else verdict or ""


def _notes(reports: Sequence[Report]) -> Iterator[str]:
    notes = [
        f"- {_place(report.benchmark, case)}: {note}"
        for report in reports
        for case in report.cases
        for note in case.notes
    ]
    if notes:
        yield ""
        yield from notes


def _costs(cases: Sequence[Case]) -> Iterator[str]:
    """The medians: a row for each rider, a column for each case."""
    yield from _table(
        "CPU of a delta", *(f"{case.title}, {unit_text(case.unit)}" for case in cases)
    )
    for name in dict.fromkeys(row.name for case in cases for row in case.rows):
        yield _row(name, *(_cost(case, name) for case in cases))


def _beside(report: Report) -> Iterator[str]:
    """The medians of a report, with its legend: a row for each case, a column for each who ran."""
    names = dict.fromkeys(row.name for case in report.cases for row in case.rows)
    heads = (f"{name} {report.versions.get(name, '')}".rstrip() for name in names)
    yield from _table(report.subject, *heads)
    for case in report.cases:
        if case.rows:
            title = f"{case.title}, {unit_text(case.unit)}"
            yield _row(title, *(_cost(case, name) for name in names))
    yield ""
    yield from (f"- {line}" for line in report.legend)


def _cost(case: Case, name: str) -> str:
    costs = {row.name: row.cost for row in case.rows}
    cost = costs.get(name)
    return _ABSENT if cost is None else cost_text(cost.median)


def _table(*heads: str) -> Iterator[str]:
    yield _row(*heads)
    yield "|---" * len(heads) + "|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
