"""`fleet`: thousands of open streams on one core: how late their deltas are, what one costs.

House rule: late is from the instant at which the server sent a chunk to the user's loop, so that
the server's own lag is in no figure.
"""

from __future__ import annotations

from functools import partial
from statistics import fmean

import msgspec

from benchmarks.machine import allow_files
from benchmarks.measures import heats
from benchmarks.measures.heats import Heat
from benchmarks.referee import Turn, alone
from benchmarks.report import Case, Check, Report
from benchmarks.riders import crowd, stopwatch
from benchmarks.riders.crowd import LATE, Crowd
from benchmarks.riders.field import FOXSTREAM, RAW, STOPWATCH
from benchmarks.riders.stopwatch import LAG
from benchmarks.riders.turns import CORE_LENT, SERVER_LAG, SERVER_SHARE, Lane
from benchmarks.server.ports import Ports

__all__ = ["QUICK", "Pace", "measure"]

GOALS = {"p99": 100.0, "cost": 1.25}
"""Milliseconds, and times the cost in a small crowd, that foxstream may take at most."""

_WITHIN = 0.75

HEATS = [
    Heat("foxstream", [FOXSTREAM]),
    Heat("foxstream bench, by the kernel's stamps", [STOPWATCH]),
    Heat("raw asyncio", [RAW]),
]


class Pace(msgspec.Struct, frozen=True):
    """The fleet, the few that it is compared with, and the seconds of the others' fleets."""

    fleet: Crowd = Crowd(2000, rate=5, seconds=60)
    few: Crowd = Crowd(60, rate=50, seconds=2.5)
    others_seconds: float = 5


QUICK = Pace(Crowd(50, rate=5, seconds=1), Crowd(5, rate=50, seconds=0.2), 0.5)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """A few streams, the fleet, and the few once more: foxstream, then who lies below it."""
    allow_files(pace.fleet.streams + 256)
    return heats.measured(
        "fleet",
        "how late the deltas of many open streams are, and what one costs",
        HEATS,
        partial(_case, pace=pace),
        [
            f"{pace.fleet.streams} streams of {pace.fleet.rate:g} chunks a second",
            f"{pace.fleet.seconds:g} s, others {pace.others_seconds:g} s",
            f"{pace.few.streams} streams of {pace.few.rate:g} before and after",
        ],
    )


def _case(heat: Heat, ports: Ports, pace: Pace) -> Case:
    """One rider's; only ours are held to goals."""
    ours = heat.field[0] == FOXSTREAM
    many = pace.fleet if ours else msgspec.structs.replace(pace.fleet, seconds=pace.others_seconds)
    before, fleet, after = (
        alone(
            heat.field[0],
            partial(_fleet, heat.field[0], ports.url, heat.lane, each),
            each.answer,
        )
        for each in (pace.few, many, pace.few)
    )
    return Case(
        title=heat.title,
        unit="",
        checks=_checks(fleet, fmean([before.cost, after.cost]), pace, GOALS if ours else {}),
        notes=_notes(fleet, fmean([before.cost, after.cost])),
    )


def _fleet(name: str, url: str, lane: Lane, many: Crowd) -> Turn:
    """A rider's turn; the stopwatch times itself."""
    if name == STOPWATCH:
        return stopwatch.fleet(url, lane, many)
    return crowd.fleet(name, url, lane, many)


def _notes(fleet: Turn, few: float) -> list[str]:
    """How the two cores fared, and where a delta of the fleet costs less than it may."""
    server, lent = fleet.beside[SERVER_SHARE], fleet.beside[CORE_LENT]
    notes = [f"the server used {server:.0%} of its core; the rider waited {lent:.0%} for its own"]
    if fleet.cost < few * _WITHIN:
        notes.append("a delta of the fleet costs less: it shares a turn of the loop with others")
    return notes


def _checks(fleet: Turn, few: float, pace: Pace, goals: dict[str, float]) -> list[Check]:
    many, less = f"{pace.fleet.streams:,}", f"{pace.few.streams:,}"
    late = [Check(f"late, {at}", fleet.beside[at] / 1e6, "ms", goals.get(at)) for at in LATE]
    lag = [Check(LAG, fleet.beside[LAG] / 1e6, "ms")] if LAG in fleet.beside else []
    return [
        *late,
        *lag,
        Check("the server's own lag, p99", fleet.beside[SERVER_LAG] / 1e6, "ms"),
        Check(f"CPU of a delta, {many} streams", fleet.cost / 1e3, "us"),
        Check(f"CPU of a delta, {less} streams", few / 1e3, "us"),
        Check(f"{many} streams over {less}", fleet.cost / few, "x", goals.get("cost")),
    ]
