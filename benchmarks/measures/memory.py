"""`memory`: what an open stream holds while nothing comes, as the operating system counts it.

House rule: every turn has a process of its own, for memory that was once asked for is seldom given
back. A stream has had its first delta; the task that waits on it is part of the figure.
"""

from __future__ import annotations

import sys
from functools import partial
from statistics import median

import msgspec

from benchmarks.machine import allow_files
from benchmarks.measures import heats
from benchmarks.measures.heats import Heat
from benchmarks.referee import Turn, alone, rows
from benchmarks.report import Case, Check, Report
from benchmarks.riders import crowd
from benchmarks.riders.field import (
    AIOHTTP,
    ANTHROPIC,
    FOXSTREAM,
    HTTPX_SSE,
    OPENAI,
    RAW,
    RIDERS,
)
from benchmarks.server.ports import Ports

__all__ = ["QUICK", "Pace", "measure"]

GOALS = {False: 14.0, True: 310.0}
"""KiB that a stream of foxstream may hold on stock asyncio: plain, and over TLS."""

HEATS = [
    Heat("plain", [FOXSTREAM, RAW, AIOHTTP, HTTPX_SSE, OPENAI, ANTHROPIC]),
    Heat("TLS", [FOXSTREAM, RAW, HTTPX_SSE, OPENAI], secure=True),
    Heat("TLS, uvloop", [FOXSTREAM, RAW], lane="uvloop", secure=True),
]
_TLS = (
    "asyncio's TLS keeps a buffer of 256 KiB for each connection, filled with zeros when it is "
    "made, and has no setting for it: uvloop's TLS, in the next table, is what lowers it"
)
_FEWER = 4
_POOL = (
    f"{HTTPX_SSE} with 1/{_FEWER} of the streams: the time in which its pool opens them grows with "
    "their square"
)
_HELD = "foxstream, open and waited on by nobody"


class Pace(msgspec.Struct, frozen=True):
    """Open streams, and as many over TLS; turns of each rider.

    openai and anthropic open a thousand connections at most.
    """

    streams: int = 1000
    secure_streams: int = 250
    turns: int = 3


QUICK = Pace(streams=40, secure_streams=20, turns=1)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """Plain, over TLS, and over TLS on uvloop; nowhere but on Linux, which counts exactly."""
    allow_files(pace.streams + 256)
    return heats.measured(
        "memory",
        "what an open stream holds while nothing comes",
        HEATS if sys.platform == "linux" else [],
        partial(_case, pace=pace),
        [
            f"{pace.streams} streams, {pace.secure_streams} over TLS",
            f"{pace.turns} turns, a process each",
        ],
    )


def _case(heat: Heat, ports: Ports, pace: Pace) -> Case:
    turns = _taken(heat, ports, pace)
    stock = heat.lane == "asyncio"
    notes = {_TLS: heat.secure and stock, _POOL: HTTPX_SSE in turns}
    return Case(
        title=heat.title,
        unit="KiB",
        rows=rows(turns, list(heat.field), {}, 1 / 1024),
        checks=[
            _check("foxstream, waited on", turns[FOXSTREAM], GOALS[heat.secure] if stock else None),
            _check(_HELD, turns[_HELD]),
        ],
        notes=[note for note, applies in notes.items() if applies],
    )


def _taken(heat: Heat, ports: Ports, pace: Pace) -> dict[str, list[Turn]]:
    """The turns of each rider, and of foxstream's streams that nobody waits on."""
    url = (ports.secure_url or "") if heat.secure else ports.url
    streams = pace.secure_streams if heat.secure else pace.streams
    runs = {
        name: partial(
            crowd.idle, name, url, heat.lane, streams // (_FEWER if name == HTTPX_SSE else 1)
        )
        for name in heat.field
        if not RIDERS[name].missing
    }
    runs[_HELD] = partial(crowd.held, url, heat.lane, streams)
    turns: dict[str, list[Turn]] = {name: [] for name in runs}
    for _ in range(pace.turns):
        for name, run in runs.items():
            turns[name].append(alone(name, run, crowd.one_delta()))
    return turns


def _check(what: str, turns: list[Turn], goal: float | None = None) -> Check:
    return Check(what, median(turn.cost for turn in turns) / 1024, "KiB", goal)
