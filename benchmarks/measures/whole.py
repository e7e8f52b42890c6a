"""Streams that differ in length, each from its opening to its end in foxstream's own client.

House rule: opening a stream is off the clock, what it said is checked off the clock, and all that
its user gets, the completion included, is on it.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from unittest.mock import patch

import msgspec

from benchmarks.measures.fed import judged
from benchmarks.measures.strain import strain_of
from benchmarks.referee import Turn, fingerprint
from benchmarks.riders.rider import PROMPT
from benchmarks.server.script import Script
from foxstream import Client, Completion, Stream
from foxstream.deltas import Transcript

__all__ = ["COMPLETIONS", "FALSE_STARTS", "Length", "memory", "take_turn"]

COMPLETIONS = "completions built for one answer"
FALSE_STARTS = "streams whose first token was no token"


class Length(msgspec.Struct, frozen=True):
    """`units` make up a stream, `streams` a turn; `sent` fingerprints text and reasoning."""

    script: Script
    sent: str
    units: int = 1
    streams: int = 1


class _Heard(msgspec.Struct):
    """One stream, heard to its end."""

    cpu_ns: int
    completion: Completion
    built: int
    false_start: bool


def take_turn(url: str, length: Length) -> Turn:
    """CPU ns of one unit."""

    async def main() -> list[_Heard]:
        async with Client(base_url=f"{url}/{length.script.path}") as client:
            return [await _hear(client.stream(PROMPT)) for _ in range(length.streams)]

    heard = asyncio.run(main())
    said = " or ".join({_said(one.completion) for one in heard})
    beside = {
        COMPLETIONS: float(max(one.built for one in heard)),
        FALSE_STARTS: float(sum(one.false_start for one in heard)),
    }
    turn = Turn(sum(one.cpu_ns for one in heard) / length.streams, said, beside)
    return judged(turn, length.sent, length.units)


async def _hear(stream: Stream) -> _Heard:
    """Hear one stream; its completion is asked for twice, and counted when it is built."""
    first_ns = built = 0
    build = Transcript.completion

    def counted(*args: Any, **options: Any) -> Completion:
        nonlocal built
        built += 1
        return build(*args, **options)

    with patch.object(Transcript, "completion", counted):
        async with stream as answer:
            began = time.process_time_ns()
            async for delta in answer:
                first_ns = first_ns or delta.received_ns
            completion, _ = answer.completion, answer.completion
            cpu_ns = time.process_time_ns() - began
    assert completion is not None
    return _Heard(cpu_ns, completion, built, answer.timings.first_token != first_ns)


def memory(url: str, length: Length) -> Turn:
    """Resident bytes at the peak, beyond before, of one stream after a short one."""
    short = msgspec.structs.replace(length.script, comments=1)

    async def main() -> Turn:
        async with Client(base_url=f"{url}/{short.path}") as client:
            await _hear(client.stream(PROMPT))
        async with Client(base_url=f"{url}/{length.script.path}") as client:
            stream = client.stream(PROMPT)
            strain = await strain_of(_hear(stream))
        assert stream.completion is not None
        return Turn(strain.memory, _said(stream.completion))

    return judged(asyncio.run(main()), length.sent)


def _said(completion: Completion) -> str:
    return fingerprint(completion.text, completion.reasoning)
