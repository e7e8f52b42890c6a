"""The same histories on real sockets: a fault proxy between each client and the gateway."""

from __future__ import annotations

import pytest

from benchmarks import faults
from benchmarks.histories.recorded import recorded
from benchmarks.histories.sockets import LANES, dealt, live_all
from benchmarks.histories.trial import Tally
from foxstream.telling import Telling


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """Client and gateway are two threads here, and coverage makes one wait for the other."""


@pytest.mark.parametrize("lane", LANES)
def test_a_hundred_histories(lane):
    outcomes = live_all(dealt(range(300), lane), lane)
    assert len(outcomes) == 100
    assert {outcome.recording.words for outcome in outcomes} == {recorded().words}
    tally = Tally.of(outcomes)
    assert not tally.failures, "\n".join(faults.lines(tally, sockets=True))
    assert {"cut: end", "cut: reset", "cut: stall", "cut: broken"} <= set(tally.met)


def test_a_broken_rule_is_found(monkeypatch):
    monkeypatch.setattr(Telling, "miscounted", False)
    assert Tally.of(live_all(range(40), "aiohttp-asyncio")).failures
