"""A report as text: aligned, at most 80 columns.

House rule: it shows what the report holds; only shares and rounding are worked out here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from benchmarks.contenders import CONTENDERS
from benchmarks.decode import Case, Report, Row, Stage
from benchmarks.referee import Spread

__all__ = ["lines", "row_line"]

_WIDTH = 80
_CONTEST = "{:<16}{:>7}  {:<12}{:>8}  {:<14}{:>6}  {}"
_ABSENT = "{:<16}{:>7}  {:<36}{:>6}"
_STAGES = "{:<28}{:>7}{:>8}{:>8}"


def lines(report: Report) -> Iterator[str]:
    """The report, line by line, without line ends."""
    yield from _preface(report)
    for case in report.cases:
        yield ""
        yield from map(str.rstrip, _contest(case))
        if case.stages:
            yield ""
            yield from _stages(case.stages)
    yield from _legend()


def _preface(report: Report) -> Iterator[str]:
    machine, pace = report.machine, report.pace
    yield "decode: from the bytes of a read to the text in the user's hands"
    yield from _listed(machine.processor, f"{machine.cores} cores", machine.system, machine.python)
    yield from _listed(*(f"{name} {version}" for name, version in report.versions.items()))
    yield from _listed(
        f"{pace.chunks} chunks of {report.chunk_bytes:.0f} bytes",
        f"{pace.turns} turns of {pace.turn_seconds * 1000:.0f} ms each",
    )


def _listed(*facts: str) -> list[str]:
    return textwrap.wrap(", ".join(facts), _WIDTH)


def _contest(case: Case) -> Iterator[str]:
    frames = "1 frame" if case.frames_per_read == 1 else f"{case.frames_per_read} frames"
    yield _CONTEST.format(f"{frames} a read", "us", "quartiles", "ratio", "quartiles", "goal", "")
    yield from map(row_line, case.rows)


def row_line(row: Row) -> str:
    """One contender, or what keeps it from running."""
    goal = "" if row.goal is None else _times(row.goal).removesuffix(".0")
    if row.us_per_chunk is None:
        return _ABSENT.format(row.name, "-", "not installed: extra `bench`", goal)
    us, quartiles = _spread(row.us_per_chunk, _microseconds)
    ratio, ratios = ("", "") if row.ratio is None else _spread(row.ratio, _times)
    state = {None: "", True: "reached", False: "not reached"}[row.reached]
    return _CONTEST.format(row.name, us, quartiles, ratio, ratios, goal, state)


def _spread(spread: Spread, shown: Callable[[float], str]) -> tuple[str, str]:
    return shown(spread.median), f"{shown(spread.low)}-{shown(spread.high)}"


def _microseconds(us: float) -> str:
    return f"{us:.2f}" if us < 100 else f"{us:.0f}"


def _times(ratio: float) -> str:
    """2.5 as 2.50, 0.04 as 1/25.0: how many times more, or how many times less."""
    return f"{ratio:.2f}" if ratio >= 1 else f"1/{1 / ratio:.1f}"


def _stages(stages: list[Stage]) -> Iterator[str]:
    yield _STAGES.format("where foxstream's time goes", "us", "own us", "share")
    whole = stages[-1].us_per_chunk.median
    before = 0.0
    for stage in stages:
        us = stage.us_per_chunk.median
        yield _STAGES.format(
            stage.name, f"{us:.2f}", f"{us - before:.2f}", f"{(us - before) / whole:.0%}"
        )
        before = us


def _legend() -> Iterator[str]:
    yield ""
    yield "us: CPU microseconds a chunk. ratio: foxstream's time over this one's, turn by"
    yield "turn; goal: what it may be at most."
    yield "What each gives its user:"
    for name, contender in CONTENDERS.items():
        yield f"  {name:<18}{contender.gives}"
