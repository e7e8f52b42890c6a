"""One answer over its connections: what the ends of them mean."""

from __future__ import annotations

import pytest

from foxstream.answer import Choice, Completion
from foxstream.errors import StreamDivergedError, StreamTruncatedError
from foxstream.telling import Telling
from tests.script import TASK, chunk, done

HELLO = chunk("Hel") + chunk("lo")


def telling(*blocks: bytes) -> Telling:
    told = Telling(1 << 20)
    for block in blocks:
        told.feed(block, 1)
    return told


def finished(text: str) -> Completion:
    return Completion(text, choices=(Choice(0, text),))


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_count_is_doubted_once(count):
    told = telling(HELLO, done(count))
    assert isinstance(told.complaint(), StreamTruncatedError)
    told.begin_again()
    told.feed(HELLO + done(count), 1)
    assert told.miscounted
    assert told.complaint() is None
    for _ in range(2):
        told.begin_again()
        told.feed(HELLO + chunk("!") + done(count + 1), 1)
    assert told.complaint() is None


def test_a_right_count_and_none_are_no_reason_to_doubt():
    for end in (done(2), b"event: done\ndata: {}\n\n", b"data: [DONE]\n\n"):
        told = telling(HELLO, end)
        assert not told.miscounted
        assert told.complaint() is None


def test_a_chunk_that_came_twice_is_found_by_the_replay():
    told = telling(chunk("ha"), chunk("ha"), done(1))
    assert told.complaint() is not None
    told.begin_again()
    assert told.feed(chunk("ha") + done(1), 1) == []
    assert isinstance(told.complaint(), StreamDivergedError)


def test_the_task_settles_what_the_count_left_open():
    told = telling(HELLO, done(3))
    deltas, whole = told.settle(finished("Hello"), TASK, 7)
    assert (deltas, whole.text, whole.reasoning_complete) == ([], "Hello", False)
    assert told.settle(finished(""), TASK, 7)[1].text == "Hello"
    deltas, whole = told.settle(finished("Hello you"), TASK, 7)
    assert [delta.text for delta in deltas] == [" you"]
    assert whole.text == "Hello you"
    with pytest.raises(StreamDivergedError):
        told.settle(finished("Hell"), TASK, 7)


def test_a_second_opinion_that_agrees_changes_nothing():
    deltas, whole = telling(HELLO, done(2)).settle(finished("Hello"), TASK, 7)
    assert (deltas, whole.reasoning_complete, whole.recovered) == ([], True, False)
