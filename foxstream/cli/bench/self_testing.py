"""`foxstream bench self-test`: the error of this tool on this machine."""

from __future__ import annotations

from functools import partial

from foxstream.bench.amounts import digits, duration
from foxstream.bench.result import Accuracy, Report
from foxstream.bench.self_test import self_test
from foxstream.cli.bench.columns import Cell, Row, folded, show
from foxstream.cli.bench.keeping import Files, kept_whole
from foxstream.cli.bench.measuring import measured_on, started
from foxstream.cli.harmless import one_line
from foxstream.cli.screen import Screen

__all__ = ["SelfTesting"]

_VALUE = 10


class SelfTesting:
    """Runs every check. It is a `Job`: its exit code is 0 where all goals are reached."""

    def __init__(self, files: Files, *, quick: bool) -> None:
        self._files = files
        self._quick = quick
        self._report = Report(started=started(), machine=measured_on())

    async def __call__(self, screen: Screen) -> int:
        """Show each figure as it is found, and keep them all."""
        found = self._report.accuracy
        show([[Cell(f"{'value':>{_VALUE}}  {'goal':>{_VALUE + 2}}  check", "bold")]], screen)
        try:
            async for figure in self_test(quick=self._quick, begun=partial(_begun, screen)):
                found.append(figure)
                show(_lines(figure, screen.width), screen)
        finally:
            kept = await kept_whole(self._report, self._files, None, screen)
        missed = sum(not figure.reached for figure in found)
        show([[Cell(_told(missed, len(found)), "bold red" if missed else "bold")]], screen)
        return 0 if kept and not missed else 1


def _begun(screen: Screen, check: str) -> None:
    if screen.watched:
        screen.tick(check, "checking")


def _lines(figure: Accuracy, width: int) -> list[Row]:
    goal = "" if figure.goal is None else f"≤ {_measure(figure.goal, figure.unit)}"
    value = f"{_measure(figure.value, figure.unit):>{_VALUE}}  {goal:>{_VALUE + 2}}"
    style = "" if figure.reached else "red"
    check = one_line(figure.check) + ("" if figure.reached else " - MISSED")
    return list(folded(value, check, width, style or "none"))


def _measure(value: float, unit: str) -> str:
    if unit == "s":
        return duration(value)
    return f"{100 * value:.1f} %" if unit == "share" else f"{digits(value)} {unit}".rstrip()


def _told(missed: int, count: int) -> str:
    return f"{missed} of {count} goals missed" if missed else f"all {count} goals reached"
