"""`gateway`: foxstream's own gateway: how fast it replays, and how many streams it holds.

House rule: it has a core to itself and those who read have another; what a figure was limited by,
readers included, is said beside it.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from benchmarks.machine import allow_files, machine, versions
from benchmarks.measures import audience, replay
from benchmarks.measures.audience import (
    ALL,
    ENGINE_LAG,
    GATEWAY_WAITED,
    LATE,
    LATE_MEDIAN,
    READER_WAITED,
    SLOWEST,
)
from benchmarks.measures.hosted import hosted
from benchmarks.measures.replay import GATEWAY_SHARE, READERS_SHARE
from benchmarks.referee import Turn, alone, compete
from benchmarks.report import Case, Check, Report
from benchmarks.riders.turns import expected
from benchmarks.server.script import Script

__all__ = ["QUICK", "Pace", "measure"]

_SERVED = 100_000.0
_LATE_MS = 100.0
_OPENING = 0.004
_MUCH = 0.1
_REPLAYED = "replayed"
_MADE = "made and read"


class Pace(msgspec.Struct, frozen=True):
    """How thorough a run is.

    `readers` read a log of `chunks` chunks `times` times each, for `turns` turns; then `streams`
    streams of `rate` chunks a second are watched for `windows` times `seconds`.
    """

    chunks: int = 20_000
    readers: int = 4
    times: int = 10
    turns: int = 7
    streams: int = 2000
    rate: float = 5.0
    windows: int = 3
    seconds: float = 5.0


QUICK = Pace(chunks=500, times=2, turns=1, streams=20, rate=20.0, windows=1, seconds=0.5)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """Replays first, on a gateway that has nothing else to remember."""
    allow_files(2 * pace.streams + 512)
    with hosted(pace.streams + pace.turns + 64) as url:
        cases = [_burst(url, pace), _paced(url, pace)]
    return Report(
        benchmark="gateway",
        subject="what one process of the embedded gateway serves",
        machine=machine(),
        versions=versions("aiohttp", "msgspec", "uvloop"),
        pace=[
            f"{pace.turns} turns of {pace.readers * pace.times} answers of {pace.chunks} chunks",
            f"{pace.streams} streams of {pace.rate:g} chunks a second",
            f"{pace.windows} windows of {pace.seconds:g} s",
        ],
        cases=cases,
        legend=[
            f"{_REPLAYED}: finished logs, to raw sockets that count",
            f"{_MADE}: by the engine as fast as it can, to foxstream's client",
            "late: in the hands of foxstream's client, after the engine made the piece",
        ],
    )


def _burst(url: str, pace: Pace) -> Case:
    script = Script(pace.chunks)
    runs = {
        _REPLAYED: partial(replay.take_turn, url, script, pace.readers, pace.times),
        _MADE: partial(replay.made, url, script),
    }
    turns = compete(runs, expected(pace.chunks), turns=pace.turns)
    gateway, readers = (
        statistics.median(turn.beside[share] for turn in turns[_REPLAYED])
        for share in (GATEWAY_SHARE, READERS_SHARE)
    )
    checks = [
        Check(f"chunks a second, {_REPLAYED}", _rate(turns[_REPLAYED]), "", _SERVED, at_least=True),
        Check(f"chunks a second, {_MADE}", _rate(turns[_MADE])),
        Check(GATEWAY_SHARE, gateway),
        Check(READERS_SHARE, readers),
    ]
    notes = ["the readers were what limited it"] if readers > gateway else []
    return Case("burst", "", checks=checks, notes=notes)


def _rate(turns: Sequence[Turn]) -> float:
    return 1e9 / statistics.median(turn.cost for turn in turns)


def _paced(url: str, pace: Pace) -> Case:
    """A piece more or less falls into a window, so the slowest stream may lack one."""
    lead = 0.2 + pace.streams * _OPENING
    lasts = 2 + 2 * lead + pace.windows * (pace.seconds + 0.3)
    script = Script(int(pace.rate * lasts), rate=pace.rate, lead=lead)
    run = partial(audience.take_turn, url, script, pace.streams, pace.seconds, pace.windows)
    seen = alone(f"{pace.streams} streams", run, ALL).beside
    rate = pace.rate - 1 / pace.seconds
    checks = [
        Check(SLOWEST, seen[SLOWEST], "", rate, at_least=True),
        Check(LATE, seen[LATE] / 1e6, "ms", _LATE_MS),
        *(Check(what, seen[what] / 1e6, "ms") for what in (LATE_MEDIAN, ENGINE_LAG)),
        *(Check(what, seen[what]) for what in (GATEWAY_SHARE, READERS_SHARE)),
    ]
    return Case("paced", "", checks=checks, notes=_waited(seen))


def _waited(seen: Mapping[str, float]) -> list[str]:
    """Where other processes took part in it."""
    waited = (GATEWAY_WAITED, READER_WAITED)
    return [f"{what}: {seen[what]:.0%}" for what in waited if seen[what] > _MUCH]
