"""`paced`: CPU time of a delta that comes in a packet of its own, with many streams open."""

from __future__ import annotations

from functools import partial

import msgspec

from benchmarks.measures import heats
from benchmarks.measures.heats import Heat
from benchmarks.report import Case, Report
from benchmarks.riders import turns
from benchmarks.riders.field import (
    AIOHTTP,
    AIOHTTP_SSE,
    ANTHROPIC,
    FOXSTREAM,
    HTTPX_SSE,
    OPENAI,
    RAW,
    RAW_SMALL,
)
from benchmarks.server.ports import Ports
from benchmarks.server.script import Script

__all__ = ["QUICK", "Pace", "measure"]

HEATS = [
    Heat(
        "paced",
        [FOXSTREAM, RAW, RAW_SMALL, AIOHTTP, HTTPX_SSE, AIOHTTP_SSE, OPENAI, ANTHROPIC],
        {RAW: 0.75, RAW_SMALL: 1.3, OPENAI: 1 / 7},
    ),
    Heat("paced, TLS", [FOXSTREAM, RAW, HTTPX_SSE, OPENAI], secure=True),
    Heat(
        "paced, uvloop",
        [FOXSTREAM, RAW, HTTPX_SSE, OPENAI],
        {RAW: 1.35, OPENAI: 1 / 8},
        lane="uvloop",
    ),
]


class Pace(msgspec.Struct, frozen=True):
    """Open streams, chunks a second of each, seconds on the clock, turns of each rider.

    A stream goes on for `around` seconds before and after the clock runs.
    """

    streams: int = 60
    rate: float = 50.0
    seconds: float = 1.5
    turns: int = 4
    around: float = 1.5


QUICK = Pace(streams=5, seconds=0.1, turns=1, around=0.6)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace, *, profile: bool = False) -> Report:
    """Plain, over TLS, and on uvloop; `profile` adds where our time goes, for the first."""
    return heats.measured(
        "paced",
        "CPU time of a delta that comes in a packet of its own",
        HEATS,
        partial(_case, pace=pace, profile=profile),
        [
            f"{pace.streams} streams of {pace.rate:g} chunks a second",
            f"{pace.turns} turns of {pace.seconds:g} s each",
        ],
    )


def _case(heat: Heat, ports: Ports, pace: Pace, *, profile: bool) -> Case:
    chunks = int(pace.rate * (pace.seconds + pace.around))
    script = Script(chunks, rate=pace.rate, lead=pace.around / 3)
    take = partial(turns.paced, script=script, streams=pace.streams, seconds=pace.seconds)
    answer = turns.expected(chunks)
    return heats.case(
        heat,
        ports,
        take,
        answer,
        turns=pace.turns,
        unit="us",
        scale=1e-3,
        profile=profile and heat is HEATS[0],
    )
