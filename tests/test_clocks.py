"""Which clock runs, until when, and which one ran out."""

from __future__ import annotations

import pytest

from foxstream import Timeouts
from foxstream.clocks import Clocks

SECOND = 1_000_000_000


def clocks(**seconds: float | None) -> Clocks:
    made = Clocks(Timeouts(**(dict.fromkeys(Timeouts.__struct_fields__) | seconds)))
    made.start(0)
    return made


def test_without_clocks_there_is_no_deadline():
    made = clocks()
    assert made.deadline is None
    made.run("stall", 5)
    assert made.deadline is None
    assert made.connect is None


def test_total_runs_from_the_start():
    made = clocks(total=10)
    assert made.deadline == 10 * SECOND
    made.run("submit", 3 * SECOND)
    assert made.deadline == 10 * SECOND


@pytest.mark.parametrize("phase", ["submit", "first_token", "stall", "task"])
def test_the_nearest_end_counts_and_is_named(phase):
    made = clocks(total=10, **{phase: 4})
    made.run(phase, 1 * SECOND)
    assert made.deadline == 5 * SECOND
    assert made.ran_out().phase == phase
    assert str(made.ran_out()).endswith(f"within 4 s ({phase})")
    made.run(phase, 8 * SECOND)
    assert made.deadline == 10 * SECOND
    assert made.ran_out().phase == "total"
    assert str(made.ran_out()) == "the answer was not whole within 10 s (total)"


def test_total_wins_a_tie():
    made = clocks(total=4, stall=4)
    made.run("stall", 0)
    assert made.ran_out().phase == "total"


def test_a_phase_that_is_switched_off_stops_the_one_before():
    made = clocks(submit=4)
    made.run("submit", 0)
    assert made.deadline == 4 * SECOND
    made.run("stall", 0)
    assert made.deadline is None


def test_a_phase_alone_runs_without_total():
    made = clocks(first_token=0.5)
    made.run("first_token", SECOND)
    assert made.deadline == SECOND + SECOND // 2
    assert made.ran_out().phase == "first_token"


def test_fractions_of_a_second_are_kept():
    made = clocks(connect=2.5, total=0.001)
    assert made.connect == 2.5
    assert made.deadline == 1_000_000
