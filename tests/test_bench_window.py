"""Which requests count, and over which time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream.bench.plan import Plan
from foxstream.bench.record import CANCELLED
from foxstream.bench.window import Window, counted, ended, in_flight, phased, window
from tests.records import EPOCH, closed_loop, failed, lasting, ns, record

LENGTHS = [1.0, 1.3, 0.8, 1.7, 1.1]


def loop(count: int, concurrency: int, warmup: int = 0):
    durations = [LENGTHS[number % len(LENGTHS)] for number in range(count)]
    return closed_loop(durations, concurrency, warmup), Plan(concurrency=concurrency)


def phases(records) -> Counter[str]:
    return Counter(each.phase for each in records)


# phases


def test_a_closed_loop_has_a_first_wave_and_a_cooldown():
    records, plan = loop(200, 8)
    found = phased(records, plan)
    assert [each.phase for each in found[:8]] == ["first_wave"] * 8
    assert phases(found) == {"first_wave": 8, "steady": 185, "cooldown": 7}
    assert [each.index for each in found] == list(range(200))


def test_of_a_run_cut_short_the_first_wave_counts():
    records, plan = loop(4, 2)
    found = phased(records, plan)
    for each in found[2:]:
        each.error, each.phase = CANCELLED, "steady"
    assert counted(found) == found
    found[3].error = "APITimeoutError"
    assert counted(found) == found[2:]


def test_records_are_copied():
    records, plan = loop(20, 2)
    phased(records, plan)
    assert phases(records) == {"steady": 20}


def test_twice_is_the_same_as_once():
    records, plan = loop(60, 4, warmup=2)
    once = phased(records, plan)
    assert phased(once, plan) == once


def test_a_loop_of_twenty_is_full_with_nineteen():
    records = closed_loop([1 + number * 0.001 for number in range(200)], 20)
    assert phases(phased(records, Plan(concurrency=20)))["cooldown"] == 18


def test_one_at_a_time_has_no_first_wave_and_no_cooldown():
    records, plan = loop(10, 1)
    assert phases(phased(records, plan)) == {"steady": 10}


def test_warmup_that_filled_the_loop_is_its_first_wave():
    records, plan = loop(100, 8, warmup=10)
    assert phases(phased(records, plan)) == {"warmup": 10, "steady": 83, "cooldown": 7}


def test_warmup_that_filled_a_part_leaves_the_rest_of_the_wave():
    records, plan = loop(100, 8, warmup=3)
    found = phases(phased(records, plan))
    assert (found["warmup"], found["first_wave"]) == (3, 5)


def test_a_loop_that_is_short_of_one_between_requests_is_still_full():
    records = [lasting(number, number * 1.0, 0.9) for number in range(10)]
    assert phases(phased(records, Plan())) == {"steady": 10}


@pytest.mark.parametrize(
    "plan",
    [
        Plan(arrivals="constant", rate=1.0),
        Plan(arrivals="poisson", rate=1.0),
        Plan(arrivals="burst"),
    ],
)
def test_other_arrivals_are_steady_after_warmup(plan):
    records = [lasting(number, number * 1.0, 5.0) for number in range(10)]
    records[0].phase = "warmup"
    assert phases(phased(records, plan)) == {"warmup": 1, "steady": 9}


@given(
    st.lists(st.floats(0.001, 10), min_size=1, max_size=60),
    st.integers(1, 8),
    st.integers(0, 10),
)
def test_every_request_has_one_phase_and_something_counts(durations, concurrency, warmup):
    plan, records = Plan(concurrency=concurrency), closed_loop(durations, concurrency, warmup)
    found = phased(records, plan)
    assert phases(found)["warmup"] == min(warmup, len(durations))
    wave = concurrency if concurrency > 1 else 0
    assert phases(found)["first_wave"] == max(0, min(wave, len(durations)) - warmup)
    assert phases(found)["cooldown"] < concurrency
    assert bool(counted(found)) == (len(durations) > warmup)


@pytest.mark.parametrize("seed", range(20))
def test_which_are_cut_off_does_not_depend_on_how_slow_they_were(seed):
    durations = np.random.default_rng(seed).lognormal(0, 1, 100)
    found = phased(closed_loop(durations, 16), Plan(concurrency=16))
    assert [each.index for each in counted(found)] == list(range(16, 85))


# what counts


def test_the_steady_ones_count():
    records, plan = loop(200, 8)
    found = phased(records, plan)
    assert counted(found) == [each for each in found if each.phase == "steady"]


@pytest.mark.parametrize("count", [8, 20, 28])
def test_of_a_short_loop_all_count_but_warmup(count):
    records, plan = loop(count, 16, warmup=2)
    assert len(counted(phased(records, plan))) == count - 2


def test_only_warmup_leaves_nothing():
    records, plan = loop(4, 2, warmup=4)
    assert counted(phased(records, plan)) == []
    assert window(phased(records, plan), plan) is None


# the time


def test_the_window_ends_when_the_loop_is_no_longer_fed():
    records = closed_loop([1.0] * 12, 3)
    found = phased(records, Plan(concurrency=3))
    assert phases(found) == {"first_wave": 3, "steady": 9}
    assert window(found, Plan(concurrency=3)) == Window(ns(1.0), ns(4.0))


def test_the_window_cuts_the_slow_end():
    records = closed_loop([*[1.0] * 11, 9.0], 3)
    found = phased(records, Plan(concurrency=3))
    assert found[-1].phase == "cooldown"
    assert window(found, Plan(concurrency=3)) == Window(ns(1.0), ns(4.0))


def test_the_window_of_a_short_loop_is_all_its_time():
    records = closed_loop([1.0] * 4, 3)
    plan = Plan(concurrency=3)
    assert window(phased(records, plan), plan) == Window(ns(0), ns(2))


def test_the_window_of_an_open_loop_ends_with_its_last_answer():
    records = [lasting(number, number * 1.0, 5.0) for number in range(3)]
    plan = Plan(arrivals="constant", rate=1.0)
    found = window(phased(records, plan), plan)
    assert found == Window(ns(0), ns(7))
    assert found.seconds == 7.0
    assert found.has(ns(7))
    assert not found.has(ns(7) + 1)


def test_what_was_never_sent_has_no_window():
    plan = Plan(arrivals="constant", rate=1.0)
    assert window(phased([failed(issued_ns=None)], plan), plan) is None


# in flight


def test_in_flight_is_an_average_over_time():
    records = [lasting(0, 0.0, 4.0), lasting(1, 1.0, 1.0), lasting(2, 2.0, 2.0)]
    assert in_flight(records) == (7 / 4, 2)
    assert in_flight(records, Window(ns(1), ns(3))) == (2.0, 2)
    assert in_flight(records, Window(ns(0), ns(1))) == (1.0, 1)


def test_in_flight_counts_idle_time():
    records = [lasting(0, 0.0, 1.0), lasting(1, 3.0, 1.0)]
    assert in_flight(records) == (0.5, 1)


def test_what_was_never_sent_is_not_in_flight():
    assert in_flight([failed(issued_ns=None)]) == (0.0, 0)
    assert in_flight([]) == (0.0, 0)


def test_a_closed_loop_is_never_over_its_concurrency():
    records, plan = loop(200, 8)
    mean, most = in_flight(records, window(phased(records, plan), plan))
    assert most == 8
    assert mean == pytest.approx(8)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=30))
def test_in_flight_agrees_with_counting(spans):
    records = [
        record(issued_ns=EPOCH + start, closed_ns=EPOCH + start + length) for start, length in spans
    ]
    first, last = min(start for start, _ in spans), max(start + length for start, length in spans)
    counts = [
        sum(start <= at < start + length for start, length in spans) for at in range(first, last)
    ]
    mean, most = in_flight(records)
    assert most == max(counts, default=0)
    assert mean == pytest.approx(sum(counts) / len(counts) if counts else 0)


def test_a_request_ends_with_its_connection_or_the_last_that_came():
    assert ended(record(ttft=0.3, gaps=[0.1], closed=0.7)) == ns(0.7)
    assert ended(record(ttft=0.3, gaps=[0.1], closed_ns=None)) == ns(0.4)
    assert ended(failed(intended=2.0, issued_ns=None, closed_ns=None)) == ns(2.0)
