"""What to do when a stream or a task does not simply end well: decided here, not awaited.

House rule: no I/O and no clock; facts come in, a decision goes out. The stream and the client
carry it out.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from foxstream.answer import Completion
from foxstream.errors import (
    APIConnectionError,
    FoxError,
    InternalServerError,
    RateLimitError,
    StreamDivergedError,
    StreamTruncatedError,
    TaskFailedError,
)
from foxstream.limits import Retries
from foxstream.resources import Task

__all__ = ["Attempts", "Poll", "Wait", "counted", "failure_of", "merged", "reported_error"]

_logger = logging.getLogger("foxstream.recovery")

LATE_RESULTS = 60.0
"""Seconds that a completed task may take to show its results (contract, section 5)."""

_LONGEST_RETRY_AFTER = 60.0
_MOST_DOUBLINGS = 32  # a float overflows after a thousand


class Wait(NamedTuple):
    """Wait for `seconds`, then look again; `sync_upstream` refreshes the task first."""

    seconds: float
    sync_upstream: bool


class Attempts:
    """Counts consecutive failures, and says how long to wait before the next try."""

    def __init__(self, retries: Retries, chance: Callable[[], float] = random.random) -> None:
        self._retries = retries
        self._chance = chance
        self._failures = 0

    def succeeded(self) -> None:
        """Progress was made: the count begins again."""
        self._failures = 0

    def failed(self, error: FoxError) -> float:
        """Seconds to wait after `error`; raises it when it is final or the tries are used up."""
        self._failures += 1
        asked = (
            error.retry_after if isinstance(error, RateLimitError | InternalServerError) else None
        )
        final = not isinstance(error, APIConnectionError | RateLimitError | InternalServerError)
        if final or self._failures > self._retries.limit or (asked or 0.0) > _LONGEST_RETRY_AFTER:
            raise error
        doubled = self._retries.backoff * 2 ** min(self._failures - 1, _MOST_DOUBLINGS)
        return max(min(self._retries.max_backoff, doubled) * self._chance(), asked or 0.0)


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


def reported_error(error: TaskFailedError, task: Task) -> FoxError:
    """What an `error` event means: the stream's failure is the task's only if the task says so.

    The contract's section 9.18: a stream may fail while its task lives on.
    """
    if task.status == "failed":
        return failure_of(task)
    return StreamTruncatedError(
        f"the stream reported {error.message!r}, the task is {task.status}: "
        f"attach({task.id!r}) follows it again, wait({task.id!r}) fetches its answer"
    )


def counted(streamed: Completion, finished: Completion | None, missing: int) -> Completion:
    """Judge an end whose count is higher by `missing` than the chunks that came.

    What exactly the service counts is not known (section 4), so the finished text decides: where
    it is equal or empty nothing was lost. Without a task the count is all there is.
    """
    if missing <= 0:
        return streamed
    lost = f"{missing} of the chunks that the service counted did not come"
    if finished is None or (finished.text and finished.text != streamed.text):
        raise StreamTruncatedError(f"{lost}; the answer is not whole")
    _logger.warning("task %s: %s, but its text is whole", streamed.task_id, lost)
    return streamed


def merged(streamed: Completion, finished: Completion, *, verify: bool) -> Completion:
    """The streamed completion, with the usage that only the finished task knows.

    With `verify` the texts must be equal, else `StreamDivergedError`; an empty text of the task
    proves nothing (section 4).
    """
    if verify:
        ours = {choice.index: choice.text for choice in streamed.choices}
        for theirs in finished.choices:
            if theirs.text and theirs.text != ours.get(theirs.index, ""):
                raise StreamDivergedError(
                    f"the finished task tells another answer than the stream: {len(theirs.text):,} "
                    f"characters against {len(ours.get(theirs.index, '')):,}"
                )
    return msgspec.structs.replace(streamed, usage=streamed.usage or finished.usage)
