"""`decode`: CPU time from the bytes of a read to text and reasoning in the user's hands.

House rule: a goal is set before it is measured, and a figure that misses it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from benchmarks import contenders, stages
from benchmarks.contenders import CONTENDERS, FOXSTREAM, HTTPX_SSE, MSGSPEC, OPENAI
from benchmarks.machine import Machine, machine, versions
from benchmarks.recording import record
from benchmarks.referee import Spread, Turn, compete, fingerprint, ratio, spread
from benchmarks.stages import STAGES

__all__ = ["QUICK", "Case", "Pace", "Report", "Row", "Stage", "measure"]

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


QUICK = Pace(chunks=256, turns=3, turn_seconds=0.01)
"""Enough to see that everything still runs; its figures mean little."""


class Row(msgspec.Struct, frozen=True):
    """One contender; `None` is what was not measured, and foxstream's comparison with itself.

    `ratio` is foxstream's time over this contender's, `answer` the fingerprint of what it read.
    """

    name: str
    us_per_chunk: Spread | None = None
    ratio: Spread | None = None
    goal: float | None = None
    reached: bool | None = None
    answer: str | None = None


class Stage(msgspec.Struct, frozen=True):
    """One stage of foxstream's way down, with all that leads to it, in microseconds per chunk."""

    name: str
    us_per_chunk: Spread


class Case(msgspec.Struct, frozen=True):
    """The same reads for all; `stages` is empty unless a profile was asked for."""

    frames_per_read: int
    rows: list[Row]
    stages: list[Stage]


class Report(msgspec.Struct, frozen=True, tag_field="benchmark", tag="decode"):
    """What was measured, on what, and how thoroughly."""

    machine: Machine
    versions: dict[str, str]
    pace: Pace
    chunk_bytes: float
    cases: list[Case]


def measure(pace: Pace, *, profile: bool = False) -> Report:
    """Run every case; `profile` adds foxstream's stages."""
    return Report(
        machine=machine(),
        versions=versions("msgspec", "httpx", "httpx-sse", "openai", "pydantic"),
        pace=pace,
        chunk_bytes=record(pace.chunks).size / pace.chunks,
        cases=[_case(frames_per_read, pace, profile=profile) for frames_per_read in GOALS],
    )


def _case(frames_per_read: int, pace: Pace, *, profile: bool) -> Case:
    turns = _contest(frames_per_read, pace)
    rows = [_row(name, turns, GOALS[frames_per_read].get(name), pace) for name in CONTENDERS]
    return Case(frames_per_read, rows, _stages(frames_per_read, pace) if profile else [])


def _contest(frames_per_read: int, pace: Pace) -> dict[str, list[Turn]]:
    """Whose library is missing does not run."""
    recording = record(pace.chunks)
    runs = {
        name: partial(contenders.take_turn, name, frames_per_read, pace.chunks)
        for name, contender in CONTENDERS.items()
        if contender.installed
    }
    answer = fingerprint(recording.text, recording.reasoning)
    return compete(runs, answer, turns=pace.turns, turn_seconds=pace.turn_seconds)


def _row(name: str, turns: dict[str, list[Turn]], goal: float | None, pace: Pace) -> Row:
    if name not in turns:
        return Row(name, goal=goal)
    compared = None if name == FOXSTREAM else ratio(turns[FOXSTREAM], turns[name])
    return Row(
        name,
        us_per_chunk=_per_chunk(turns[name], pace),
        ratio=compared,
        goal=goal,
        reached=None if goal is None or compared is None else compared.median <= goal,
        answer=turns[name][0].answer,
    )


def _stages(frames_per_read: int, pace: Pace) -> list[Stage]:
    runs = {name: partial(stages.take_turn, name, frames_per_read, pace.chunks) for name in STAGES}
    events = fingerprint(str(pace.chunks + 1))
    turns = compete(runs, events, turns=pace.turns, turn_seconds=pace.turn_seconds)
    return [Stage(name, _per_chunk(turns[name], pace)) for name in STAGES]


def _per_chunk(turns: Sequence[Turn], pace: Pace) -> Spread:
    return spread([turn.cpu_ns / pace.chunks / 1000 for turn in turns])
