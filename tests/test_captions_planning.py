"""What is asked when, and shown when: decided without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream.captions.cue import Cue
from foxstream.captions.layout import DEFAULT_LAYOUT
from foxstream.captions.ordering import InOrder
from foxstream.captions.planning import Planner
from foxstream.captions.prompts import prompt_for
from foxstream.errors import InvalidInputError


def planned(count: int = 5, at_once: int = 2, attempts: int = 3) -> Planner:
    planner = Planner(at_once, attempts)
    for number in range(count):
        planner.add(number, 4.0 * number, 4.0 * number + 4)
    return planner


def final(window: int, text: str = "x") -> Cue:
    return Cue(4.0 * window, 4.0 * window + 4, text, True, window)


def partial(window: int, text: str) -> Cue:
    return Cue(4.0 * window, 4.0 * window + 4, text, False, window)


def test_the_nearest_to_the_playhead_comes_first_and_no_more_than_may_run():
    planner = planned()
    assert (planner.next(9.0), planner.next(9.0), planner.next(9.0)) == (2, 3, None)
    planner.done(2)
    assert planner.next(9.0) == 4
    planner.done(3)
    assert planner.next(9.0) == 1  # behind the playhead, the nearest
    planner.done(1)
    assert planner.next(0.0) == 0


def test_a_failed_window_waits_again_until_it_is_given_up():
    planner = planned(count=1, attempts=2)
    assert planner.next(0) == 0
    assert planner.attempts_of(0) == 1
    assert planner.failed(0)
    assert planner.next(0) == 0
    assert not planner.failed(0)
    assert planner.next(0) is None


@pytest.mark.parametrize("options", [(0, 1), (1, 0)])
def test_a_plan_without_anything_is_refused(options):
    with pytest.raises(InvalidInputError):
        Planner(*options)


@given(st.permutations(range(6)))
def test_answers_in_any_order_are_shown_in_that_of_the_video(arrival):
    order = InOrder()
    shown = [cue for number in arrival for cue in order.finish(number, [final(number)])]
    assert [cue.window for cue in shown] == list(range(6))
    assert order.head == 6


def test_only_the_first_unfinished_window_is_seen_as_it_grows():
    order = InOrder()
    assert order.partial(partial(1, "b")) == []
    assert order.partial(partial(0, "a")) == [partial(0, "a")]
    assert order.partial(partial(1, "b c")) == []
    assert order.finish(0, [final(0)]) == [final(0), partial(1, "b c")]
    assert order.partial(partial(1, "b c d")) == [partial(1, "b c d")]
    assert order.finish(1, []) == []


def test_the_prompt_says_how_much_may_be_written_and_what_was_before():
    first = prompt_for(0, 4, [], DEFAULT_LAYOUT)
    assert "at most 80 characters" in first
    assert "before" not in first
    before = ["old", "A fox", "runs\nover", "the snow."]
    second = prompt_for(4, 8, before, DEFAULT_LAYOUT, "Auf Deutsch.")
    assert second.startswith("Auf Deutsch.\nIt is second 4 to 8")
    assert "end with: A fox runs over the snow.\n" in second
    assert "old" not in second
