"""Where foxstream's time goes: its way down from bytes to deltas, stopped after each station.

House rule: a stage does what the one before it does, and one thing more. Each answers with the
number of events that it saw.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.recording import record
from benchmarks.referee import Attempt, Turn, timed
from foxstream import wire
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.sse import Parser, Run

__all__ = ["STAGES", "take_turn"]


def events(reads: list[bytes]) -> Attempt:
    """`Parser.feed_runs`: bytes to `Run`s and `Event`s."""
    parser = Parser()

    def attempt() -> tuple[str]:
        parts = [part for block in reads for part in parser.feed_runs(block)]
        return (str(sum(len(part.data) if isinstance(part, Run) else 1 for part in parts)),)

    return attempt


def chunks(reads: list[bytes]) -> Attempt:
    """`wire.decode_chunks`: their data to `Chunk`s."""
    parser = Parser()

    def attempt() -> tuple[str]:
        seen = 0
        for block in reads:
            for part in parser.feed_runs(block):
                if isinstance(part, Run):
                    seen += len(part.data)
                    wire.decode_chunks(part.data)
                else:
                    seen += 1
                    if part.event == "chunk":
                        wire.decode_chunk(part.data)
        return (str(seen),)

    return attempt


def deltas(reads: list[bytes]) -> Attempt:
    """`Decoder`: `Chunk` to `Delta`, counted and folded into the transcript."""
    decoder = Decoder(Transcript())

    def attempt() -> tuple[str]:
        for block in reads:
            decoder.feed(block)
        return (str(decoder.events),)

    return attempt


STAGES: dict[str, Callable[[list[bytes]], Attempt]] = {
    "sse.Parser": events,
    "wire.decode_chunks": chunks,
    "deltas and count": deltas,
}
"""In the order of the way down."""


def take_turn(name: str, frames_per_read: int, chunks: int, seconds: float) -> Turn:
    """One turn of the stage `name`, in its own process."""
    reads = record(chunks).reads(frames_per_read)
    return timed(partial(STAGES[name], reads), seconds)
