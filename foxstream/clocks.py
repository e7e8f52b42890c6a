"""The deadlines of one answer: which clock runs, until when, and which one ran out.

House rule: time is an argument; nothing here reads a clock.
"""

from __future__ import annotations

from foxstream.errors import APITimeoutError, Phase
from foxstream.limits import Timeouts

__all__ = ["Clocks"]

_WAITED_FOR: dict[Phase, str] = {
    "connect": "no connection was made",
    "submit": "the submit was not answered",
    "first_token": "no token came",
    "stall": "no new token came",
    "task": "the task showed no change",
    "total": "the answer was not whole",
}


class Clocks:
    """`total` runs from the start; beside it one of `submit`, `first_token`, `stall`, `task`.

    All instants are monotonic nanoseconds.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self.deadline: int | None = None
        """The instant at which the first clock runs out; `None` where none runs."""
        self.total: int | None = None
        """The instant at which `total` runs out."""
        self._timeouts = timeouts
        self._phase: Phase = "total"
        self._limit = 0.0
        self._limit_ns: int | None = None
        self._until: int | None = None

    @property
    def connect(self) -> float | None:
        """Seconds to make one connection."""
        return self._timeouts.connect

    def start(self, now: int) -> None:
        """The first await: `total` begins."""
        total = self._timeouts.total
        self.total = None if total is None else _after(now, total)
        self.deadline = self.total

    def run(self, phase: Phase, now: int, *, longer: float = 0.0) -> None:
        """Restart the clock of `phase`, in place of the one that ran beside `total`.

        `longer` is how many seconds are added to what the user set.
        """
        limit: float | None = getattr(self._timeouts, phase)
        self._phase, self._limit = phase, (limit or 0.0) + longer
        self._limit_ns = None if limit is None else _after(0, self._limit)
        self.restart(now)

    def restart(self, now: int) -> None:
        """Restart the clock that was last `run`, with what was added to it."""
        limit, total = self._limit_ns, self.total
        self._until = until = None if limit is None else now + limit
        self.deadline = total if until is None or (total is not None and total < until) else until

    def nested(self, phase: Phase, now: int) -> Clocks:
        """Clocks for one step: that of `phase`, and in place of `total` the nearest of these."""
        inner = Clocks(self._timeouts)
        inner.total = self.deadline
        inner.run(phase, now)
        return inner

    def ran_out(self) -> APITimeoutError:
        """The error for the clock that reaches `deadline`."""
        total_first = self._until is None or self.total == self.deadline
        phase: Phase = "total" if total_first else self._phase
        limit = (self._timeouts.total or 0.0) if total_first else self._limit
        return APITimeoutError(f"{_WAITED_FOR[phase]} within {limit:g} s ({phase})", phase=phase)


def _after(now: int, seconds: float) -> int:
    return now + round(seconds * 1e9)
