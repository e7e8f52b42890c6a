"""Percentiles and shares, each with its 95 % confidence interval.

House rule: nothing is assumed of the shape of the values. What the sample is too small for is
`None`: a percentile, unless at least one value lies beyond it; a bound, unless the extreme value
lies beyond the true percentile with 97.5 % confidence. So an upper bound needs 6 values at p50, 36
at p90, 72 at p95, 368 at p99 and 3688 at p99.9.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from foxstream.bench.result import PERCENTILES, Distribution, Estimate
from foxstream.errors import MissingExtraError

try:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.optimize import brentq
    from scipy.special import betainc, stdtrit
    from scipy.stats import binomtest, kstest
except ImportError as _missing:
    raise MissingExtraError('the figures need scipy: pip install "foxstream[bench]"') from _missing

__all__ = ["TAIL", "distribution", "exponential", "pooled", "share"]

TAIL = 0.025
"""How often the truth may lie beyond a bound: 2.5 % below the lower, 2.5 % above the upper."""

_Values = NDArray[np.float64]
_Sizes = NDArray[np.int64]


def distribution(values: Iterable[float], *, unit: str = "s", failures: int = 0) -> Distribution:
    """The distribution of independent `values`, one of each request, in `unit`s.

    A percentile is the smallest value that such a share of the sample does not exceed. `failures`
    requests have no value; in `failing` each counts as infinite, and a percentile that they reach
    is `None`. A percentile that the sample is too small for is left out of `failing`.
    """
    ordered = np.sort(np.fromiter(values, dtype=np.float64))
    sizes = dict.fromkeys(PERCENTILES, float(ordered.size))
    return _described(ordered, sizes, unit, failures, failures)


def pooled(
    groups: Iterable[Sequence[float]], *, unit: str = "s", failures: int = 0
) -> Distribution:
    """The distribution of values that came in `groups`, as the gaps of one request do.

    Values of one group resemble each other and say less than as many independent ones: bounds are
    those of a sample of the effective size. One group alone has no bounds. A failure counts in
    `failing` as many infinite values as a group has on average.
    """
    arrays = [np.asarray(group, dtype=np.float64) for group in groups if len(group)]
    joined = np.concatenate([np.empty(0), *arrays])
    sizes = np.array([array.size for array in arrays], dtype=np.int64)
    effective = {name: _effective(joined, sizes, p) for name, p in PERCENTILES.items()}
    lost = round(failures * joined.size / max(sizes.size, 1))
    return _described(np.sort(joined), effective, unit, failures, lost)


def exponential(gaps: Sequence[float], mean: float) -> float:
    """How likely exponential gaps of that mean lie as far from it as these (Kolmogorov-Smirnov)."""
    return float(kstest(gaps, "expon", args=(0.0, mean)).pvalue)


def share(good: int, count: int) -> Estimate:
    """The share of `good` ones among `count`, with its Wilson interval; no value of no requests."""
    if not count:
        return Estimate()
    interval = binomtest(good, count).proportion_ci(method="wilson")
    return Estimate(good / count, float(interval.low), float(interval.high))


def _described(
    ordered: _Values, sizes: Mapping[str, float], unit: str, failures: int, lost: int
) -> Distribution:
    some = bool(ordered.size)
    return Distribution(
        unit=unit,
        count=ordered.size,
        failures=failures,
        mean=float(ordered.mean()) if some else None,
        min=float(ordered[0]) if some else None,
        max=float(ordered[-1]) if some else None,
        failing=_failing(ordered, lost),
        **{name: _estimate(ordered, p, sizes[name]) for name, p in PERCENTILES.items()},
    )


def _estimate(ordered: _Values, p: float, size: float) -> Estimate:
    rank = _rank(p, ordered.size)
    value = None if rank is None else float(ordered[rank - 1])
    return Estimate(value, _bound(ordered, p, size, 1 - TAIL), _bound(ordered, p, size, TAIL))


def _rank(p: float, count: int) -> int | None:
    """Which of `count` ordered values, from 1, is the percentile; `None` of too few."""
    rank = math.ceil(count * p - 1e-9)  # a product such as 0.07 * 100 is a little too large
    return rank if rank < count else None


def _bound(ordered: _Values, p: float, size: float, confidence: float) -> float | None:
    """The value that is below the true percentile with `confidence`."""
    rank = _bounding_rank(p, size, confidence)
    return None if rank is None else _between(ordered, rank * (ordered.size + 1) / (size + 1))


# Whole ranks cannot meet 95 %: the tightest pair that reaches it covers 98.4 % of the medians of 7
# values, and 97.9 % of 10. Fractional ranks (Hutson 1999) leave 2.5 % beyond each bound, whatever
# the size, and remain within the coverage of the two whole ranks beside them for any distribution.
@lru_cache(maxsize=256)
def _bounding_rank(p: float, size: float, confidence: float) -> float | None:
    def surplus(rank: float) -> float:
        return float(betainc(rank, size + 1 - rank, p)) - confidence

    if size < 2 or not surplus(1) >= 0 >= surplus(size):
        return None
    return brentq(surplus, 1, size)


def _between(ordered: _Values, rank: float) -> float:
    """The value at a rank from 1 on, on the line between its neighbours."""
    whole = min(max(math.floor(rank), 1), ordered.size)
    lower, upper = ordered[whole - 1], ordered[min(whole, ordered.size - 1)]
    return float(lower + (rank - whole) * (upper - lower))


def _effective(joined: _Values, sizes: _Sizes, p: float) -> float:
    """How many independent values would tell as much of the percentile (Korn and Graubard 1998).

    `joined` are groups of these `sizes`, one after another.
    """
    count, rank = joined.size, _rank(p, joined.size)
    if rank is None:
        return 0.0
    below = _below(joined, sizes, float(np.partition(joined, rank - 1)[rank - 1]))
    beyond = np.count_nonzero(below < sizes)
    if beyond < 2:
        return float(beyond)
    reached = below.sum() / count
    independent = reached * (1 - reached) / count
    # The variance is known no better than by the few groups that reach beyond the percentile.
    known = (stdtrit(count - 1, TAIL) / stdtrit(beyond - 1, TAIL)) ** 2
    return float(count * known * independent / max(_variance(below, sizes), independent))


def _below(joined: _Values, sizes: _Sizes, limit: float) -> _Sizes:
    """How many of each group are no more than `limit`."""
    starts = np.cumsum(sizes) - sizes
    return np.add.reduceat((joined <= limit).astype(np.int64), starts)


def _variance(below: _Sizes, sizes: _Sizes) -> float:
    """Of the share of values below, between groups, as of a ratio of two sums."""
    strays = below - below.sum() / sizes.sum() * sizes
    return float(np.square(strays).sum() / sizes.sum() ** 2 * len(sizes) / (len(sizes) - 1))


def _failing(ordered: _Values, lost: int) -> dict[str, float | None]:
    ranks = {name: _rank(p, ordered.size + lost) for name, p in PERCENTILES.items()}
    return {
        name: float(ordered[rank - 1]) if rank <= ordered.size else None
        for name, rank in ranks.items()
        if rank is not None
    }
