"""What the self-test checks, in its short form; and that each check can fail."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest

from foxstream.bench.anchor import Anchor
from foxstream.bench.driver import Driver
from foxstream.bench.self_test import classification, freeze, stalls, steps
from foxstream.bench.self_test.corpus import CORPUS
from foxstream.bench.self_test.figures import at_most, between, percentile
from foxstream.bench.watch import Watch
from tests.noise import TooSlowError, best_of_tries

pytestmark = pytest.mark.anyio
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's stamps are Linux's")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def no_blocking_calls():
    """One of these checks blocks the event loop on purpose."""


async def figures(check):
    return [figure async for figure in check(True)]


async def reached(check) -> None:
    """All figures are within their goals; a busy machine may miss some, and tries again."""
    missed = [figure for figure in await figures(check) if not figure.reached]
    if missed:
        raise TooSlowError("\n".join(map(str, missed)))


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
async def test_every_first_token_of_the_corpus_is_found(case):
    told = await classification.record_of(case)
    assert list(classification.complaints(case, told)) == []


async def test_the_corpus_is_told_in_one_figure():
    (figure,) = await figures(classification.check)
    assert (figure.value, figure.reached) == (0, True)


@best_of_tries
async def test_a_standstill_is_seen_on_every_request_that_it_touched():
    await reached(stalls.check)


async def test_a_watch_that_sleeps_is_caught(monkeypatch):
    monkeypatch.setattr(Watch, "during", lambda *_: [])
    (figure,) = await figures(stalls.check)
    assert (figure.value, figure.reached) == (1.0, False)


@LINUX
@best_of_tries
async def test_a_clock_that_is_set_changes_nothing():
    await reached(steps.check)


@LINUX
async def test_an_anchor_that_notices_no_step_is_caught(monkeypatch):
    monkeypatch.setattr(Anchor, "_look_again", lambda _: None)
    assert not all(figure.reached for figure in await figures(steps.check))


@best_of_tries
async def test_a_freeze_is_not_hidden():
    await reached(freeze.check)


async def test_waiting_for_the_one_before_and_counting_from_then_is_caught(monkeypatch):
    one, turn = Driver._one, asyncio.Lock()

    async def in_turn(self, due):
        async with turn:
            await one(self, time.monotonic_ns())

    monkeypatch.setattr(Driver, "_one", in_turn)
    (figure,) = await figures(freeze.check)
    assert not figure.reached


async def test_a_goal_is_a_bound():
    assert at_most("x", 1.0, 1.0).reached
    assert not at_most("x", 1.1, 1.0).reached
    assert between("x", 0.95, 0.93, 0.97).reached
    assert not between("x", 0.98, 0.93, 0.97).reached
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
