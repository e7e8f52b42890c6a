"""`relay`: one stream to many viewers: how late, at what cost, and what a dying replica loses.

House rule: the plain way beside ours has no log, no ids and no policy; what those cost is the
ratio. Over sockets the host has a core to itself, and whether it had to wait for it is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median

import msgspec

from benchmarks.machine import machine, versions
from benchmarks.referee import Turn, alone, rows
from benchmarks.relays import faces, in_memory, killing, redis, returning, sockets
from benchmarks.relays.beat import ALL, Beat
from benchmarks.relays.lateness import LATE
from benchmarks.relays.load import USED, WAITED
from benchmarks.relays.store import events_held
from benchmarks.report import Case, Check, Report

__all__ = ["QUICK", "Pace", "measure"]

_LATE_MS = 100.0
_STUCK_COST = 1.1
_MUCH = 0.1
_P99 = "late, p99"
_FACES = {
    "aiohttp": [faces.AIOHTTP, faces.AIOHTTP_QUEUES],
    "Starlette": [faces.STARLETTE, faces.SSE_STARLETTE],
}
_NO_REDIS = "redis-server is not installed, so no replica was killed"

Turns = Mapping[str, Sequence[Turn]]


class Pace(msgspec.Struct, frozen=True):
    """How thorough a run is.

    `viewers` hear `events` events, `rate` a second, for `turns` turns, beside `stuck` that read
    nothing; `waiting` viewers are weighed, and a log of `kept` events. `replicated` viewers see
    the producing replica die `kills` times, with so many seconds of `lease`; `returns`.
    """

    viewers: int = 2000
    rate: float = 20.0
    events: int = 100
    turns: int = 3
    stuck: int = 20
    waiting: int = 1000
    kept: int = 10_000
    replicated: int = 50
    kills: int = 3
    lease: float = 1.0
    returns: int = 1000

    @property
    def beat(self) -> Beat:
        """What is broadcast."""
        return Beat(self.events, self.rate)


QUICK = Pace(20, 50.0, 10, 1, 2, 20, 500, 4, 1, 0.3, 20)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """Without sockets first, then behind web servers, then what goes wrong."""
    over_sockets = [_over_sockets(title, names, pace) for title, names in _FACES.items()]
    cases = [_in_memory(pace), *over_sockets, _memory(pace), _killed(pace), _returning(pace)]
    return Report(
        benchmark="relay",
        subject="one stream to many viewers",
        machine=machine(),
        versions=versions("aiohttp", "anyio", "redis", "sse-starlette", "starlette", "uvicorn"),
        pace=[
            f"{pace.viewers} viewers of {pace.rate:g} events a second, {pace.events} events",
            f"{pace.turns} turns, a process each",
            f"{pace.replicated} viewers of two replicas, a lease of {pace.lease:g} s",
        ],
        cases=cases,
        legend=[
            "late: from the making of an event to its being in the hands of one viewer",
            "queues: a queue for each viewer, written here as anybody would",
            "over sockets the cost is the host's CPU; its viewers are another process",
        ],
    )


def _in_memory(pace: Pace) -> Case:
    runs = {
        name: partial(in_memory.take_turn, name, pace.beat, pace.viewers)
        for name in in_memory.BROADCASTERS
    }
    stuck = f"{pace.stuck} stuck"
    relay = in_memory.RELAY
    runs[stuck] = partial(in_memory.take_turn, relay, pace.beat, pace.viewers, pace.stuck)
    taken = _taken(runs, pace.turns)
    cost = median(
        turn.cost / other.cost for turn, other in zip(taken[stuck], taken[relay], strict=True)
    )
    checks = [
        *_lateness(taken[relay], _LATE_MS),
        Check(f"{_P99}, beside {stuck} viewers", _beside(taken[stuck], _P99) / 1e6, "ms", _LATE_MS),
        Check(f"CPU beside {stuck} viewers over without", cost, "x", _STUCK_COST),
    ]
    found = rows(taken, list(in_memory.BROADCASTERS), {}, 1e-3)
    return Case("in memory", "us", found, checks, notes=_waited(taken[relay]))


def _over_sockets(title: str, names: list[str], pace: Pace) -> Case:
    runs = {
        name: partial(sockets.take_turn, name, pace.beat, pace.viewers)
        for name in names
        if not faces.missing(name)
    }
    taken = _taken(runs, pace.turns)
    ours = taken.get(names[0])
    if ours is None:
        return Case(title, "us", notes=["Starlette or uvicorn is not installed"])
    shares = [Check(what, _beside(ours, what)) for what in (USED, WAITED)]
    theirs = [
        Check(f"{what} of {name}", _beside(turns, what) / 1e6, "ms")
        for name, turns in list(taken.items())[1:]
        for what in (_P99,)
    ]
    checks = [*_lateness(ours, _LATE_MS), *theirs, *shares]
    return Case(title, "us", rows(taken, names, {}, 1e-3), checks, notes=_waited(ours))


def _memory(pace: Pace) -> Case:
    names = [name for both in _FACES.values() for name in both]
    runs = {
        name: partial(sockets.held, name, pace.waiting) for name in names if not faces.missing(name)
    }
    taken = _taken(runs, pace.turns)
    log = alone("log", partial(events_held, pace.kept), ALL)
    checks = [Check(f"an event in the log, of {pace.kept:,}", log.cost, "bytes")]
    return Case("memory of a viewer", "KiB", rows(taken, names, {}, 1 / 1024), checks)


def _killed(pace: Pace) -> Case:
    title = "producing replica killed"
    if redis.PROGRAM is None:
        return Case(title, "", notes=[_NO_REDIS])
    run = partial(killing.take_turn, pace.events, pace.rate, pace.replicated, pace.lease)
    turns = _taken({title: run}, pace.kills)[title]
    worst = max(turn.cost for turn in turns)
    checks = [
        Check("events missed or told twice", 0.0, "", 0.0),
        Check(killing.GAP, worst, "s", 2 * pace.lease),
        Check(killing.GAP_BESIDE, _beside(turns, killing.GAP_BESIDE), "s"),
        Check(killing.RETURNED, _beside(turns, killing.RETURNED)),
    ]
    return Case(title, "", checks=checks)


def _returning(pace: Pace) -> Case:
    checks: list[Check] = []
    for face in (faces.AIOHTTP, faces.STARLETTE):
        if not faces.missing(face):
            turn = alone(face, partial(returning.take_turn, face, pace.returns), ALL)
            returns = turn.beside[returning.RETURNS]
            checks += [
                Check(f"returns, {face}", returns, "", float(pace.returns), at_least=True),
                Check(f"events missed or told twice, {face}", 0.0, "", 0.0),
            ]
    return Case("returning", "", checks=checks)


def _taken(runs: Mapping[str, Callable[[], Turn]], turns: int) -> dict[str, list[Turn]]:
    """A missed or a repeated event ends it: `WrongAnswerError`."""
    taken: dict[str, list[Turn]] = {name: [] for name in runs}
    for _ in range(turns):
        for name, run in runs.items():
            taken[name].append(alone(name, run, ALL))
    return taken


def _lateness(turns: Sequence[Turn], goal: float) -> list[Check]:
    return [
        Check(what, _beside(turns, what) / 1e6, "ms", goal if what == _P99 else None)
        for what in LATE
    ]


def _beside(turns: Sequence[Turn], what: str) -> float:
    return median(turn.beside[what] for turn in turns)


def _waited(turns: Sequence[Turn]) -> list[str]:
    """Where other processes took part in it."""
    waited = _beside(turns, WAITED)
    return (
        [f"it waited {waited:.0%} of the time for its core, which others had"]
        if waited > _MUCH
        else []
    )
