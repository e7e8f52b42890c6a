"""Loads of every kind against a gateway: how many at once, when, and when they end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from foxstream import InvalidInputError
from foxstream.bench import Plan, Record, run
from foxstream.bench.metronome import Metronome
from foxstream.bench.record import from_lines, to_line
from foxstream.bench.running import driven, reaching
from foxstream.bench.summary import summarise_levels
from foxstream.bench.truth.engine import TruthEngine
from foxstream.bench.truth.script import Script, script_of
from foxstream.bench.watch import Watch
from foxstream.gateway import Fail, ScriptedEngine, running_gateway
from tests.noise import best_of_tries, within

pytestmark = [pytest.mark.anyio, pytest.mark.alone]
SHORT = Script(lead=0.02, interval=0.005, chunks=5, reasoning=2).prompt
MS = 1_000_000


@pytest.fixture
def anyio_backend():
    return "asyncio"


@asynccontextmanager
async def gateway(engine=None) -> AsyncIterator[str]:
    async with running_gateway(engine or TruthEngine(), max_tasks=10_000) as url:
        yield url


async def records_of(engine=None, **plan: object) -> list[Record]:
    asked = Plan(**{"prompts": (SHORT,), **plan})
    async with gateway(engine) as url, reaching(asked, url) as client:
        return await driven(asked, client)


def most_at_once(records: list[Record]) -> int:
    steps = [(r.issued_ns, 1) for r in records] + [(r.closed_ns, -1) for r in records]
    at_once = most = 0
    for _, step in sorted(steps):
        at_once += step
        most = max(most, at_once)
    return most


@pytest.mark.parametrize(("concurrency", "requests", "warmup"), [(1, 3, 0), (4, 9, 2), (5, 3, 0)])
async def test_a_closed_loop_keeps_as_many_at_once(concurrency, requests, warmup):
    records = await records_of(concurrency=concurrency, requests=requests, warmup=warmup)
    assert most_at_once(records) == min(concurrency, requests + warmup)
    assert sorted(record.index for record in records) == list(range(requests + warmup))
    assert Counter(record.phase for record in records)["warmup"] == warmup
    assert all(record.error is None for record in records)
    assert {record.level for record in records} == {f"{concurrency} at once"}


async def test_the_next_of_a_closed_loop_is_due_when_one_has_ended():
    first, second = sorted(await records_of(requests=2), key=lambda record: record.index)
    assert 0 <= second.intended_ns - first.closed_ns < 20 * MS


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
async def test_a_rate_keeps_to_its_schedule(arrivals):
    records = await records_of(arrivals=arrivals, rate=100, requests=30, seed=3)
    again = await records_of(arrivals=arrivals, rate=100, requests=30, seed=3)
    due = [sorted(r.intended_ns for r in each) for each in (records, again)]
    gaps = [[b - a for a, b in pairwise(each)] for each in due]
    assert max(abs(a - b) for a, b in zip(*gaps, strict=True)) <= 2  # rounded
    assert all(record.issued_ns >= record.intended_ns for record in records)
    if arrivals == "constant":
        assert {round(gap / MS) for gap in gaps[0]} == {10}


async def test_a_burst_begins_at_once_and_the_next_when_it_is_over():
    records = await records_of(arrivals="burst", concurrency=6, requests=12)
    due = Counter(record.intended_ns for record in records)
    assert list(due.values()) == [6, 6]
    first, second = sorted(due)
    assert second >= max(r.closed_ns for r in records if r.intended_ns == first)


@pytest.mark.parametrize("pace", [{"concurrency": 2}, {"arrivals": "constant", "rate": 40}])
async def test_time_ends_it_and_what_is_under_way_goes_on(pace):
    started = time.monotonic_ns()
    records = await records_of(duration=0.3, **pace)
    assert all(record.intended_ns - started < 900 * MS for record in records)
    assert all(record.error is None for record in records)
    assert len(records) > 5


@pytest.mark.parametrize("pace", [{}, {"arrivals": "constant", "rate": 20}])
async def test_tokens_end_it(pace):
    records = await records_of(requests=50, max_total_tokens=40, **pace)
    spent = sum(record.total_tokens for record in records)
    assert 40 <= spent < 40 + 4 * records[0].total_tokens
    assert len(records) < 8


async def test_tokens_that_are_spent_end_a_schedule_before_its_end():
    began = time.monotonic()
    records = await records_of(arrivals="constant", rate=5, requests=500, max_total_tokens=1)
    assert len(records) < 5
    assert time.monotonic() - began < 20


async def test_where_no_usage_is_told_chunks_are_counted():
    engine = ScriptedEngine(["a", "b", "c"])
    records = await records_of(engine, requests=50, max_total_tokens=7, direct=True)
    assert [record.total_tokens for record in records] == [None] * 3


async def test_what_is_due_while_the_loop_stands_still_is_sent_all_the_same():
    async def stand_still() -> None:
        await asyncio.sleep(0.35)
        time.sleep(0.2)  # noqa: ASYNC251 (that is what is tried)

    blocked = asyncio.create_task(stand_still())
    records = await records_of(arrivals="constant", rate=40, duration=0.5)
    await blocked
    assert len(records) == 20


async def test_what_fails_is_kept_beside_what_does_not():
    fails = iter([["ok"], ["ok", Fail("overloaded")], ["ok"]])
    records = await records_of(ScriptedEngine(lambda _: next(fails)), requests=3)
    assert [record.error for record in records] == [None, "TaskFailedError", None]
    assert len(records[1].chunk_ns) == 1


async def test_what_is_under_way_when_it_is_cancelled_is_kept():
    heard: list[Record] = []
    plan = Plan(prompts=(Script(lead=0.05, interval=60).prompt,), concurrency=3, requests=9)
    async with gateway() as url, reaching(plan, url) as client:
        load = asyncio.create_task(driven(plan, client, heard.append))
        await asyncio.sleep(2.0)
        load.cancel()
        with pytest.raises(asyncio.CancelledError):
            await load
    assert [record.error for record in heard] == ["Cancelled"] * 3
    assert all(len(record.chunk_ns) == 1 for record in heard)


async def test_a_plan_that_cannot_be_asked_sends_nothing():
    with pytest.raises(InvalidInputError, match="videos"):
        await records_of(videos=("no-such-clip.mp4",), concurrency=3)


async def test_the_raw_lines_tell_what_the_run_told():
    async with gateway() as url:
        plan = Plan(prompts=(SHORT,), base_url=url, concurrency=4, requests=24, slo={"ttft": 5.0})
        result = await run(plan)
    lines = [to_line(record) for record in result.records]
    (again,) = summarise_levels(from_lines(lines), plan.slo)
    assert again == result
    assert result.ttft.p50.upper < 2.0
    assert result.goodput.value == 1.0
    assert result.tokens.completion == 5 * result.ttft.count


async def test_a_load_on_the_truthful_gateway_of_its_own():
    result = await run(Plan(prompts=(SHORT,), local=True, requests=3))
    assert (result.outcomes.complete, result.outcomes.errors) == (3, {})


@best_of_tries
async def test_a_stall_is_seen_though_it_is_asked_after_in_its_midst():
    with Watch() as watch:
        end = time.monotonic_ns() + 60 * MS
        while time.monotonic_ns() < end:
            watch.during(0, end)
        await asyncio.sleep(0.02)
    assert any(until - since > 40 * MS for since, until in watch.stalls)


async def test_a_metronome_strikes_in_time():
    begin = time.monotonic_ns()
    late: list[int] = []
    instants = [begin + at * MS for at in (20, 21, 40, 55)]
    with Metronome(instants, lambda due: late.append(time.monotonic_ns() - due)) as metronome:
        await metronome.over.wait()
    assert len(late) == 4
    assert all(each >= 0 for each in late)
    within(max(late) / 1e9, 0.002)


async def test_a_metronome_that_is_left_strikes_no_more():
    struck: list[int] = []
    with Metronome([time.monotonic_ns() + 30 * MS], struck.append):
        await asyncio.sleep(0)
    await asyncio.sleep(0.06)
    assert struck == []


async def test_a_watch_sees_the_loop_stand_still(monkeypatch):
    with Watch() as watch:
        await asyncio.sleep(0.02)
        before = time.monotonic_ns()
        end = before + 40 * MS
        while time.monotonic_ns() < end:
            pass
        await asyncio.sleep(0.02)
    (stall,) = [stall for stall in watch.stalls if stall[1] - stall[0] > 30 * MS]
    assert stall[0] <= before + 10 * MS
    assert stall[1] >= end
    assert watch.during(before, end) == [stall]
    assert watch.during(before, end) == [stall]
    assert watch.during(end + 30 * MS, end + 40 * MS) == []


def test_a_watch_needs_a_loop():
    with pytest.raises(RuntimeError):
        Watch()
    with pytest.raises(RuntimeError):
        Metronome([], print)


@pytest.mark.parametrize("prompt", ['{"lead":"soon"}', '{"lead":1,"unknown":2}'])
def test_a_prompt_that_is_no_script_is_refused(prompt):
    with pytest.raises(InvalidInputError, match="the prompt is no script"):
        script_of(prompt)


def test_any_other_prompt_asks_for_the_usual_script():
    assert script_of("Hello") == Script()
    assert script_of(f"[7f3a] {Script(chunks=3).prompt}").chunks == 3
