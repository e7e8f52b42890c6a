"""A plan that makes no sense is refused before anything is sent, with its field and its value."""

from __future__ import annotations

import pytest

from foxstream import InvalidInputError
from foxstream.bench.plan import DEFAULT_REQUESTS, Plan, plan_of


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"concurrency": 0}, "concurrency is 0: at least 1"),
        ({"arrivals": "constant"}, "rate is None: constant arrivals need"),
        ({"arrivals": "poisson", "rate": 0}, "rate is 0: poisson arrivals need"),
        ({"rate": 5.0}, "rate is 5, but arrivals are closed"),
        ({"requests": 0}, "requests is 0: more than 0"),
        ({"duration": -1.0}, "duration is -1.0: more than 0"),
        ({"max_total_tokens": 0}, "max_total_tokens is 0: more than 0"),
        ({"warmup": -1}, "warmup is -1"),
        ({"prompts": ()}, "there is nothing to ask"),
        ({"prompts": "Hello"}, "prompts is one string"),
        ({"videos": "clip.mp4"}, "videos is one string"),
        ({"local": True, "base_url": "http://127.0.0.1"}, "exclude each other"),
        ({"openai": "http://a.test/v1", "base_url": "http://b.test"}, "exclude each other"),
        ({"slo": {"ttfb": 1.0}}, "slo names 'ttfb': one of ttft"),
        ({"slo": {"ttft": 0.0}}, "slo ttft=0.0: seconds above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, complaint):
    with pytest.raises(InvalidInputError, match=complaint):
        Plan(**fields)


def test_without_a_number_and_a_time_a_few_are_sent():
    assert Plan().count == DEFAULT_REQUESTS
    assert Plan(duration=3.0).count is None
    assert Plan(duration=3.0, requests=7).count == 7


@pytest.mark.parametrize(
    "plan",
    [
        Plan(concurrency=16),
        Plan(arrivals="burst", concurrency=8),
        Plan(arrivals="constant", rate=2.5),
        Plan(arrivals="poisson", rate=1e-5),
    ],
)
def test_the_name_of_a_level_tells_its_pace(plan):
    told = plan_of(plan.level, {"ttft": 1.0})
    assert (told.arrivals, told.concurrency, told.rate) == (
        plan.arrivals,
        plan.concurrency,
        plan.rate,
    )
    assert told.slo == {"ttft": 1.0}


def test_any_other_name_is_refused():
    with pytest.raises(InvalidInputError, match="tells no pace"):
        plan_of("many at once")
