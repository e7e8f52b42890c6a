"""When each request is due, and what it asks: settled before the first is sent.

House rule: all chance comes from the plan's seed, and no instant depends on another's outcome.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate, count, cycle, islice, repeat, takewhile

from foxstream.bench.plan import Plan

__all__ = ["bursts", "intended", "prompts"]


def intended(plan: Plan) -> Iterator[float]:
    """The seconds from the start at which each request is due, warm-up first.

    Constant arrivals are due at multiples of 1 / rate, the first at once; Poisson arrivals after
    exponential gaps. Both end after the plan's count and its warm-up, or before `duration`,
    whichever comes first. A closed loop and bursts follow what ended: for them it is empty.
    """
    due: Iterator[float] = iter(())
    if plan.arrivals == "constant" and plan.rate:
        # Divided and not added up: a sum would drift.
        due = (number / plan.rate for number in count())
    elif plan.arrivals == "poisson" and plan.rate:
        chance = random.Random(plan.seed)  # noqa: S311 (a schedule is no secret)
        due = accumulate(chance.expovariate(plan.rate) for _ in count())
    return _until_the_end(due, plan)


def _until_the_end(due: Iterator[float], plan: Plan) -> Iterator[float]:
    if plan.count is not None:
        due = islice(due, plan.warmup + plan.count)
    duration = plan.duration
    return due if duration is None else takewhile(lambda seconds: seconds < duration, due)


def bursts(plan: Plan) -> Iterator[int]:
    """The sizes of the bursts, each to begin when the one before is over; warm-up has its own.

    `concurrency` each, the last of the warm-up and the last of all with what is left. Without a
    count it has no end: time alone ends it. Empty for other arrivals.
    """
    if plan.arrivals != "burst":
        return
    for left in (plan.warmup, plan.count):
        if left is None:
            yield from repeat(plan.concurrency)
        else:
            yield from _parted(left, plan.concurrency)


def _parted(whole: int, size: int) -> Iterator[int]:
    yield from repeat(size, whole // size)
    if whole % size:
        yield whole % size


def prompts(plan: Plan) -> Iterator[str]:
    """What to ask, without end: all prompts in turn, in an order that the seed settles.

    With `cache="bust"` each begins with a tag of its own, so that no service knows its beginning.
    The same seed makes the same tags: against a cache that outlives a run take another seed.
    """
    chance = random.Random(f"prompts {plan.seed}")  # noqa: S311 (an order is no secret)
    order = chance.sample(plan.prompts, len(plan.prompts))
    busts = plan.cache == "bust"
    return (
        f"[{chance.getrandbits(64):016x}] {prompt}" if busts else prompt for prompt in cycle(order)
    )
