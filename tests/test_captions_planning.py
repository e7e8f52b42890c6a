"""What is asked when, and shown when: decided without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream.captions.course import Course
from foxstream.captions.cue import Cue
from foxstream.captions.known import Known
from foxstream.captions.layout import DEFAULT_LAYOUT
from foxstream.captions.ordering import InOrder
from foxstream.captions.planning import Planner
from foxstream.captions.prompts import prompt_for
from foxstream.captions.spans import Spans
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


def test_only_windows_that_were_never_begun_are_let_go():
    planner = planned(count=3, at_once=1)
    assert planner.next(0) == 0
    assert planner.failed(0)
    assert planner.let_go() == [1, 2]
    assert planner.next(9.0) == 0


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


def test_where_the_playhead_jumps_a_new_run_begins_and_the_old_one_goes_on():
    order = InOrder()
    assert order.finish(0, [final(0)]) == [final(0)]
    assert order.finish(8, [final(8)]) == []
    assert order.partial(partial(9, "i")) == []
    assert order.follow(8) == [final(8), partial(9, "i")]
    assert order.head == 9
    assert order.partial(partial(1, "b")) == []  # no longer what is looked at
    assert order.finish(2, [final(2)]) == []
    assert order.finish(1, [final(1)]) == [final(1), final(2)]
    assert order.finish(9, [final(9)]) == [final(9)]
    assert order.follow(8) == []


def test_going_back_shows_what_grows_there():
    order = InOrder()
    assert order.follow(5) == []
    assert order.finish(5, [final(5)]) == [final(5)]
    assert order.partial(partial(0, "a")) == []
    assert order.follow(0) == [partial(0, "a")]
    assert order.finish(0, [final(0)]) == [final(0)]
    assert order.head == 1


@given(st.permutations(range(8)), st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_wherever_the_playhead_goes_every_cue_is_shown_once(arrival, playheads):
    order, shown = InOrder(), []
    for number, playhead in zip(arrival, playheads, strict=True):
        shown += order.follow(playhead)
        shown += order.finish(number, [final(number)])
    assert sorted(cue.window for cue in shown) == list(range(8))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20))))
def test_spans_are_a_set_that_knows_what_is_missing(steps):
    spans, numbers = Spans(), set()
    for takes, number in steps:
        if takes:
            spans.add(number)
            numbers.add(number)
        elif number in numbers:
            spans.remove(number)
            numbers.remove(number)
        assert len(spans) == len(numbers)
        for asked in range(22):
            assert (asked in spans) == (asked in numbers)
            missing = next(n for n in range(asked, 23) if n not in numbers)
            assert spans.first_missing(asked) == missing


def cut_all(course: Course, windows: int, playheads: list[float]) -> list[int]:
    """Cut a film of so many windows while the playhead is here and there, then stays."""
    cut: list[int] = []
    stays = playheads[-1] if playheads else 0.0
    moves = iter(playheads)
    while (number := course.next(next(moves, stays))) is not None:
        if number < windows:
            course.cut(number)
            cut.append(number)
        else:
            course.end(number)
    return cut


def test_without_a_playhead_cutting_goes_from_the_first_to_the_last():
    course = Course(4.0)
    assert course.next(0.0) == 0
    assert cut_all(course, 5, []) == [0, 1, 2, 3, 4]
    assert course.windows == 5


def test_cutting_goes_where_the_playhead_is_then_to_the_end_then_fills_the_gap():
    course = Course(4.0)
    assert cut_all(course, 10, [0.0, 0.0, 27.9]) == [0, 1, 6, 7, 8, 9, 2, 3, 4, 5]


def test_a_little_ahead_is_reached_without_a_jump():
    course = Course(4.0)
    assert cut_all(course, 6, [0.0, 12.0]) == [0, 1, 2, 3, 4, 5]


def test_behind_the_end_nothing_is_missed():
    assert cut_all(Course(4.0), 3, [1000.0]) == [0, 1, 2]
    course = Course(4.0)
    assert cut_all(course, 3, [12.3]) == [0, 1, 2]
    assert course.number_at(12.3) == 2  # the last window may be longer than the others


def test_a_film_without_a_window_ends():
    course = Course(4.0)
    course.end(0)
    assert course.next(0.0) is None
    assert course.number_at(9.0) == 0


def test_what_need_not_be_cut_is_passed_over():
    course = Course(4.0)
    for number in (0, 1, 4):
        course.skip(number)
    assert cut_all(course, 6, []) == [2, 3, 5]


def test_what_is_put_back_is_cut_again():
    course = Course(4.0)
    for number in range(3):
        course.cut(number)
    assert not course.leaves(0.0)
    assert course.leaves(80.0)
    course.put_back(1)
    assert course.next(0.0) == 1
    course.cut(1)
    assert cut_all(course, 5, []) == [3, 4]
    assert not course.leaves(80.0)


def test_windows_that_end_anywhere_are_cut_in_order_wherever_the_playhead_is():
    assert cut_all(Course(None), 4, [0.0, 1000.0]) == [0, 1, 2, 3]


@given(st.integers(1, 12), st.lists(st.floats(0, 80), max_size=12))
def test_wherever_the_playhead_goes_every_window_is_cut_once(windows, playheads):
    assert sorted(cut_all(Course(4.0), windows, playheads)) == list(range(windows))


def test_known_cues_cover_what_they_fill_without_a_gap():
    known = Known([Cue(4, 6, "b", True, 1), Cue(0, 4.0004, "a", True, 0), Cue(9, 12, "c", True, 2)])
    assert [cue.text for cue in known.within(0, 4)] == ["a"]
    assert known.covers(0, 4)
    assert known.covers(0, 6)
    assert not known.covers(4, 8)
    assert not known.covers(8, 12)
    assert list(known.windows(2.0)) == [2]
    assert list(known.windows(4.0)) == [0]
    assert list(Known([]).windows(4.0)) == []


@pytest.mark.parametrize(
    ("every", "seconds", "fits"),
    [(4, 30, True), (2, 30, False), (3, 30, False), (4, 13, True), (4, 9, False), (None, 30, True)],
)
def test_cues_fit_a_video_of_such_windows_or_not(every, seconds, fits):
    cues = [Cue(0, 2.5, "a", True, 0), Cue(2.5, 4, "b", True, 0), Cue(8, 12.6, "c", True, 2)]
    if seconds > 20:
        cues[-1] = Cue(8, 12, "c", True, 2)
    assert Known(cues).fit(every, seconds) is fits
    assert Known(cues[:2]).fit(4, None)
