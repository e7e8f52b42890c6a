"""`decode`: CPU time from the bytes of a read to text and reasoning in the user's hands.

House rule: a goal is set before it is measured, and a figure that misses it says so.
"""

from __future__ import annotations

from functools import partial

import msgspec

from benchmarks.machine import machine, versions
from benchmarks.measures import decoders, stages
from benchmarks.measures.decoders import CONTENDERS, HTTPX_SSE, MSGSPEC, OPENAI
from benchmarks.measures.stages import STAGES
from benchmarks.recording import record
from benchmarks.referee import compete, fingerprint, rows
from benchmarks.report import Case, Report, Stage, spread

__all__ = ["QUICK", "Pace", "measure"]

GOALS = {
    64: {MSGSPEC: 2.5, HTTPX_SSE: 1 / 3, OPENAI: 1 / 25},
    1: {MSGSPEC: 5.0, HTTPX_SSE: 1 / 3, OPENAI: 1 / 25},
}
"""By frames per read: how many times the other's time foxstream may take at most."""


class Pace(msgspec.Struct, frozen=True):
    """How thorough a run is: chunks of the stream, turns of each contender, seconds of a turn."""

    chunks: int = 2048
    turns: int = 15
    turn_seconds: float = 0.1


QUICK = Pace(chunks=256, turns=1, turn_seconds=0.01)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace, *, profile: bool = False) -> Report:
    """Run every case; `profile` adds foxstream's stages."""
    chunk_bytes = record(pace.chunks).size / pace.chunks
    return Report(
        benchmark="decode",
        subject="from the bytes of a read to the text in the user's hands",
        machine=machine(),
        versions=versions("msgspec", "httpx", "httpx-sse", "openai", "pydantic"),
        pace=[
            f"{pace.chunks} chunks of {chunk_bytes:.0f} bytes",
            f"{pace.turns} turns of {pace.turn_seconds * 1000:.0f} ms each",
        ],
        cases=[_case(frames, pace, profile=profile) for frames in GOALS],
        legend=[f"{name}: {contender.gives}" for name, contender in CONTENDERS.items()],
    )


def _case(frames: int, pace: Pace, *, profile: bool) -> Case:
    """Whose library is missing does not run."""
    recording = record(pace.chunks)
    runs = {
        name: partial(decoders.take_turn, name, frames, pace.chunks, pace.turn_seconds)
        for name, contender in CONTENDERS.items()
        if contender.installed
    }
    answer = fingerprint(recording.text, recording.reasoning)
    turns = compete(runs, answer, turns=pace.turns)
    return Case(
        title="1 frame a read" if frames == 1 else f"{frames} frames a read",
        unit="us",
        rows=rows(turns, list(CONTENDERS), GOALS[frames], 1 / pace.chunks / 1000),
        stages=_stages(frames, pace) if profile else [],
    )


def _stages(frames: int, pace: Pace) -> list[Stage]:
    runs = {
        name: partial(stages.take_turn, name, frames, pace.chunks, pace.turn_seconds)
        for name in STAGES
    }
    turns = compete(runs, fingerprint(str(pace.chunks + 1)), turns=pace.turns)
    return [
        Stage(name, spread([turn.cost / pace.chunks / 1000 for turn in turns[name]]))
        for name in STAGES
    ]
