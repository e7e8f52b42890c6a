"""The referee: who ran, how long it took, how it compares.

House rule: contenders take turns (A B C, A B C, ...), so that whatever else the machine does
strikes them alike, and each lives in a process of its own, so that neither the imports nor the
garbage of one weigh on another. CPU time counts, not the wall clock.
"""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import msgspec

__all__ = [
    "Attempt",
    "Run",
    "Spread",
    "Turn",
    "WrongAnswerError",
    "compete",
    "fingerprint",
    "ratio",
    "spread",
    "timed",
]

Attempt = Callable[[], tuple[str, ...]]
"""What is on the clock: it returns what it read, which is checked off the clock."""

_WARM_UP = 3


class WrongAnswerError(Exception):
    """A contender was fast, but what it read is not what was sent."""


class Turn(msgspec.Struct, frozen=True):
    """CPU nanoseconds for each pass, and the fingerprint of what every pass read."""

    cpu_ns: float
    answer: str


Run = Callable[[int], Turn]
"""A contender's turn of so many passes; picklable, for it is called in its own process."""


class Spread(msgspec.Struct, frozen=True):
    """The median and the quartiles around it."""

    median: float
    low: float
    high: float


def spread(figures: Sequence[float]) -> Spread:
    """The quartiles of at least two figures."""
    low, median, high = statistics.quantiles(figures, n=4, method="inclusive")
    return Spread(median, low, high)


def ratio(ours: Sequence[Turn], theirs: Sequence[Turn]) -> Spread:
    """Ours over theirs, turn by turn: neighbours in time share the machine's moods."""
    return spread([a.cpu_ns / b.cpu_ns for a, b in zip(ours, theirs, strict=True)])


def fingerprint(*said: str) -> str:
    """Short, and another one if a single character is lost or misplaced."""
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


def timed(prepare: Callable[[], Attempt], passes: int) -> Turn:
    """Run `passes` attempts, each freshly prepared off the clock."""
    cpu_ns = 0
    answers: set[str] = set()
    gc.collect()
    for _ in range(passes):
        attempt = prepare()
        began = time.process_time_ns()
        said = attempt()
        cpu_ns += time.process_time_ns() - began
        answers.add(fingerprint(*said))
    return Turn(cpu_ns / passes, " or ".join(sorted(answers)))


def compete(
    runs: Mapping[str, Run], answer: str, *, turns: int, turn_seconds: float
) -> dict[str, list[Turn]]:
    """Let each take `turns` turns of about `turn_seconds`; `WrongAnswerError` for a false one."""
    with ExitStack() as stack:
        corners = {name: stack.enter_context(_corner()) for name in runs}
        passes = {
            name: _passes(corners[name].submit(run, _WARM_UP).result(), turn_seconds)
            for name, run in runs.items()
        }
        results: dict[str, list[Turn]] = {name: [] for name in runs}
        for _ in range(turns):
            for name, run in runs.items():
                turn = corners[name].submit(run, passes[name]).result()
                results[name].append(_verified(name, turn, answer))
    return results


def _corner() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def _passes(warm: Turn, turn_seconds: float) -> int:
    return max(1, round(turn_seconds * 1e9 / warm.cpu_ns))


def _verified(name: str, turn: Turn, answer: str) -> Turn:
    if turn.answer != answer:
        raise WrongAnswerError(f"{name} answered {turn.answer}, and {answer} was sent")
    return turn
