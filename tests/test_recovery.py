"""Decisions after a failure: facts in, a decision out."""

from __future__ import annotations

import pytest

from foxstream import errors
from foxstream.answer import Choice, Completion
from foxstream.errors import FoxError, StreamDivergedError, StreamTruncatedError, TaskFailedError
from foxstream.limits import Retries
from foxstream.recovery import (
    LATE_RESULTS,
    Attempts,
    Lifeline,
    Poll,
    Remedy,
    Wait,
    failure_of,
    submissions,
)
from foxstream.resources import Task, TaskFailure

SECOND = 1_000_000_000
LOST = errors.APIConnectionError("lost")


def attempts(chance: float = 1.0, **retries: float) -> Attempts:
    return Attempts(Retries(**retries), lambda: chance)


# how often, and how long to wait


def test_waits_double_up_to_the_longest():
    count = attempts(limit=8, backoff=0.25, max_backoff=8.0)
    waits = [count.failed(LOST) for _ in range(8)]
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    with pytest.raises(errors.APIConnectionError) as caught:
        count.failed(LOST)
    assert caught.value is LOST


def test_jitter_is_full():
    assert attempts(0.0).failed(LOST) == 0.0
    assert attempts(0.5, backoff=1.0).failed(LOST) == 0.5
    waits = {Attempts(Retries()).failed(LOST) for _ in range(20)}
    assert len(waits) > 1
    assert all(0 <= wait <= 0.25 for wait in waits)


def test_no_retries_fail_at_the_first():
    with pytest.raises(errors.APIConnectionError):
        attempts(limit=0).failed(LOST)


def test_progress_begins_the_count_again():
    count = attempts(limit=1, backoff=1.0)
    for _ in range(3):
        assert count.failed(LOST) == 1.0
        count.succeeded()
    count.failed(LOST)
    with pytest.raises(errors.APIConnectionError):
        count.failed(LOST)


def test_a_night_of_failures_overflows_nothing():
    count = attempts(limit=100_000)
    assert {count.failed(LOST) for _ in range(5000)} == {0.25, 0.5, 1.0, 2.0, 4.0, 8.0}


@pytest.mark.parametrize(
    "error",
    [
        errors.APIConnectionError("x"),
        errors.APITimeoutError("x", phase="stall"),
        errors.RateLimitError(429, "x"),
        errors.InternalServerError(500, "x"),
        errors.InternalServerError(503, "x"),
        errors.StreamTruncatedError("x"),
    ],
)
def test_these_may_pass(error):
    assert attempts().failed(error) == 0.25


