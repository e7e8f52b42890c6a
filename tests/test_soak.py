"""Hundreds of streams at once for a while, with mishaps: each one exact, and no memory kept.

20 seconds, or as many as FOXSTREAM_SOAK_SECONDS says.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

import msgspec
import pytest

from tests.processes import Program, running
from tests.programs import tell
from tests.programs.soak import Figures

SECONDS = float(os.environ.get("FOXSTREAM_SOAK_SECONDS", "20"))
STREAMS = {"aiohttp-asyncio": 500, "httpx-asyncio": 100, "httpx-trio": 100}
KEPT_OR_CUT = ("comment", "empty", "end", "cut", "reset")
TROUBLE = ("--refused", 0.01, "--share", 0.01, "--mishaps", *KEPT_OR_CUT)
GROWTH = 0.05


@pytest.mark.alone
def test_streams_stay_exact_and_memory_stays_where_it_was():
    with ExitStack() as stack:
        service = stack.enter_context(running("service", *TROUBLE, serves=True))
        soaks = {
            lane: stack.enter_context(_soaking(service, lane, streams))
            for lane, streams in STREAMS.items()
        }
        figures = {lane: _figures_of(soak) for lane, soak in soaks.items()}
        seen = service.tells("/test/telling")
    tell("\n".join([*(f"{lane}: {told}" for lane, told in figures.items()), str(seen)]))
    assert seen["telling"] == 0
    assert all(seen["met"].get(mishap) for mishap in ("refuse", *KEPT_OR_CUT))
    for lane, told in figures.items():
        assert not told.wrong, (lane, told.wrong[:5])
        assert told.streams >= 2 * STREAMS[lane]
        assert told.reconnects > 0
        assert told.growth < GROWTH, f"{lane}: {told}"


def _soaking(service: Program, lane: str, streams: int):
    return running("soak", service.url, lane, "--streams", streams, "--seconds", SECONDS)


def _figures_of(soak: Program) -> Figures:
    """What it tells at its end, when its own complaints are none."""
    line = soak.line()
    _, complaints = soak.communicate(timeout=10)
    assert not complaints, complaints
    return msgspec.json.decode(line, type=Figures)
