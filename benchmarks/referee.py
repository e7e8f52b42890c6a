"""The referee: who ran, what it cost, how it compares.

House rule: contenders take turns (A B C, A B C, ...), so that whatever else the machine does
strikes them alike, and each lives in a process of its own, so that neither the imports nor the
garbage of one weigh on another. Where cost is time, it is CPU time as the system counts it, unless
the measure says otherwise.
"""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import msgspec

from benchmarks.machine import pin
from benchmarks.report import Row, Spread, spread

__all__ = [
    "Attempt",
    "Run",
    "Turn",
    "WrongAnswerError",
    "alone",
    "compete",
    "fingerprint",
    "rows",
    "timed",
    "verified",
]

Attempt = Callable[[], tuple[str, ...]]
"""What is on the clock: it returns what it read, which is checked off the clock."""


class WrongAnswerError(Exception):
    """A contender was fast, but what it read is not what was sent."""


class Turn(msgspec.Struct, frozen=True):
    """What one unit of work cost, and the fingerprint of what was read.

    `beside` holds what was seen on the way, such as the share of a core that the server used.
    """

    cost: float
    answer: str
    beside: dict[str, float] = {}


Run = Callable[[], Turn]
"""A contender's turn; picklable, for it is called in its own process."""


def ratio(ours: Sequence[Turn], theirs: Sequence[Turn]) -> Spread:
    """Ours over theirs, turn by turn: neighbours in time share the machine's moods."""
    return spread([a.cost / b.cost for a, b in zip(ours, theirs, strict=True)])


def rows(
    turns: Mapping[str, Sequence[Turn]],
    names: Sequence[str],
    goals: Mapping[str, float],
    scale: float = 1.0,
) -> list[Row]:
    """A row for each of `names`, the first being ours; costs are told times `scale`."""
    ours = turns[names[0]]
    found: list[Row] = []
    for name in names:
        if name not in turns:
            found.append(Row(name, goal=goals.get(name)))
            continue
        theirs = turns[name]
        found.append(
            Row(
                name,
                cost=spread([turn.cost * scale for turn in theirs]),
                ratio=None if theirs is ours else ratio(ours, theirs),
                goal=goals.get(name),
                answer=theirs[0].answer,
            )
        )
    return found


def fingerprint(*said: str) -> str:
    """Short, and another one if a single character is lost or misplaced."""
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


def timed(prepare: Callable[[], Attempt], seconds: float) -> Turn:
    """Attempts, each freshly prepared off the clock, until `seconds` are used: CPU ns of one."""
    cpu_ns = passes = 0
    answers: set[str] = set()
    gc.collect()
    while not passes or cpu_ns < seconds * 1e9:
        attempt = prepare()
        began = time.process_time_ns()
        said = attempt()
        cpu_ns += time.process_time_ns() - began
        passes += 1
        answers.add(fingerprint(*said))
    return Turn(cpu_ns / passes, " or ".join(sorted(answers)))


def compete(runs: Mapping[str, Run], answer: str, *, turns: int) -> dict[str, list[Turn]]:
    """Let each take `turns` turns, after one that does not count where there are several.

    `WrongAnswerError` for a false answer.
    """
    warm = int(turns > 1)
    with ExitStack() as stack:
        corners = {name: stack.enter_context(_corner()) for name in runs}
        results: dict[str, list[Turn]] = {name: [] for name in runs}
        for number in range(warm + turns):
            for name, run in runs.items():
                turn = verified(name, corners[name].submit(run).result(), answer)
                if number >= warm:
                    results[name].append(turn)
    return results


def alone(name: str, run: Run, answer: str) -> Turn:
    """One turn in a process that has done nothing before it, and ends with it."""
    with _corner() as corner:
        return verified(name, corner.submit(run).result(), answer)


def _corner() -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=pin, initargs=(0,))


def verified(name: str, turn: Turn, answer: str) -> Turn:
    """The turn; `WrongAnswerError` for another answer."""
    if turn.answer != answer:
        raise WrongAnswerError(f"{name} answered {turn.answer}, and {answer} was sent")
    return turn
