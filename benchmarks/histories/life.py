"""One history being lived: which mishap is next, and what was seen and shown so far.

House rule: every player keeps the same record, so that one judge can read them all.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from benchmarks.histories.history import History
from benchmarks.histories.mishaps import Connection
from benchmarks.histories.recorded import Recording, Words, recorded
from benchmarks.histories.tasks import Look
from foxstream import Completion, Delta

__all__ = ["ENOUGH", "EndlessError", "Life", "Opening", "Outcome"]

ENOUGH = 2000
"""Requests that no history needs."""


class EndlessError(AssertionError):
    """The client asked on and on."""


class Opening(NamedTuple):
    """A connection of the stream, and what had been seen when it was asked for."""

    connection: Connection
    seen: Words


class Life:
    """What happened until now."""

    def __init__(self, history: History, recording: Recording | None = None) -> None:
        self.history = history
        self.recording = recording or recorded()
        self.openings: list[Opening] = []
        self.looks: list[Look] = []
        self._texts: list[str] = []
        self._reasoning: list[str] = []

    @property
    def seen(self) -> Words:
        """What the loop was given."""
        return Words("".join(self._reasoning), "".join(self._texts))

    def see(self, delta: Delta) -> None:
        """The loop is given one more delta."""
        self._texts.append(delta.text)
        self._reasoning.append(delta.reasoning)

    def open(self) -> Connection:
        """The stream is asked for."""
        connection = self.history.connection(len(self.openings))
        self.openings.append(Opening(connection, self.seen))
        self._bound()
        return connection

    def look(self) -> Look:
        """The task is looked at."""
        self.looks.append(self.history.task.look(len(self.looks)))
        self._bound()
        return self.looks[-1]

    def _bound(self) -> None:
        if len(self.openings) + len(self.looks) > ENOUGH:
            raise EndlessError(f"{ENOUGH} requests, and no end")


class Outcome(msgspec.Struct, frozen=True):
    """How a history ended: with a completion, or with an error; and how it came to that."""

    history: History
    recording: Recording
    seen: Words
    openings: tuple[Opening, ...]
    looks: tuple[Look, ...]
    completion: Completion | None = None
    error: BaseException | None = None

    @classmethod
    def of(
        cls, life: Life, completion: Completion | None = None, error: BaseException | None = None
    ) -> Outcome:
        """The outcome of a life."""
        openings, looks = tuple(life.openings), tuple(life.looks)
        return cls(life.history, life.recording, life.seen, openings, looks, completion, error)

    @property
    def ending(self) -> str:
        """The name of the error, or `truth`."""
        return "truth" if self.error is None else type(self.error).__name__
