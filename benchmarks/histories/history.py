"""One history: what its connections meet, what its task does, how it is read; all from one seed.

House rule: a history can be printed as JSON and lived again.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import msgspec

from benchmarks.histories.mishaps import (
    TWISTS,
    Connection,
    Cut,
    Ending,
    Refused,
    Told,
    body_of,
)
from benchmarks.histories.recorded import Recording, recorded
from benchmarks.histories.tasks import Look, Task

__all__ = ["History", "history_of"]

_MOST = 6
_ENDINGS: tuple[Ending, ...] = ("end", "reset", "stall", "broken")
_STATUSES = (404, 410, 429, 429, 500, 502, 503, None)
_READS = (None, None, None, 512, 4096, 1 << 16, 1 << 16, 67)
_LIMITS = (5, 5, 5, 5, 5, 2, 1, 0)
_ENDS: tuple[Look, ...] = ("truth",) * 8 + ("silent", "failed")
_FOR_EVER: tuple[Look, ...] = ("running", "empty")


class History(msgspec.Struct, frozen=True):
    """The stream is opened as often as there are `connections`, and once more, all well.

    `limit` is that of `Retries`, `read_size` how many bytes a read brings at most (`None`: one
    frame), `attach` follows a task that was submitted before, `seed` is what it was made from.
    """

    connections: tuple[Connection, ...] = ()
    task: Task = Task()
    verify: bool = False
    attach: bool = False
    limit: int = 5
    read_size: int | None = None
    seed: int | None = None

    def connection(self, number: int) -> Connection:
        """What the connection of that number meets."""
        for connection in self.connections[: number + 1]:
            if isinstance(connection, Refused) and connection.for_good:
                return connection
        return self.connections[number] if number < len(self.connections) else Told()


def history_of(seed: int, recording: Recording | None = None, *, hurried: bool = False) -> History:
    """The history of that seed; a `hurried` one has nothing that takes minutes to end."""
    chance = random.Random(seed)
    dice = _Dice(chance, recording or recorded(), hurried)
    attach = chance.random() < 0.2
    return History(
        connections=tuple(dice.connection() for _ in range(chance.randint(0, _MOST))),
        task=dice.task(),
        verify=not attach and chance.random() < 0.4,
        attach=attach,
        limit=chance.choice(_LIMITS),
        read_size=chance.choice(_READS),
        seed=seed,
    )


class _Dice(NamedTuple):
    """What chance makes of one history."""

    chance: random.Random
    recording: Recording
    hurried: bool

    def connection(self) -> Connection:
        """One that meets something, in most cases."""
        if self.chance.random() < 0.25:
            return self._refused()
        twist = "same" if self.chance.random() < 0.4 else self.chance.choice(TWISTS)
        told = Told(twist, self.chance.randrange(len(self.recording.chunks)))
        return told if self.chance.random() < 0.25 else self._cut(told)

    def _cut(self, told: Told) -> Told:
        at = self.chance.randint(0, body_of(told, self.recording).ends[-1])
        return msgspec.structs.replace(told, cut=Cut(at, self.chance.choice(_ENDINGS)))

    def _refused(self) -> Refused:
        status = self.chance.choice(_STATUSES)
        waits = (None, 0, 90) if self.hurried else (None, 0, 20, 90)
        retry_after = self.chance.choice(waits) if status in {429, 503} else None
        for_good = status in {404, 410} and self.chance.random() < 0.5
        return Refused(status, retry_after, for_good)

    def task(self) -> Task:
        """What the task does meanwhile."""
        ends = self.chance.choice(_ENDS)
        if not self.hurried and self.chance.random() < 0.05:
            ends = self.chance.choice(_FOR_EVER)
        return Task(
            running=self.chance.choice((0, 0, 1, 2, 7)),
            empty=self.chance.choice((0, 0, 0, 1, 4)),
            ends=ends,
            busy=tuple(sorted(self.chance.sample(range(8), self.chance.choice((0, 0, 1, 2))))),
        )
