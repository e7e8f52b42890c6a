"""Instants in, seconds out."""

from __future__ import annotations

from array import array

import pytest

from foxstream.progress import Status, Timings

SECOND = 1_000_000_000


def test_seconds_are_counted_from_the_submit():
    timings = Timings(
        started=0,
        submitted=2 * SECOND,
        first_token=3 * SECOND,
        first_reasoning=3 * SECOND,
        first_text=7 * SECOND,
        ended=12 * SECOND,
    )
    assert (timings.ttft, timings.ttft_reasoning, timings.ttft_text) == (1.0, 1.0, 5.0)
    assert timings.e2e == 10.0


@pytest.mark.parametrize("known", [{"submitted": 5}, {"first_token": 5, "ended": 5}])
def test_what_did_not_happen_has_no_seconds(known):
    timings = Timings(**known)
    assert (timings.ttft, timings.ttft_text, timings.ttft_reasoning, timings.e2e) == (None,) * 4


def test_an_instant_of_zero_did_happen():
    assert Timings(submitted=0, first_token=0).ttft == 0.0


def test_gaps_are_between_reads_that_carried_tokens():
    assert Timings().itl == []
    assert Timings(token_reads=array("q", [SECOND])).itl == []
    assert Timings(token_reads=array("q", [0, SECOND, 4 * SECOND])).itl == [1.0, 3.0]


def test_two_streams_share_no_instants():
    one, other = Timings(), Timings()
    one.token_reads.append(1)
    assert list(other.token_reads) == []


def test_a_status_names_its_step_and_share():
    assert Status("uploading", 0.5) == Status("uploading", 0.5) != Status("uploading")
