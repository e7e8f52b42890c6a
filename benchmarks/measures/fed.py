"""What is fed to a `Decoder` in this process: one large event, a million keep-alives.

House rule: what is read is checked off the clock. Figures of streams that differ in length are
compared, so each is held against what was sent to it, and answers `WHOLE` where all of it came.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, repeat

import msgspec

from benchmarks.referee import Attempt, Turn, fingerprint, timed
from benchmarks.server.dialects import words
from foxstream import sse
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript

__all__ = ["WHOLE", "Diet", "event", "judged", "keepalives", "memory", "take_turn"]

WHOLE = "all that was sent"

_READ = 1024
_COMMENT = b": keep-alive\n\n"


class Diet(msgspec.Struct, frozen=True):
    """The reads of one stream, the fingerprint of what they say, and of how many units."""

    reads: Iterable[bytes]
    sent: str
    units: int


def event(size: int) -> Diet:
    """One event of `size` bytes, in reads of 1 KiB; a unit is a byte."""
    around = len(_frame(""))
    text = words(size - around)
    frame = _frame(text)
    reads = [frame[at : at + _READ] for at in range(0, size, _READ)]
    return Diet(reads, fingerprint(text), size)


def keepalives(count: int) -> Diet:
    """So many comments, each in a read of its own, before the first token; a unit is a comment."""
    return Diet(_Waiting(count, _frame("Hello")), fingerprint("Hello"), count)


class _Waiting:
    """The reads again at each iteration, and never all of them in memory."""

    def __init__(self, count: int, last: bytes) -> None:
        self._count, self._last = count, last

    def __iter__(self) -> Iterator[bytes]:
        return chain(repeat(_COMMENT, self._count), [self._last])


def _frame(text: str) -> bytes:
    data = msgspec.json.encode({"choices": [{"index": 0, "delta": {"content": text}}]})
    return sse.encode("chunk", data)


def take_turn(diet: Callable[[], Diet], seconds: float) -> Turn:
    """CPU ns of one unit."""
    eaten = diet()
    turn = timed(partial(_attempt, eaten.reads), seconds)
    return judged(turn, eaten.sent, eaten.units)


def memory(diet: Callable[[], Diet]) -> Turn:
    """Bytes that were allocated at the peak while it was fed."""
    eaten = diet()
    attempt = _attempt(eaten.reads)
    tracemalloc.start()
    said = attempt()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return judged(Turn(peak, fingerprint(*said)), eaten.sent)


def judged(turn: Turn, sent: str, units: int = 1) -> Turn:
    """The cost of one of `units`; a false answer stays what it is."""
    answer = WHOLE if turn.answer == sent else turn.answer
    return msgspec.structs.replace(turn, cost=turn.cost / units, answer=answer)


def _attempt(reads: Iterable[bytes]) -> Attempt:
    decoder = Decoder(Transcript())

    def attempt() -> tuple[str, ...]:
        return tuple(delta.text for read in reads for delta in decoder.feed(read))

    return attempt
