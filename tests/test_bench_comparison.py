"""Better and worse are said when it is so, seldom when not, and never of unlike things."""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
import pytest

from foxstream.bench.comparison import Comparison, compare
from foxstream.bench.plan import Plan
from foxstream.bench.result import (
    Client,
    Distribution,
    Estimate,
    Load,
    Outcomes,
    Report,
    Result,
)
from foxstream.bench.statistics import distribution, pooled
from foxstream.errors import InvalidInputError
from tests.unmeasured import untraced

LOAD = Load(arrivals="closed", concurrency=1)


def measured(
    random: np.random.Generator, slower: float = 1.0, *, requests: int = 200, spread: float = 0.4
) -> Report:
    """A run against a service of which each request has a pace of its own."""
    paces = random.lognormal(0, 0.2, requests)
    ttft = slower * 0.3 * random.lognormal(0, spread, requests)
    gaps = slower * 0.02 * paces[:, None] * random.lognormal(0, 0.5, (requests, 20))
    decode = gaps.sum(axis=1)
    metrics = {
        "ttft": distribution(ttft),
        "itl": pooled(gaps),
        "tpot": distribution(decode / 20),
        "e2e": distribution(ttft + decode),
    }
    return Report(results=[Result(level="1 at once", load=LOAD, metrics=metrics)])


@untraced()
def verdicts(pairs: int, slower: float = 1.0, seed: int = 0, **how: float) -> Counter[str]:
    random = np.random.default_rng(seed)
    return Counter(
        compare(measured(random, **how), measured(random, slower, **how)).verdict
        for _ in range(pairs)
    )


def told(value: float | None, low: float | None, high: float | None, **fields: object) -> Report:
    """A report of one figure."""
    metrics = {"ttft": Distribution(p50=Estimate(value, low, high))}
    result = Result(level="1 at once", load=LOAD, metrics=metrics)
    return Report(results=[msgspec.structs.replace(result, **fields)])


def only(comparison: Comparison):
    (difference,) = comparison.differences
    return difference


# how often it is right


@pytest.mark.parametrize("requests", [40, 200])
@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_of_the_same_service_at_most_5_in_100_pairs_are_told_apart(requests, spread):
    found = verdicts(600, requests=requests, spread=spread)
    assert found["better"] + found["worse"] <= 0.05 * 600, found


def test_a_shift_of_20_percent_is_found():
    assert verdicts(100, slower=1.2)["worse"] >= 95
    assert verdicts(100, slower=1 / 1.2)["better"] >= 95


def test_a_shift_that_nobody_would_notice_is_not_told():
    how = {"requests": 4000, "spread": 0.1}
    assert set(verdicts(10, slower=1.005, **how)) == {"undecided"}


@pytest.mark.parametrize("slower", [1.0, 1.2])
def test_the_interval_of_one_difference_holds_the_truth(slower):
    random = np.random.default_rng(3)
    held = []
    for _ in range(2000):
        before, after = (
            distribution(factor * random.lognormal(0, 0.5, 150)) for factor in (1, slower)
        )
        pair = [
            Report(results=[Result(level="", load=LOAD, metrics={"ttft": each})])
            for each in (before, after)
        ]
        difference = compare(*pair).differences[0].difference
        held.append(difference.lower <= slower - 1 <= difference.upper)
    assert np.mean(held) >= 0.95


# one difference


def test_the_limits_are_those_of_both_estimates():
    difference = only(compare(told(1.0, 0.97, 1.04), told(2.0, 1.97, 2.04)))
    assert (difference.level, difference.metric, difference.percentile) == (
        "1 at once",
        "ttft",
        "p50",
    )
    assert difference.verdict == "worse"
    assert difference.difference == Estimate(1.0, pytest.approx(0.95), pytest.approx(1.05))


def test_the_limits_hold_for_the_whole_family():
    figures = Distribution(p50=Estimate(1.0, 0.97, 1.04))
    two = Result(level="", load=LOAD, metrics={"ttft": figures, "e2e": figures})
    report = Report(results=[two])
    widths = [each.difference.upper for each in compare(report, report).differences]
    assert widths == pytest.approx([0.05 * 2.2414 / 1.9600] * 2, rel=1e-4)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((1.0, 0.9, 1.1), (1.3, 1.2, 1.4), "worse"),
        ((1.3, 1.2, 1.4), (1.0, 0.9, 1.1), "better"),
        ((1.0, 0.9, 1.1), (1.1, 1.0, 1.2), "undecided"),
        ((1.0, 0.9, None), (9.0, 8.0, 10.0), "undecided"),
        ((1.0, 0.9, 1.1), (9.0, None, 10.0), "undecided"),
        ((1.0, None, 1.1), (9.0, 8.0, None), "worse"),
        ((1.0, 0.999, 1.001), (1.019, 1.018, 1.020), "undecided"),
        ((1.0, 0.999, 1.001), (1.021, 1.020, 1.022), "worse"),
    ],
)
def test_verdicts(before, after, verdict):
    comparison = compare(told(*before), told(*after))
    assert (only(comparison).verdict, comparison.verdict) == (verdict, verdict)


