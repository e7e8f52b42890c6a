"""A slow client says so, and a good one says nothing."""

from __future__ import annotations

import pytest

from foxstream.bench.keeping_up import keeping_up, pace
from foxstream.bench.plan import Plan
from tests.records import failed, record

MS = 1_000_000
CLOSED = Plan()
RATE = Plan(arrivals="constant", rate=10.0)


def lagging(*lags: int | None, **fields: object):
    return record(clock="kernel", gaps=[0.01] * (len(lags) - 1), chunk_lag_ns=list(lags), **fields)


def on_time(count: int, late: float = 0.0):
    return [record(n, intended=n / 10, issued=n / 10 + late) for n in range(count)]


# clocks


@pytest.mark.parametrize(
    ("records", "clock"),
    [
        ([], "user"),
        ([record()], "user"),
        ([lagging(1, 2)], "kernel"),
        ([lagging(1, None)], "mixed"),
        ([lagging(1, 2), record()], "mixed"),
        ([lagging(1, 2), failed()], "kernel"),
    ],
)
def test_the_clock_is_that_of_all_stamps(records, clock):
    assert keeping_up(records, CLOSED, 0.3).clock == clock


def test_chunks_without_a_stamp_are_counted():
    client = keeping_up(
        [lagging(1, None, None), lagging(None), record(chunk_lag_ns=[None])], CLOSED, 1
    )
    assert client.unstamped == 3
    assert client.lag.count == 1


# limits


def test_a_client_that_keeps_up_has_no_limits():
    client = keeping_up([lagging(*[MS // 10] * 200), *on_time(100)], RATE, 0.3)
    assert client.limits == []
    assert client.lag.p99.value == 0.0001


@pytest.mark.parametrize(
    ("lag", "ttft", "limited"),
    [(0.9, 0.05, False), (1.1, 0.05, True), (2.9, 0.3, False), (3.1, 0.3, True), (1.1, None, True)],
)
def test_lag_is_measured_by_ttft(lag, ttft, limited):
    limits = keeping_up([lagging(*[round(lag * MS)] * 200)], CLOSED, ttft).limits
    assert [f"{lag} ms at p99" in limit for limit in limits] == [True] * limited


def test_one_late_read_of_many_is_no_limit_but_of_few_it_is():
    assert keeping_up([lagging(*[0] * 199, 5 * MS)], CLOSED, 0.05).limits == []
    (limit,) = keeping_up([lagging(*[0] * 19, 5 * MS)], CLOSED, 0.05).limits
    assert "5 ms at most" in limit


@pytest.mark.parametrize(("stall", "limited"), [(25, False), (26, True)])
def test_a_long_stall_is_a_limit(stall, limited):
    records = [record(0, stalls_ns=[(0, 3 * MS), (5 * MS, (5 + stall) * MS)]), record(1)]
    client = keeping_up(records, CLOSED, 0.3)
    assert (client.stalled, client.longest_stall) == (1, stall / 1000)
    assert len(client.limits) == limited


def test_sending_too_slowly_is_a_limit():
    records = [record(n, intended=n / 10, issued=n / 9.8) for n in range(100)]
    limits = keeping_up(records, RATE, 0.3).limits
    assert any(
        limit.startswith("9.8 requests a second were sent where 10 were due") for limit in limits
    )


def test_what_was_never_sent_is_missing_in_the_rate():
    records = [
        *on_time(95),
        *(failed(95 + n, intended=9.5 + n / 10, issued_ns=None) for n in range(5)),
    ]
    records[-1].issued_ns = records[-1].intended_ns
    (limit,) = keeping_up(records, RATE, 0.3).limits
    assert "less than 99%" in limit


def test_a_poisson_schedule_is_held_to_itself():
    uneven = [record(n, intended=due, issued=due) for n, due in enumerate([0, 0.01, 0.9, 3.0, 4.1])]
    assert keeping_up(uneven, Plan(arrivals="poisson", rate=10.0), 0.3).limits == []


@pytest.mark.parametrize(("late", "limited"), [(0.0099, False), (0.0101, True)])
def test_sending_late_is_a_limit(late, limited):
    client = keeping_up(on_time(200, late), RATE, 0.3)
    assert client.send_delay.p99.value == pytest.approx(late)
    assert len(client.limits) == limited


def test_a_closed_loop_has_no_schedule_to_keep():
    assert keeping_up(on_time(200, late=1.0), CLOSED, 0.3).limits == []


def test_pace_needs_two():
    assert pace([0, 500_000_000, None, 1_000_000_000]) == 2.0
    assert pace([5]) is None
    assert pace([None]) is None
    assert pace([]) is None
