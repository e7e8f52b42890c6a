"""Many histories, lived and judged: what was met, how they ended, what was wrong.

House rule: a tally can be added to another, so the work may be spread over processes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import reduce
from multiprocessing import get_context
from operator import add
from typing import TypeVar

import anyio
import msgspec

from benchmarks.histories import dry, everywhere, virtual
from benchmarks.histories.history import History, history_of
from benchmarks.histories.life import Outcome
from benchmarks.histories.mishaps import Connection, Refused
from benchmarks.histories.oracle import judge

__all__ = [
    "Failure",
    "Tally",
    "bytes_through_stream",
    "bytes_without_a_loop",
    "names",
    "random_histories",
    "spread",
]

Part = TypeVar("Part")

_UNREMARKABLE = {"truth", "running"}


class Failure(msgspec.Struct, frozen=True):
    """A history that did not end as it must."""

    history: History
    complaint: str


class Tally(msgspec.Struct):
    """How many histories were lived, what they met, how they ended."""

    lived: int = 0
    endings: Counter[str] = msgspec.field(default_factory=Counter)
    met: Counter[str] = msgspec.field(default_factory=Counter)
    failures: list[Failure] = msgspec.field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Judge one more."""
        self.lived += 1
        self.endings[outcome.ending] += 1
        for opening in outcome.openings:
            self.met.update(names(opening.connection))
        self.met.update(f"task: {look}" for look in set(outcome.looks) - _UNREMARKABLE)
        complaint = judge(outcome)
        if complaint is not None:
            self.failures.append(Failure(outcome.history, complaint))

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Tally:
        """All of them, judged."""
        tally = cls()
        for outcome in outcomes:
            tally.count(outcome)
        return tally

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.lived + other.lived,
            self.endings + other.endings,
            self.met + other.met,
            self.failures + other.failures,
        )


def names(connection: Connection) -> Iterator[str]:
    """What that connection meets."""
    if isinstance(connection, Refused):
        yield f"refused: {connection.status or 'no connection'}"
        return
    if connection.twist != "same":
        yield f"told: {connection.twist}"
    if connection.cut is not None:
        yield f"cut: {connection.cut.ending}"


def random_histories(seeds: Iterable[int], backend: str = "asyncio") -> Tally:
    """Those of the seeds, in virtual time."""
    return anyio.run(_through_stream, map(history_of, seeds), backend=backend)


def bytes_through_stream(places: Iterable[int]) -> Tally:
    """Every fault at those bytes, in virtual time."""
    return anyio.run(_through_stream, _everywhere(places))


def bytes_without_a_loop(places: Iterable[int], one_in: int = 1) -> Tally:
    """The faults at those bytes, in decoder and recovery alone (`everywhere.faults`)."""
    return Tally.of(map(dry.lived, _everywhere(places, one_in)))


async def _through_stream(histories: Iterable[History]) -> Tally:
    return Tally.of([await virtual.live(history) for history in histories])


def _everywhere(places: Iterable[int], one_in: int = 1) -> Iterator[History]:
    """Each history once: some faults are the same at many bytes."""
    return iter(dict.fromkeys(fault for at in places for fault in everywhere.faults(at, one_in)))


def spread(work: Callable[[list[Part]], Tally], parts: Iterable[Part]) -> Tally:
    """The work of all parts, spread over the processors."""
    dealt = list(parts)
    hands = os.cpu_count() or 1
    with ProcessPoolExecutor(hands, mp_context=get_context("spawn")) as pool:
        return reduce(add, pool.map(work, (dealt[hand::hands] for hand in range(hands))))
