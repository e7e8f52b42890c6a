"""When requests are due and what they ask, from one seed."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise

import pytest
from scipy.stats import kstest

from foxstream.bench.plan import Plan
from foxstream.bench.schedule import bursts, intended, prompts


def poisson(seed: int, **fields: object) -> Plan:
    return Plan(arrivals="poisson", rate=20.0, seed=seed, **fields)


# when


@pytest.mark.parametrize("rate", [0.3, 3.0, 7.0, 9999.0])
def test_constant_is_constant(rate):
    due = list(intended(Plan(arrivals="constant", rate=rate, requests=100_000)))
    assert due == [number / rate for number in range(100_000)]


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5, 6, 7])
def test_poisson_gaps_are_exponential(seed):
    due = [0.0, *intended(poisson(seed, requests=2000))]
    gaps = [after - before for before, after in pairwise(due)]
    assert kstest(gaps, "expon", args=(0, 1 / 20)).pvalue > 0.01


def test_the_seed_settles_the_schedule():
    once, again, other = (list(intended(poisson(seed, requests=50))) for seed in (3, 3, 4))
    assert once == again
    assert once != other


def test_a_count_ends_it_after_the_warmup():
    assert len(list(intended(poisson(1, requests=30, warmup=7)))) == 37
    assert len(list(intended(poisson(1)))) == 20


def test_a_duration_ends_it():
    due = list(intended(Plan(arrivals="constant", rate=10.0, duration=3.0)))
    assert (len(due), due[-1]) == (30, 2.9)
    assert max(intended(poisson(1, duration=5.0))) < 5.0


def test_whichever_ends_first():
    both = Plan(arrivals="constant", rate=10.0, duration=3.0, requests=10)
    assert len(list(intended(both))) == 10


@pytest.mark.parametrize("plan", [Plan(concurrency=4), Plan(arrivals="burst", concurrency=4)])
def test_what_follows_an_end_is_due_at_no_time(plan):
    assert list(intended(plan)) == []


# bursts


def test_bursts_are_full_and_the_last_holds_the_rest():
    plan = Plan(arrivals="burst", concurrency=8, requests=20)
    assert list(bursts(plan)) == [8, 8, 4]


def test_warmup_has_bursts_of_its_own():
    plan = Plan(arrivals="burst", concurrency=8, requests=16, warmup=10)
    assert list(bursts(plan)) == [8, 2, 8, 8]


def test_without_a_count_bursts_have_no_end():
    plan = Plan(arrivals="burst", concurrency=8, duration=1.0)
    assert list(islice(bursts(plan), 100)) == [8] * 100


def test_other_arrivals_have_no_bursts():
    assert list(bursts(Plan(concurrency=4))) == []


# what


ASKED = tuple(f"question {number}" for number in range(10))


def test_prompts_come_in_turn():
    asked = list(islice(prompts(Plan(prompts=ASKED)), 30))
    assert asked[:10] == asked[10:20] == asked[20:]
    assert sorted(asked[:10]) == sorted(ASKED)


def test_the_seed_settles_their_order():
    once, again, other = (list(islice(prompts(Plan(prompts=ASKED, seed=s)), 10)) for s in (1, 1, 2))
    assert once == again
    assert once != other
    assert Counter(once) == Counter(other)


def test_a_busted_cache_knows_no_beginning():
    busted = Plan(prompts=ASKED, cache="bust")
    asked = list(islice(prompts(busted), 1000))
    tags = [prompt.partition("] ")[0] for prompt in asked]
    assert len(set(tags)) == 1000
    assert all(len(tag) == 17 for tag in tags)
    assert asked == list(islice(prompts(busted), 1000))


def test_a_busted_cache_asks_the_same_in_the_same_order():
    plain, busted = (
        [prompt.partition("] ")[2] or prompt for prompt in islice(prompts(plan), 10)]
        for plan in (Plan(prompts=ASKED), Plan(prompts=ASKED, cache="bust"))
    )
    assert plain == busted
