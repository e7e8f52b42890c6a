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
    """Open streams, chunks a second of each, seconds on the clock, turns of each rider."""

    streams: int = 60
    rate: float = 50.0
    seconds: float = 2.0
    turns: int = 5


QUICK = Pace(streams=5, seconds=0.2, turns=2)
"""Enough to see that everything still runs; its figures mean little."""

_AROUND = 1.5
"""Seconds that a stream goes on before and after the clock runs."""


def measure(pace: Pace) -> Report:
    """Plain, over TLS, and on uvloop."""
    return heats.measured(
        "paced",
        "CPU time of a delta that comes in a packet of its own",
        HEATS,
        partial(_case, pace=pace),
        [
            f"{pace.streams} streams of {pace.rate:g} chunks a second",
            f"{pace.turns} turns of {pace.seconds:g} s each",
        ],
    )


def _case(heat: Heat, ports: Ports, pace: Pace) -> Case:
    chunks = int(pace.rate * (pace.seconds + _AROUND))
    script = Script(chunks, rate=pace.rate, lead=0.5)
    take = partial(turns.paced, script=script, streams=pace.streams, seconds=pace.seconds)
    answer = turns.expected(chunks)
    return heats.case(heat, ports, take, answer, turns=pace.turns, unit="us", scale=1e-3)
