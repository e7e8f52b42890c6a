"""What to do when a stream or a task does not simply end well: decided here, not awaited.

House rule: no I/O and no clock; facts come in, a decision goes out. The stream and the client
carry it out.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from foxstream.answer import Completion
from foxstream.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    FoxError,
    InternalServerError,
    RateLimitError,
    StreamDivergedError,
    StreamTruncatedError,
    TaskFailedError,
)
from foxstream.limits import Retries
from foxstream.resources import Task

__all__ = [
    "Attempts",
    "Lifeline",
    "Poll",
    "Remedy",
    "Wait",
    "failure_of",
    "submissions",
]

# Which of these stands for a stream that is over is not documented (section 4).
_NO_STREAM = frozenset({400, 404, 409, 410, 422})

LATE_RESULTS = 60.0
"""Seconds that a completed task may take to show its results (contract, section 5)."""

_LONGEST_RETRY_AFTER = 60.0
_PASSING = (APIConnectionError, RateLimitError, InternalServerError, StreamTruncatedError)
_MOST_REPEATED_POSTS = 3
_MOST_DOUBLINGS = 32  # a float overflows after a thousand


class Wait(NamedTuple):
    """Wait for `seconds`, then look again; `sync_upstream` refreshes the task first."""

    seconds: float
    sync_upstream: bool


def _passes(error: FoxError) -> bool:
    return isinstance(error, _PASSING)


class Attempts:
    """Counts consecutive failures, and says how long to wait before the next try.

    `passes` tells of an error whether another try makes sense at all.
    """

    def __init__(
        self,
        retries: Retries,
        chance: Callable[[], float] = random.random,
        passes: Callable[[FoxError], bool] = _passes,
    ) -> None:
        self._retries = retries
        self._chance = chance
        self._passes = passes
        self._failures = 0

    @property
    def none_allowed(self) -> bool:
        """Whether the first failure is to be the last."""
        return self._retries.limit == 0

    def succeeded(self) -> None:
        """Progress was made: the count begins again."""
        self._failures = 0

    def failed(self, error: FoxError) -> float:
        """Seconds to wait after `error`; raises it when it is final or the tries are used up."""
        self._failures += 1
        asked = (
            error.retry_after if isinstance(error, RateLimitError | InternalServerError) else None
        )
        used_up = self._failures > self._retries.limit
        if used_up or not self._passes(error) or (asked or 0.0) > _LONGEST_RETRY_AFTER:
            raise error
        doubled = self._retries.backoff * 2 ** min(self._failures - 1, _MOST_DOUBLINGS)
        return max(min(self._retries.max_backoff, doubled) * self._chance(), asked or 0.0)


def submissions(retries: Retries) -> Attempts:
    """Attempts for a POST, which may be paid for: only where it certainly was not accepted."""
    few = msgspec.structs.replace(retries, limit=min(retries.limit, _MOST_REPEATED_POSTS))
    return Attempts(few, passes=_never_accepted)


def _never_accepted(error: FoxError) -> bool:
    """Never sent, or refused by the service itself: a 429 in its envelope or with a time (9.8)."""
    if isinstance(error, RateLimitError):
        return error.type is not None or error.retry_after is not None
    return isinstance(error, APIConnectionError) and not error.sent


class Remedy(NamedTuple):
    """What to do about a cut: wait, then `reopen` the stream, `ask` the task, or `poll` it."""

    action: Literal["reopen", "ask", "poll"]
    seconds: float = 0.0


class Lifeline:
    """Chooses a remedy for each failure of a stream whose task may live on (section 9.17, 9.18).

    A cut is answered by reopening, a silence or a reported error by asking the task first. What
    is gone, tells another answer, or keeps failing, is left to the finished task.
    """

    def __init__(self, retries: Retries, chance: Callable[[], float] = random.random) -> None:
        self._attempts = Attempts(retries, chance)
        self._reported = False

    def after(self, error: FoxError, *, progress: bool) -> Remedy:
        """The remedy for `error`; raises it where there is none.

        `progress` tells whether new tokens came since the last failure.
        """
        if progress:
            self._attempts.succeeded()
            self._reported = False
        if self._attempts.none_allowed:
            raise error
        if isinstance(error, StreamDivergedError) or _is_gone(error):
            return Remedy("poll")
        if isinstance(error, TaskFailedError):
            return self._after_report()
        if isinstance(error, APITimeoutError):
            return self._after_silence(error)
        try:
            return Remedy("reopen", self._attempts.failed(error))
        except _PASSING:
            return Remedy("poll")

    def _after_report(self) -> Remedy:
        """The error may stand in the replayed log: told again, it is left to the task."""
        again, self._reported = self._reported, True
        return Remedy("poll" if again else "ask")

    def _after_silence(self, error: APITimeoutError) -> Remedy:
        seconds = self._attempts.failed(error)
        if error.phase == "total":
            raise error
        return Remedy("reopen" if error.phase == "connect" else "ask", seconds)


def _is_gone(error: FoxError) -> bool:
    return isinstance(error, APIStatusError) and error.status_code in _NO_STREAM


class Poll:
    """Decides after each look at a task: here is its completion, or wait and look again."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._seen: tuple[str, float | None] | None = None
        self._completed_at: int | None = None
        self.changed: bool = False

    def look(self, task: Task, now: int) -> Completion | Wait:
        """Return the completion, or how long to wait; raises where the task cannot end well.

        `changed` tells whether status or progress moved since the last look.
        """
        seen = (task.status, task.progress)
        self.changed, self._seen = seen != self._seen, seen
        if task.status == "failed":
            raise failure_of(task)
        if task.status != "completed":
            return Wait(self._interval, sync_upstream=True)
        if task.completion is not None:
            return task.completion
        if self._completed_at is None:
            self._completed_at = now
        if now - self._completed_at >= LATE_RESULTS * 1e9:
            raise StreamTruncatedError(
                f"the task completed, but showed no results for {LATE_RESULTS:g} s"
            )
        return Wait(min(self._interval, 2.0), sync_upstream=False)


def failure_of(task: Task) -> TaskFailedError:
    """The error for a task that failed, in the service's own words."""
    if task.error is None:
        return TaskFailedError("the task failed; the service gave no reason")
    return TaskFailedError(task.error.message or "the task failed", code=task.error.code)