@pytest.mark.parametrize(
    "error",
    [
        *(
            kind(400, "x")
            for kind in errors.APIStatusError.__subclasses__()
            if kind not in {errors.RateLimitError, errors.InternalServerError}
        ),
        errors.APIStatusError(409, "x"),
        errors.ProtocolError("x"),
        errors.InvalidInputError("x"),
        errors.StreamDivergedError("x"),
        errors.TaskFailedError("x"),
        errors.FoxError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_these_are_final(error):
    with pytest.raises(FoxError) as caught:
        attempts().failed(error)
    assert caught.value is error


@pytest.mark.parametrize(("asked", "wait"), [(None, 0.25), (0.0, 0.25), (0.1, 0.25), (60.0, 60.0)])
def test_a_longer_retry_after_is_obeyed(asked, wait):
    assert attempts().failed(errors.RateLimitError(429, "x", retry_after=asked)) == wait
    assert attempts().failed(errors.InternalServerError(503, "x", retry_after=asked)) == wait


def test_a_retry_after_that_is_too_long_is_raised():
    with pytest.raises(errors.RateLimitError):
        attempts().failed(errors.RateLimitError(429, "x", retry_after=60.5))


# looking at a task


def test_a_running_task_is_looked_at_again_and_refreshed():
    poll = Poll(5.0)
    assert poll.look(Task("t", "pending", 0), 0) == Wait(5.0, sync_upstream=True)
    assert poll.changed
    poll.look(Task("t", "pending", 0), 1)
    assert not poll.changed
    poll.look(Task("t", "pending", 10), 2)
    assert poll.changed
    poll.look(Task("t", "processing", 10), 3)
    assert poll.changed
    assert poll.look(Task("t", "transferring", 10), 4) == Wait(5.0, sync_upstream=True)


def test_a_completed_task_has_its_completion_even_if_empty():
    empty = Completion(choices=(Choice(),))
    assert Poll(5.0).look(Task("t", "completed", completion=empty), 0) is empty


def test_a_failed_task_says_why():
    with pytest.raises(TaskFailedError, match=r"refused \(code c\)"):
        Poll(5.0).look(Task("t", "failed", error=TaskFailure("refused", "c")), 0)


def test_late_results_are_waited_for_a_while_without_refreshing():
    poll, late = Poll(5.0), int(LATE_RESULTS * SECOND)
    bare = Task("t", "completed", 50)
    assert poll.look(bare, 7 * SECOND) == Wait(2.0, sync_upstream=False)
    assert poll.look(bare, 7 * SECOND + late - 1) == Wait(2.0, sync_upstream=False)
    with pytest.raises(StreamTruncatedError, match="showed no results for 60 s"):
        poll.look(bare, 7 * SECOND + late)
    assert Poll(0.5).look(bare, 0) == Wait(0.5, sync_upstream=False)


def test_late_results_that_come_are_taken():
    poll = Poll(5.0)
    poll.look(Task("t", "completed"), 0)
    done = Completion("Hi", choices=(Choice(0, "Hi"),))
    assert poll.look(Task("t", "completed", completion=done), 10**20) is done


@pytest.mark.parametrize(
    ("failure", "message", "code"),
    [
        (None, "the task failed; the service gave no reason", None),
        (TaskFailure(), "the task failed", None),
        (TaskFailure("", "c"), "the task failed", "c"),
        (TaskFailure("refused", "c", "task_error"), "refused", "c"),
    ],
)
def test_the_failure_of_a_task(failure, message, code):
    error = failure_of(Task("t", "failed", error=failure))
    assert (error.message, error.code) == (message, code)


# what may be sent again though it may be paid for

BUSY = errors.RateLimitError(429, "busy", type="rate_limit_error")
REFUSED = errors.APIConnectionError("refused", sent=False)


@pytest.mark.parametrize("error", [BUSY, REFUSED, errors.RateLimitError(429, "", retry_after=1)])
def test_a_submit_that_was_not_accepted_is_repeated_three_times_at_most(error):
    attempts = submissions(Retries(limit=50))
    for _ in range(3):
        attempts.failed(error)
    with pytest.raises(type(error)):
        attempts.failed(error)
    with pytest.raises(type(error)):
        submissions(Retries(limit=0)).failed(error)


@pytest.mark.parametrize(
    "error",
    [
        LOST,
        errors.APITimeoutError("", phase="connect"),
        errors.APITimeoutError("", phase="submit"),
        errors.InternalServerError(500, ""),
        errors.InternalServerError(503, "", type="service_unavailable", retry_after=1),
        errors.RateLimitError(429, "<html>"),
        errors.ProtocolError("x"),
    ],
)
def test_a_submit_that_may_have_been_accepted_is_never_repeated(error):
    with pytest.raises(type(error)):
        submissions(Retries()).failed(error)


# a remedy for every cut


def lifeline(**retries: float) -> Lifeline:
    return Lifeline(Retries(**retries), lambda: 1.0)


def test_a_cut_is_reopened_with_growing_waits_then_left_to_the_task():
    line = lifeline(limit=3)
    remedies = [line.after(LOST, progress=False) for _ in range(4)]
    waits = [Remedy("reopen", seconds) for seconds in (0.25, 0.5, 1.0)]
    assert remedies == [*waits, Remedy("poll")]


def test_progress_makes_patience_new():
    line = lifeline(limit=1)
    for _ in range(5):
        assert line.after(LOST, progress=True) == Remedy("reopen", 0.25)


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
def test_what_is_gone_or_differs_is_left_to_the_task(status):
    gone = errors.APIStatusError(status, "gone")
    assert lifeline().after(gone, progress=False) == Remedy("poll")
    assert lifeline().after(StreamDivergedError(), progress=False) == Remedy("poll")


def test_a_silence_asks_the_task_until_patience_ends():
    line, silence = lifeline(limit=1), errors.APITimeoutError("", phase="stall")
    assert line.after(silence, progress=False) == Remedy("ask", 0.25)
    with pytest.raises(errors.APITimeoutError):
        line.after(silence, progress=False)


def test_a_connect_timeout_is_reopened_and_total_is_final():
    assert lifeline().after(errors.APITimeoutError("", phase="connect"), progress=False).action == (
        "reopen"
    )
    with pytest.raises(errors.APITimeoutError):
        lifeline().after(errors.APITimeoutError("", phase="total"), progress=True)


def test_a_report_asks_and_the_same_report_again_polls():
    line, report = lifeline(), TaskFailedError("hiccup")
    actions = [line.after(report, progress=news).action for news in (False, False, True)]
    assert actions == ["ask", "poll", "ask"]
    assert line.after(TaskFailedError("in other words"), progress=False).action == "poll"


@pytest.mark.parametrize(
    "error", [LOST, StreamDivergedError(), TaskFailedError("x"), errors.ProtocolError("x")]
)
def test_without_patience_everything_is_final(error):
    with pytest.raises(type(error)):
        lifeline(limit=0).after(error, progress=True)


@pytest.mark.parametrize("error", [errors.ProtocolError("x"), errors.AuthenticationError(401, "x")])
def test_what_cannot_pass_is_final(error):
    with pytest.raises(type(error)):
        lifeline().after(error, progress=True)