def test_what_one_does_not_have_is_not_compared():
    comparison = compare(told(1.0, 0.9, 1.1), told(None, None, 1.1))
    assert comparison == Comparison(verdict="undecided")


def test_worse_anywhere_is_worse():
    fast, slow = (Distribution(p50=Estimate(s, s - 0.1, s + 0.1)) for s in (1.0, 2.0))
    one = Result(level="a", load=LOAD, metrics={"ttft": fast, "e2e": slow})
    other = Result(level="a", load=LOAD, metrics={"ttft": slow, "e2e": fast})
    comparison = compare(Report(results=[one]), Report(results=[other]))
    assert [each.verdict for each in comparison.differences] == ["worse", "better"]
    assert comparison.verdict == "worse"


def test_levels_are_matched_by_name():
    one, other = (told(s, s - 0.1, s + 0.1).results[0] for s in (1.0, 2.0))
    one.level, other.level = "4 at once", "8 at once"
    comparison = compare(Report(results=[one, other]), Report(results=[other, one]))
    assert [each.level for each in comparison.differences] == ["4 at once", "8 at once"]
    assert {each.difference.value for each in comparison.differences} == {0.0}


def test_it_can_be_kept_as_json():
    comparison = compare(told(1.0, 0.9, None), told(9.0, 8.0, 10.0))
    assert only(comparison).difference.low is None
    assert msgspec.json.decode(msgspec.json.encode(comparison), type=Comparison) == comparison


# what is not compared


def planned(**fields: object) -> Report:
    report = told(1.0, 0.9, 1.1)
    report.plan = Plan(**fields)
    return report


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (Report(schema=2, results=told(1, 1, 1).results), "schema 2"),
        (Report(), "do not match"),
        (told(1, 1, 1, level="2 at once"), "do not match"),
        (Report(results=told(1, 1, 1).results * 2), "do not match"),
        (told(1, 1, 1, client=Client(clock="kernel")), "different clocks: 'user' before, 'kernel'"),
        (told(1, 1, 1, client=Client(clock="mixed")), "different clocks"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_unlike_reports_are_refused(other, complaint, force):
    with pytest.raises(InvalidInputError, match=complaint):
        compare(told(1.0, 0.9, 1.1), other, force=force)


@pytest.mark.parametrize(
    "asked",
    [{"prompts": ("Else?",)}, {"videos": ("a.mp4",)}, {"max_tokens": 5}, {"cache": "bust"}],
)
def test_other_questions_are_refused_unless_forced(asked):
    with pytest.raises(InvalidInputError, match=f"differs in {next(iter(asked))}"):
        compare(planned(), planned(**asked))
    comparison = compare(planned(), planned(**asked), force=True)
    assert comparison.notes == [f"what was asked differs in {next(iter(asked))}"]


def test_a_report_that_does_not_tell_what_was_asked_is_refused():
    with pytest.raises(InvalidInputError, match="does not tell"):
        compare(planned(), told(1.0, 0.9, 1.1))


def test_what_is_fast_because_the_rest_fails_is_not_better():
    whole = told(1.0, 0.9, 1.1, outcomes=Outcomes(complete=100))
    fast = told(0.5, 0.45, 0.55, outcomes=Outcomes(complete=40, errors={"RateLimitError": 60}))
    few = told(0.5, 0.45, 0.55, outcomes=Outcomes(complete=99, errors={"RateLimitError": 1}))
    assert compare(whole, fast).verdict == "worse"
    assert compare(whole, few).verdict == "better"


def test_models_may_differ():
    assert compare(planned(model="a"), planned(model="b", seed=7)).notes == []


def test_what_to_mind_is_noted():
    limited = told(1.0, 0.9, 1.1, client=Client(limits=["slow"]))
    failing = told(1.0, 0.9, 1.1, outcomes=Outcomes(errors={"RateLimitError": 3}))
    assert compare(limited, failing).notes == [
        "before, 1 at once: the machine that measured was itself slow",
        "after, 1 at once: 3 of 3 requests failed",
    ]
