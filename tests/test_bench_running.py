"""A run as a program makes it, and what it tells while it is under way."""

from __future__ import annotations

import pytest

import foxstream.bench
from foxstream.bench.machine import machine, versions
from foxstream.bench.plan import Plan
from foxstream.bench.progress import Tally, Ticker
from foxstream.bench.record import Record
from foxstream.bench.running import connected, driven
from foxstream.bench.self_test.load import accuracy
from foxstream.bench.truth.script import Script
from foxstream.errors import FoxError, InvalidInputError

FAST = Script(lead=0.05, interval=0.005, chunks=4).prompt


@pytest.fixture(params=[{"debug": True}, {"use_uvloop": True}], ids=["asyncio", "uvloop"])
def anyio_backend(request):
    return ("asyncio", request.param)


@pytest.mark.anyio
async def test_a_run_tells_its_progress():
    records, told = [], []
    slow = Script(lead=0.6, interval=0.005, chunks=4).prompt
    plan = Plan(prompts=(slow,), local=True, requests=2)
    result = await foxstream.bench.run(plan, heard=records.append, seen=told.append)
    assert result.outcomes.complete + sum(result.load.apart.values()) == len(records) == 2
    assert {progress.level for progress in told} == {"1 at once"}
    assert (told[0].done, told[0].count, told[0].in_flight) == (0, 2, 1)
    assert told[0].ttft is None
    assert told[-1].ttft > 0.6
    assert 0 < told[0].seconds < told[-1].seconds


@pytest.mark.anyio
async def test_a_peer_with_the_truth_tells_the_error():
    plan = Plan(prompts=(FAST,), local=True, requests=3)
    async with connected(plan) as peer:
        records = await driven(plan, peer.client)
        truth = await peer.gateway.truth()
    lines = list(accuracy("x", records, truth))
    assert [line.check for line in lines] == [
        f"x: {which} token, {figure} error"
        for which in ("first", "any")
        for figure in ("mean", "p99")
    ]
    assert all(0 <= line.value < 0.5 for line in lines)
    assert list(accuracy("x", [], truth)) == []
    records[0].chunk_ns.pop()
    with pytest.raises(FoxError, match="were read"):
        list(accuracy("x", records, truth))


@pytest.mark.anyio
async def test_what_cannot_be_asked_is_refused_before_anything_is_sent():
    records = []
    plan = Plan(prompts=("x", ""), local=True)
    with pytest.raises(InvalidInputError):
        await foxstream.bench.run(plan, heard=records.append)
    assert records == []


@pytest.mark.anyio
async def test_a_ticker_that_has_ended_ticks_no_more():
    ticks = []
    with Ticker(lambda: ticks.append(1)):
        pass
    assert ticks == []


def ended(index, ttft, error=None):
    at = None if ttft is None else round(ttft * 1e9)
    return Record(index=index, intended_ns=0, first_token_ns=at, error=error)


@pytest.mark.parametrize(
    ("ttfts", "median"), [([], None), ([0.3], 0.3), ([0.3, 0.1], 0.1), ([0.9, 0.1, 0.2], 0.2)]
)
def test_a_tally_knows_the_median(ttfts, median):
    tally = Tally()
    for index, ttft in enumerate(ttfts):
        tally.add(ended(index, ttft))
    tally.add(ended(9, None))
    tally.add(ended(10, 0.001, "APITimeoutError"))
    assert tally.ttft == median
    assert (tally.done, tally.failed) == (len(ttfts) + 2, 1)


def test_the_machine_is_told():
    found = machine("msgspec", "no-such-package")
    assert all(found.facts)
    assert list(found.versions) == ["foxstream", "msgspec"]
    assert versions()["foxstream"] == foxstream.__version__
