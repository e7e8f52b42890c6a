"""A history lived without an event loop: decoder, telling and recovery alone.

House rule: what `Stream` awaits is done at once here; what is decided is decided by foxstream.
"""

from __future__ import annotations

import msgspec

from benchmarks.histories.history import History
from benchmarks.histories.life import Life, Outcome
from benchmarks.histories.mishaps import Ending, Refused, Told
from benchmarks.histories.recorded import recorded
from benchmarks.histories.tasks import showing
from benchmarks.histories.virtual import REFUSAL, TASK, blocks_of, completed, refusal_of
from foxstream import (
    APIConnectionError,
    APITimeoutError,
    Completion,
    Delta,
    FoxError,
    InternalServerError,
    Retries,
)
from foxstream.exchange import Reply
from foxstream.recovery import Attempts, Lifeline, Poll, failure_of
from foxstream.replies import error_from, task_from
from foxstream.resources import Task
from foxstream.telling import Telling

__all__ = ["lived"]

_SECOND = 1_000_000_000
_PATIENCE = 900 * _SECOND


def lived(history: History) -> Outcome:
    """The outcome of a history."""
    life = Life(history)
    reader = _Reader(life)
    try:
        completion = reader.answer()
    except FoxError as error:
        error.partial, error.task_id = reader.telling.said("truncated", TASK), TASK
        return Outcome.of(life, error=error)
    except Exception as error:  # noqa: BLE001 (the judge says what is wrong with it)
        return Outcome.of(life, error=error)
    return Outcome.of(life, completion)


class _Reader:
    """Reads one answer to its end, as `Stream` does."""

    def __init__(self, life: Life) -> None:
        self.telling = Telling(max_event_bytes=1 << 20)
        self._life = life
        self._retries = Retries(limit=life.history.limit)
        self._lifeline = Lifeline(self._retries)
        self._now = 0

    def answer(self) -> Completion:
        """Open, read and heal until there is an end."""
        self.telling.begin()
        while (complaint := self._connection()) is not None:
            finished = self._healed(complaint)
            if finished is not None:
                tail, whole = self.telling.mend(finished, TASK, self._now)
                return self._owed(tail, whole)
            self.telling.begin_again()
        if not (self.telling.miscounted or self._life.history.verify):
            return self.telling.said("complete", TASK)
        return self._owed(*self.telling.settle(self._polled(), TASK, self._now))

    def _owed(self, tail: list[Delta], whole: Completion) -> Completion:
        self._see(tail)
        return whole

    def _see(self, deltas: list[Delta]) -> None:
        for delta in deltas:
            self._life.see(delta)

    def _connection(self) -> FoxError | None:
        """Read one connection to its end; what is wrong with it."""
        connection = self._life.open()
        if isinstance(connection, Refused):
            return _error_of(connection)
        for block in blocks_of(connection, recorded(), self._life.history.read_size):
            self._see(self.telling.feed(block, self._now))
            if self.telling.over:
                break
        else:
            self._end(connection)
        return self.telling.complaint()

    def _end(self, told: Told) -> None:
        ending: Ending = told.cut.ending if told.cut else "end"
        if ending == "end":
            self.telling.feed(b"", self._now)
        elif ending == "stall":
            self.telling.fail(APITimeoutError("no new token came", phase="stall"))
        else:
            self.telling.fail(APIConnectionError(ending))

    def _healed(self, error: FoxError) -> Completion | None:
        """The completion of the finished task, or nothing where the stream is to be reopened."""
        progress = self.telling.progress
        while True:
            remedy = self._lifeline.after(error, progress=progress)
            self._wait(remedy.seconds)
            if remedy.action == "poll":
                return self._polled()
            if remedy.action == "reopen":
                return None
            try:
                task = self._task()
            except FoxError as failure:
                error, progress = failure, False
                continue
            if task.status == "failed":
                raise failure_of(task)
            return (task.completion or self._polled()) if task.ended else None

    def _polled(self) -> Completion:
        """Look at the task until it is finished."""
        poll, attempts = Poll(self._retries.poll_interval), Attempts(self._retries)
        changed = self._now
        while self._now - changed < _PATIENCE:
            try:
                task = self._task()
            except InternalServerError as error:
                self._wait(attempts.failed(error))
                continue
            attempts.succeeded()
            seen = poll.look(task, self._now)
            if isinstance(seen, Completion):
                return seen
            changed = self._now if poll.changed else changed
            self._wait(seen.seconds)
        raise APITimeoutError("the task showed no change", phase="task")

    def _task(self) -> Task:
        """Look at the task once."""
        look = self._life.look()
        if look == "busy":
            raise _error_of(Refused(500))
        return task_from(msgspec.json.encode(showing(look, completed(recorded()))))

    def _wait(self, seconds: float) -> None:
        self._now += round(seconds * _SECOND)


def _error_of(refused: Refused) -> FoxError:
    play = refusal_of(refused)
    if refused.status is None:
        return APIConnectionError("connection refused")
    return error_from(Reply(play.status, play.headers, REFUSAL))
