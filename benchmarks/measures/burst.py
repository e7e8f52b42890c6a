"""`burst`: CPU time of a delta where the whole answer is there at once, from socket to loop."""

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
        "burst",
        [FOXSTREAM, RAW, RAW_SMALL, AIOHTTP, HTTPX_SSE, AIOHTTP_SSE, OPENAI, ANTHROPIC],
        {RAW: 1.1, HTTPX_SSE: 1 / 6, OPENAI: 1 / 35},
    ),
    Heat("burst, TLS", [FOXSTREAM, RAW, HTTPX_SSE, OPENAI], secure=True),
    Heat("burst, uvloop", [FOXSTREAM, RAW, HTTPX_SSE, OPENAI], lane="uvloop"),
]


class Pace(msgspec.Struct, frozen=True):
    """Chunks of a stream, turns of each rider, seconds of a turn."""

    chunks: int = 8192
    turns: int = 9
    turn_seconds: float = 0.2


QUICK = Pace(chunks=512, turns=1, turn_seconds=0.01)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """Plain, over TLS, and on uvloop."""
    return heats.measured(
        "burst",
        "CPU time of a delta where the whole answer is there at once",
        HEATS,
        partial(_case, pace=pace),
        [
            f"{pace.chunks} chunks a stream, one stream after the other",
            f"{pace.turns} turns of {pace.turn_seconds * 1000:.0f} ms each",
        ],
    )


def _case(heat: Heat, ports: Ports, pace: Pace) -> Case:
    take = partial(turns.burst, script=Script(pace.chunks), seconds=pace.turn_seconds)
    answer = turns.expected(pace.chunks)
    return heats.case(heat, ports, take, answer, turns=pace.turns, unit="us", scale=1e-3)
