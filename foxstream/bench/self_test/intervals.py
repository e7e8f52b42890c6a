"""Whether a confidence interval of 95 % holds the true value 95 times of a hundred."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncGenerator
from statistics import NormalDist

from foxstream.bench.result import Accuracy
from foxstream.bench.self_test.figures import between
from foxstream.bench.statistics import distribution

__all__ = ["check"]

_SAMPLES = (("p50", 0.5, 100), ("p90", 0.9, 200), ("p99", 0.99, 2000))


async def check(quick: bool) -> AsyncGenerator[Accuracy]:
    """Draw from a known lognormal distribution, many times."""
    draw = random.Random(1).lognormvariate  # noqa: S311 (a simulation)
    times = 1000 if quick else 4000
    for name, share, size in _SAMPLES:
        true = math.exp(NormalDist().inv_cdf(share))
        held = 0
        for _ in range(times):
            estimate = getattr(distribution([draw(0, 1) for _ in range(size)]), name)
            held += estimate.lower <= true <= estimate.upper
        yield between(f"95 % interval of {name}, {size:,} values: holds", held / times, 0.93, 0.97)
