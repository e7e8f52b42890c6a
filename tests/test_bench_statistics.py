"""Percentiles and their bounds: right as often as they say, and absent where nothing is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import expon, lognorm

from foxstream.bench.result import PERCENTILES, Distribution, Estimate
from foxstream.bench.statistics import distribution, exponential, pooled, share
from tests.unmeasured import untraced

REPETITIONS = 4000
SHAPES = {"lognormal": lognorm(1.0, scale=0.3), "exponential": expon(scale=0.3)}
FLOORS = {"p50": 6, "p90": 36, "p95": 72, "p99": 368, "p99_9": 3688}


def estimates(figures: Distribution) -> dict[str, Estimate]:
    return {name: getattr(figures, name) for name in PERCENTILES}


def is_bounded(estimate: Estimate) -> bool:
    return estimate.low is not None and estimate.high is not None


def coverage(figures: list[Distribution], truth: dict[str, float]) -> dict[str, float]:
    """How often both bounds are there and hold the truth, in percent; of those that are there."""
    shares = {}
    for name, true in truth.items():
        bounded = [each for each in (getattr(one, name) for one in figures) if is_bounded(each)]
        if bounded:
            shares[name] = 100 * np.mean([each.low <= true <= each.high for each in bounded])
    return shares


# bounds


@pytest.mark.parametrize("count", [7, 20, 60, 200, 400, 1000])
@pytest.mark.parametrize("shape", SHAPES)
@untraced()
def test_bounds_hold_the_truth_in_93_to_97_percent(shape, count):
    random = np.random.default_rng(count)
    drawn = SHAPES[shape].rvs((REPETITIONS, count), random_state=random)
    truth = {name: float(SHAPES[shape].ppf(p)) for name, p in PERCENTILES.items()}
    covered = coverage([distribution(row) for row in drawn], truth)
    assert set(covered) == {name for name, floor in FLOORS.items() if count >= floor}
    assert all(93 <= percent <= 97.5 for percent in covered.values()), covered


@untraced()
def test_each_bound_alone_is_wrong_in_about_2_5_percent():
    drawn = SHAPES["lognormal"].rvs((REPETITIONS, 200), random_state=np.random.default_rng(5))
    figures = [distribution(row) for row in drawn]
    for name in ("p50", "p90", "p95"):
        true = float(SHAPES["lognormal"].ppf(PERCENTILES[name]))
        below = 100 * np.mean([getattr(one, name).upper < true for one in figures])
        above = 100 * np.mean([getattr(one, name).lower > true for one in figures])
        assert 1.5 <= below <= 3.5, name
        assert 1.5 <= above <= 3.5, name


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_an_upper_bound_needs_enough_values(name, floor):
    enough = getattr(distribution(range(floor)), name)
    few = getattr(distribution(range(floor - 1)), name)
    assert is_bounded(enough)
    assert few.high is None
    assert few.upper == math.inf
    assert enough.high <= floor - 1


def test_a_lower_bound_needs_fewer():
    p99 = distribution(range(100)).p99
    assert p99.value == 98
    assert p99.low is not None
    assert p99.low < 98
    assert p99.high is None


# values


@pytest.mark.parametrize(
    ("name", "fewest"), [("p50", 2), ("p90", 10), ("p95", 20), ("p99", 100), ("p99_9", 1000)]
)
def test_a_percentile_lies_inside_the_sample(name, fewest):
    assert getattr(distribution(range(fewest)), name).value == fewest - 2
    assert getattr(distribution(range(fewest - 1)), name).value is None


@given(st.lists(st.floats(0, 1e6), max_size=300))
def test_a_percentile_is_a_value_that_its_share_does_not_exceed(values):
    figures = distribution(values)
    assert figures.count == len(values)
    for name, estimate in estimates(figures).items():
        if estimate.value is not None:
            reached = [value for value in values if value <= estimate.value]
            below = [value for value in values if value < estimate.value]
            assert len(reached) >= PERCENTILES[name] * len(values) - 1e-9
            assert len(below) < PERCENTILES[name] * len(values)
            assert estimate.lower <= estimate.value <= estimate.upper


def test_mean_and_extremes():
    figures = distribution([3.0, 1.0, 2.0], unit="tokens")
    assert (figures.mean, figures.min, figures.max, figures.unit) == (2.0, 1.0, 3.0, "tokens")


@pytest.mark.parametrize("figures", [distribution([]), pooled([]), pooled([[], []])])
def test_of_nothing_there_is_nothing(figures):
    assert figures == Distribution(failing={})


# failures


def test_a_failure_counts_as_infinite():
    figures = distribution(range(90), failures=10)
    assert figures.failures == 10
    assert figures.failing == {"p50": 49, "p90": 89, "p95": None, "p99": None}
    assert figures.p95.value == 85


def test_without_failures_failing_is_the_same():
    figures = distribution(range(5000))
    values = {name: estimate.value for name, estimate in estimates(figures).items()}
    assert figures.failing == values


def test_all_failed():
    figures = distribution([], failures=4)
    assert figures.failing == {"p50": None}
    assert figures.p50 == Estimate()


def test_a_failure_weighs_as_much_as_an_answer():
    figures = pooled([range(100)] * 9, failures=1)
    assert figures.failures == 1
    assert figures.failing["p90"] == 99
    assert figures.failing["p95"] is None


# values in groups


def gaps_of(random: np.random.Generator, requests: int, unlike: float) -> list[np.ndarray]:
    """Requests of 10 to 30 gaps each, of a pace of their own."""
    paces = random.lognormal(0, unlike, requests)
    return [pace * random.lognormal(0, 0.5, random.integers(10, 31)) for pace in paces]


@pytest.mark.parametrize("unlike", [0.0, 0.3])
@untraced()
def test_bounds_of_groups_hold_the_truth(unlike):
    random = np.random.default_rng(7)
    figures = [pooled(gaps_of(random, 60, unlike)) for _ in range(1500)]
    spread = math.hypot(unlike, 0.5)
    truth = {name: float(lognorm(spread).ppf(PERCENTILES[name])) for name in ("p50", "p90", "p95")}
    covered = coverage(figures, truth)
    assert set(covered) == set(truth)
    assert all(93 <= percent <= 97.5 for percent in covered.values()), covered


def test_groups_say_less_than_as_many_independent_values():
    groups = gaps_of(np.random.default_rng(8), 60, 0.6)
    together = distribution(np.concatenate(groups)).p50
    apart = pooled(groups).p50
    assert apart.value == together.value
    assert apart.high - apart.low > 2 * (together.high - together.low)


def test_one_group_bounds_nothing():
    p50 = pooled([range(1000)]).p50
    assert p50.value == 499
    assert (p50.low, p50.high) == (None, None)


# shares


def test_a_share_has_its_wilson_interval():
    half = share(50, 100)
    assert half.value == 0.5
    assert (half.low, half.high) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_the_share_of_all_is_not_certain():
    assert share(10, 10).value == 1.0
    assert share(10, 10).lower < 0.8
    assert share(0, 10).upper > 0.2


def test_the_share_of_none_is_unknown():
    assert share(0, 0) == Estimate()


def test_exponential_gaps_are_likely_and_even_ones_are_not():
    random = np.random.default_rng(7)
    assert exponential(list(random.exponential(0.02, 500)), 0.02) > 0.01
    assert exponential([0.02] * 500, 0.02) < 1e-6
