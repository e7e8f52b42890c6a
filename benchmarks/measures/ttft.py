"""`ttft`: time from asking to the first piece of text or reasoning, on a warm connection.

House rule: it is time on the wall, for that is what somebody waits; the rest of the answer is read
off the clock.
"""

from __future__ import annotations

from functools import partial

import msgspec

from benchmarks.measures import heats
from benchmarks.measures.heats import Heat
from benchmarks.referee import Turn
from benchmarks.report import Case, Report
from benchmarks.riders import stopwatch, turns
from benchmarks.riders.field import (
    AIOHTTP,
    ANTHROPIC,
    DIRECT,
    FOXSTREAM,
    HTTPX_SSE,
    OPENAI,
    RAW,
    STOPWATCH,
)
from benchmarks.riders.turns import Lane
from benchmarks.server.ports import Ports
from benchmarks.server.script import Script

__all__ = ["QUICK", "Pace", "measure"]

HEATS = [
    Heat(
        "two requests",
        [FOXSTREAM, STOPWATCH, RAW, AIOHTTP, HTTPX_SSE, OPENAI, ANTHROPIC],
        {RAW: 2.5, OPENAI: 1 / 4},
    ),
    Heat("one request", [DIRECT, FOXSTREAM, OPENAI, ANTHROPIC], {FOXSTREAM: 0.65}),
    Heat("two requests, TLS", [FOXSTREAM, RAW, HTTPX_SSE, OPENAI], secure=True),
]


class Pace(msgspec.Struct, frozen=True):
    """Chunks of an answer, requests of a turn, turns of each rider."""

    chunks: int = 16
    requests: int = 20
    turns: int = 20


QUICK = Pace(requests=3, turns=1)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """Submit and follow, then one request, then over TLS; openai and anthropic always ask once."""
    return heats.measured(
        "ttft",
        "time on the wall from asking to the first delta, on a warm connection",
        HEATS,
        partial(_case, pace=pace),
        [
            f"{pace.requests * pace.turns} answers of {pace.chunks} chunks",
            f"{pace.turns} turns of {pace.requests} requests, of which the median counts",
        ],
    )


def _first(name: str, url: str, lane: Lane, script: Script, requests: int) -> Turn:
    """A rider's turn; the stopwatch times itself."""
    if name == STOPWATCH:
        return stopwatch.first(url, lane, script, requests)
    return turns.first(name, url, lane, script, requests)


def _case(heat: Heat, ports: Ports, pace: Pace) -> Case:
    take = partial(_first, script=Script(pace.chunks), requests=pace.requests)
    answer = turns.expected(pace.chunks)
    return heats.case(heat, ports, take, answer, turns=pace.turns, unit="us", scale=1e-3)
