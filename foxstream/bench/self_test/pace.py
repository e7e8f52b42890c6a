"""Whether requests are sent when they are due."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from itertools import pairwise

from foxstream.bench.plan import Arrivals, Plan
from foxstream.bench.record import Record
from foxstream.bench.result import Accuracy
from foxstream.bench.running import driven, reaching
from foxstream.bench.schedule import intended
from foxstream.bench.self_test.figures import at_least, at_most, percentile
from foxstream.bench.statistics import exponential
from foxstream.bench.truth.process import truthful_gateway
from foxstream.bench.truth.script import Script

__all__ = ["check"]

PACES: tuple[tuple[Arrivals, float], ...] = (("constant", 50), ("constant", 300), ("poisson", 300))
_SHORT = Script(lead=0.01, interval=0.0, chunks=1, reasoning=0, empty=0)


async def check(quick: bool) -> AsyncGenerator[Accuracy]:
    """Constant and Poisson arrivals, slow and fast."""
    seconds = 2.0 if quick else 10.0
    for arrivals, rate in PACES[:1] if quick else PACES:
        plan = Plan(
            prompts=(_SHORT.prompt,), arrivals=arrivals, rate=rate, duration=seconds, direct=True
        )
        async with truthful_gateway() as gateway, reaching(plan, gateway.url) as client:
            records = await driven(plan, client)
        for figure in _figures(plan, records):
            yield figure


def _figures(plan: Plan, records: list[Record]) -> Iterator[Accuracy]:
    name = f"{plan.rate:g} requests a second, {plan.arrivals}"
    due = list(intended(plan))
    issued = sorted(record.issued_ns or 0 for record in records)
    achieved = (len(issued) - 1) / ((issued[-1] - issued[0]) / 1e9)
    asked = (len(due) - 1) / (due[-1] - due[0])
    yield at_most(f"{name}: rate against the schedule", abs(achieved / asked - 1), 0.005, "share")
    if plan.arrivals == "poisson":
        p = exponential([after - before for before, after in pairwise(due)], 1 / (plan.rate or 1.0))
        yield at_least(f"{name}: gaps of the schedule, p of Kolmogorov-Smirnov", p, 0.01, "p")
    late = [((record.issued_ns or 0) - record.intended_ns) / 1e9 for record in records]
    yield at_most(f"{name}: sent late, p99", percentile(late, 0.99), 1e-3)
