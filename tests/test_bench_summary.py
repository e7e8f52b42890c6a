"""What raw records tell: every figure, none of it invented, and again the same from a file."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream.bench.metrics import SPANS, gaps, reads, span, tpot
from foxstream.bench.plan import Plan, plan_of
from foxstream.bench.record import INSTANTS, Record, from_lines, to_line
from foxstream.bench.result import Result
from foxstream.bench.summary import summarise, summarise_levels
from foxstream.errors import InvalidInputError
from tests.records import EPOCH, closed_loop, failed, ns, record

RATE = Plan(arrivals="constant", rate=1.0)


def steady(count: int = 20, **fields: object) -> list[Record]:
    """One a second, each with its own time to first token: 0.01 s, 0.02 s, ..."""
    return [
        record(number, intended=number, ttft=(number + 1) / 100, level="1/s constant", **fields)
        for number in range(count)
    ]


# metrics


def test_every_figure_is_there():
    result = summarise(steady(), RATE)
    assert set(result.metrics) == {*SPANS, "itl", "tpot"}
    assert result.level == "1/s constant"
    assert (result.ttft.count, result.ttft.p50.value) == (20, 0.1)
    assert (result.itl.count, result.itl.p50.value) == (40, 0.01)
    assert result.tpot.p50.value == pytest.approx(0.015)
    assert result.e2e.p50.value == pytest.approx(0.13)


def test_what_no_request_had_is_not_there():
    result = summarise(steady(), RATE)
    for name in ("ttft_reasoning", "thinking", "tls", "upload", "queue"):
        assert result.metrics[name].count == 0
        assert result.metrics[name].min is None


def test_failures_make_no_figure_smaller():
    records = [*steady(18), *(failed(number, intended=number) for number in (18, 19))]
    result = summarise(records, RATE)
    assert (result.ttft.count, result.ttft.failures) == (18, 2)
    assert result.ttft.failing == {"p50": 0.1, "p90": 0.18, "p95": None}
    assert result.outcomes.complete == 18
    assert result.outcomes.errors == {"RateLimitError": 2}
    assert {result.metrics[name].failures for name in ("itl", "tpot", "e2e")} == {2}
    assert {result.metrics[name].failures for name in ("tls", "submit", "send_delay")} == {0}


def test_a_failure_after_the_first_token_is_a_failure():
    result = summarise([*steady(9), record(9, intended=9, error="StreamTruncatedError")], RATE)
    assert (result.ttft.count, result.ttft.failures, result.ttft.max) == (9, 1, 0.09)


def test_an_answer_without_a_token_has_no_ttft():
    silent = record(1, ttft=0, gaps=[], chunk_ns=[], first_token_ns=None, last_token_ns=None)
    result = summarise([record(0), silent], RATE)
    assert (result.ttft.count, result.ttft.failures, result.ttft.min) == (1, 0, 0.3)
    assert result.e2e.count == 2


def test_recoveries_are_told():
    result = summarise([record(recovered=True, reconnects=2), record(reconnects=1)], RATE)
    assert (result.outcomes.recovered, result.outcomes.reconnects) == (1, 3)


# load


def test_a_closed_loop_tells_its_pace_without_its_ends():
    result = summarise(closed_loop([1.0] * 48, 4), Plan(concurrency=4))
    assert result.load.apart == {"warmup": 0, "first_wave": 4, "cooldown": 0}
    assert result.load.requests == 44
    assert (result.load.seconds, result.load.achieved) == (11.0, 4.0)
    assert (result.load.in_flight, result.load.most) == (4.0, 4)


def test_what_is_apart_makes_no_figure():
    slow = [60.0] * 4
    result = summarise(
        closed_loop([*slow, *[1.0 + n / 100 for n in range(40)]], 4), Plan(concurrency=4)
    )
    assert result.load.apart["first_wave"] == 4
    assert result.e2e.max < 2


def test_a_short_run_says_that_all_of_it_counts():
    result = summarise(closed_loop([1.0] * 20, 16), Plan(concurrency=16))
    assert result.load.requests == 20
    assert result.load.apart == {"warmup": 0, "first_wave": 0, "cooldown": 0}
    assert any("too short" in note for note in result.notes)


def test_a_run_of_which_little_counts_says_so():
    durations = [1 + number / 100 for number in range(40)]
    result = summarise(closed_loop(durations, 16), Plan(concurrency=16))
    assert result.load.apart == {"warmup": 0, "first_wave": 16, "cooldown": 15}
    assert result.notes[0].startswith("only 9 of 40 requests count")


def test_an_open_loop_tells_what_was_sent():
    records = [record(0, phase="warmup"), *(record(n, intended=n, issued=n) for n in range(1, 11))]
    result = summarise(records, RATE)
    assert result.load.apart["warmup"] == 1
    assert (result.load.requests, result.load.rate, result.load.achieved) == (10, 1.0, 1.0)


def test_bursts_tell_their_pace_over_all_their_time():
    records = [record(n, intended=n // 4, ttft=0.5, gaps=[0.5]) for n in range(16)]
    result = summarise(records, Plan(arrivals="burst", concurrency=4))
    assert (result.load.achieved, result.load.seconds, result.load.most) == (4.0, 4.0, 4)


def test_of_nothing_nothing_is_told():
    result = summarise([], Plan(slo={"ttft": 1.0}))
    assert result.load.achieved is None
    assert result.ttft.p50.value is None
    assert result.goodput.value is None
    assert result.notes == []


# goodput


@pytest.mark.parametrize(
    ("slo", "good"),
    [
        ({"ttft": 0.1}, 10),
        ({"ttft_text": 0.05}, 5),
        ({"ttft_reasoning": 9.0}, 0),
        ({"itl": 0.02}, 20),
        ({"itl": 0.019}, 0),
        ({"tpot": 0.016}, 20),
        ({"e2e": 0.10}, 7),
        ({"ttft": 0.1, "e2e": 0.10}, 7),
    ],
)
def test_good_is_what_meets_the_whole_slo(slo, good):
    plan = msgspec.structs.replace(RATE, slo=slo)
    assert summarise(steady(), plan).goodput.value == good / 20


def test_a_failed_request_is_not_good():
    plan = msgspec.structs.replace(RATE, slo={"ttft": 1.0})
    result = summarise([*steady(3), record(3, intended=3, error="APITimeoutError")], plan)
    assert result.goodput.value == 0.75


def test_without_an_slo_there_is_no_goodput():
    assert summarise(steady(), RATE).goodput is None


# from a file


def test_a_file_of_records_tells_the_same():
    random = np.random.default_rng(1)
    plans = [Plan(concurrency=number) for number in (1, 4)]
    runs = [closed_loop(random.lognormal(0, 0.3, 60), plan.concurrency) for plan in plans]
    live = [summarise(run, plan) for run, plan in zip(runs, plans, strict=True)]
    lines = [to_line(each) for result in live for each in result.records]
    assert summarise_levels(from_lines(lines)) == live


def test_results_keep_their_records_out_of_their_json():
    result = summarise(closed_loop([1.0] * 20, 2), Plan(concurrency=2))
    assert [each.phase for each in result.records[:3]] == ["first_wave", "first_wave", "steady"]
    again = msgspec.json.decode(msgspec.json.encode(result), type=Result)
    assert again == result
    assert again.records == []


@pytest.mark.parametrize(
    "plan",
    [
        Plan(concurrency=16),
        Plan(arrivals="burst", concurrency=8),
        Plan(arrivals="constant", rate=0.5),
        Plan(arrivals="poisson", rate=10_000.0),
        Plan(arrivals="poisson", rate=2.5e-05),
        Plan(arrivals="constant", rate=120.0, slo={"ttft": 1.0}),
    ],
)
def test_the_name_of_a_level_tells_its_pace(plan):
    assert plan_of(plan.level, plan.slo) == plan


@pytest.mark.parametrize("level", ["", "16", "0 at once", "fast/s constant", "1/s closed"])
def test_another_name_tells_no_pace(level):
    with pytest.raises(InvalidInputError):
        plan_of(level)


# what holds of any record


@st.composite
def any_record(draw: st.DrawFn) -> Record:
    """Any instants in their order, some of them missing; chunks of one read share theirs."""
    instants = sorted(
        draw(st.lists(st.integers(0, 10**15), min_size=len(INSTANTS), max_size=len(INSTANTS)))
    )
    named = dict(zip(INSTANTS, instants, strict=True))
    chunks = sorted(draw(st.lists(st.integers(*_between(named)), max_size=20)))
    fields = {f"{name}_ns": EPOCH + at for name, at in named.items() if draw(st.booleans())}
    for name, at in (("first", 0), ("last", -1)):
        fields[f"{name}_token_ns"] = EPOCH + chunks[at] if chunks else None
    fields |= {"intended_ns": EPOCH + named["intended"], "chunk_ns": [EPOCH + at for at in chunks]}
    tokens = draw(st.none() | st.integers(0, 50))
    return Record(index=0, completion_tokens=tokens, **fields)


def _between(named: dict[str, int]) -> tuple[int, int]:
    return named["first_event"], named["done"]


@given(any_record())
def test_the_gaps_add_up_to_decode_in_nanoseconds(made):
    total = sum(round(gap * 1e9) for gap in gaps(made))
    assert total == (made.chunk_ns[-1] - made.chunk_ns[0] if made.chunk_ns else 0)
    assert len(list(gaps(made))) == max(0, len(reads(made)) - 1)
    if made.chunk_ns:
        assert total == round(span("decode", made) * 1e9)


@given(any_record())
def test_a_figure_is_there_exactly_when_both_its_instants_are(made):
    for name, formula in SPANS.items():
        both = None not in (made.instant(formula.start), made.instant(formula.end))
        assert (span(name, made) is not None) == both


@given(any_record())
def test_later_starts_make_shorter_times(made):
    for first in ("ttft", "ttft_text", "ttft_reasoning"):
        family = [span(f"{first}{start}", made) for start in ("", "_from_issued", "_from_sent")]
        known = [seconds for seconds in family if seconds is not None]
        assert known == sorted(known, reverse=True)


@given(any_record())
def test_what_is_missing_is_never_zero(made):
    result = summarise([made], RATE)
    for name, figures in result.metrics.items():
        one = {"itl": next(gaps(made), None), "tpot": tpot(made)}
        figure = one[name] if name in one else span(name, made)
        assert (figures.count == 0) == (figure is None)
        assert (figures.min is None) == (figure is None)


@given(st.lists(any_record(), max_size=12), st.integers(1, 4))
def test_any_records_can_be_summarised(records, concurrency):
    result = summarise(records, Plan(concurrency=concurrency, slo={"itl": 1.0}))
    assert result.load.requests + sum(result.load.apart.values()) == len(records)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result


def test_e2e_is_ttft_and_the_gaps():
    made = record(ttft=0.25, gaps=[0.1, 0.2, 0.3])
    assert span("e2e", made) == pytest.approx(span("ttft", made) + sum(gaps(made)))
    assert made.done_ns == ns(0.85)
