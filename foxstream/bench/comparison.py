"""Whether one report is better than another, and how sure that is.

House rule: unlike is not compared, and a difference that chance or nobody would notice is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

import msgspec

from foxstream.bench.result import SCHEMA, Distribution, Estimate, Report, Result
from foxstream.bench.statistics import TAIL, share
from foxstream.errors import InvalidInputError

__all__ = ["COMPARED", "SMALLEST", "Comparison", "Difference", "Verdict", "compare"]

Verdict = Literal["better", "worse", "undecided"]
"""Of the later report; `undecided` where the interval of the difference holds zero."""

COMPARED = (("ttft", "p50"), ("ttft", "p90"), ("itl", "p50"), ("e2e", "p50"), ("tpot", "p50"))
"""The figures that are compared on each level; for all of them less is better."""

SMALLEST = 0.02
"""The share of a figure by which it must differ, however sure the difference is."""

_ASKED = (
    "prompts",
    "videos",
    "images",
    "system_prompt",
    "max_tokens",
    "temperature",
    "reasoning",
    "cache",
    "direct",
)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One percentile of one metric on one level, in seconds.

    `difference` is after minus before. Its interval holds together with those of the whole
    comparison: all of them are right in 95 % of comparisons.
    """

    level: str
    metric: str
    percentile: str
    before: Estimate
    after: Estimate
    difference: Estimate
    verdict: Verdict


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All differences, and the verdict over them; `notes` say what to mind in reading it.

    `worse` if anything is worse; `better` if something is better and nothing worse. Of two reports
    of the same service at most 5 in 100 pairs are called better or worse.
    """

    verdict: Verdict
    differences: list[Difference] = []
    notes: list[str] = []


def compare(before: Report, after: Report, *, force: bool = False) -> Comparison:
    """The later report against the earlier one, level by level.

    Raises `InvalidInputError` where the schema, the levels or who stamped what was received
    differ, or the prompts and what else was asked; `force` overrules the last. Models may differ.
    """
    for complaint in (*_unlike(before, after), *(() if force else _asked_else(before, after))):
        raise InvalidInputError(f"these reports cannot be compared: {complaint}")
    pairs = list(_pairs(before, after))
    differences = [_difference(pair, len(pairs)) for pair in pairs]
    failing: list[Verdict] = [_failing(*results) for results in _matched(before, after)]
    verdict = _overall([*failing, *(difference.verdict for difference in differences)])
    notes = [*_asked_else(before, after), *_notes(before, after)]
    return Comparison(verdict=verdict, differences=differences, notes=notes)


def _unlike(before: Report, after: Report) -> Iterator[str]:
    for report in (before, after):
        if report.schema != SCHEMA:
            yield f"schema {report.schema} is read by another version; this one reads {SCHEMA}"
    levels, others = [[each.level for each in report.results] for report in (before, after)]
    if sorted(levels) != sorted(others) or len(set(levels)) < len(levels):
        yield f"levels {levels} do not match {others}, one to one"
        return
    for one, other in _matched(before, after):
        if one.client.clock != other.client.clock:
            clocks = f"{one.client.clock!r} before, {other.client.clock!r} after"
            yield f"at {one.level} the instants are stamped by different clocks: {clocks}"


def _asked_else(before: Report, after: Report) -> Iterator[str]:
    one, other = before.plan, after.plan
    if one is None or other is None:
        if one is not other:
            yield "one of them does not tell what was asked"
        return
    names = [name for name in _ASKED if getattr(one, name) != getattr(other, name)]
    if names:
        yield f"what was asked differs in {', '.join(names)}"


def _matched(before: Report, after: Report) -> Iterator[tuple[Result, Result]]:
    later = {result.level: result for result in after.results}
    return ((result, later[result.level]) for result in before.results)


class _Pair(NamedTuple):
    level: str
    metric: str
    percentile: str
    before: Estimate
    after: Estimate


def _pairs(before: Report, after: Report) -> Iterator[_Pair]:
    """Every compared figure that both have."""
    for one, other in _matched(before, after):
        for metric, percentile in COMPARED:
            estimates = [_estimate(result, metric, percentile) for result in (one, other)]
            if all(estimate.value is not None for estimate in estimates):
                yield _Pair(one.level, metric, percentile, *estimates)


def _estimate(result: Result, metric: str, percentile: str) -> Estimate:
    figures = result.metrics.get(metric, Distribution())
    estimate: Estimate = getattr(figures, percentile)
    return estimate


def _difference(pair: _Pair, family: int) -> Difference:
    difference = _mover(pair.before, pair.after, family)
    return Difference(
        level=pair.level,
        metric=pair.metric,
        percentile=pair.percentile,
        before=pair.before,
        after=pair.after,
        difference=difference,
        verdict=_verdict(difference, pair.before.value or 0.0),
    )


def _mover(before: Estimate, after: Estimate, family: int) -> Estimate:
    """After minus before, by the method of variance estimates recovery (Zou and Donner 2008).

    Each distance from an estimate to its limit stands for its own 1.96 standard errors, and is
    widened to those that hold for `family` differences together (Bonferroni).
    """
    earlier, later = before.value or 0.0, after.value or 0.0
    difference = later - earlier
    beyond = NormalDist().inv_cdf
    wider = beyond(TAIL / family) / beyond(TAIL)
    down = wider * math.hypot(later - after.lower, before.upper - earlier)
    up = wider * math.hypot(after.upper - later, earlier - before.lower)
    return Estimate(difference, _finite(difference - down), _finite(difference + up))


def _finite(bound: float) -> float | None:
    return float(bound) if math.isfinite(bound) else None


def _verdict(difference: Estimate, earlier: float) -> Verdict:
    if abs(difference.value or 0.0) < SMALLEST * earlier:
        return "undecided"
    if difference.upper < 0:
        return "better"
    return "worse" if difference.lower > 0 else "undecided"


def _failing(before: Result, after: Result) -> Verdict:
    """Whether more requests fail than before: what is fast because others failed is not better.

    `worse` where the intervals of the two shares lie apart, else `undecided`.
    """
    earlier, later = (share(_failed(each), _made(each)) for each in (before, after))
    return "worse" if later.lower > earlier.upper else "undecided"


def _failed(result: Result) -> int:
    return sum(result.outcomes.errors.values())


def _made(result: Result) -> int:
    return result.outcomes.complete + _failed(result)


def _overall(verdicts: Sequence[Verdict]) -> Verdict:
    if "worse" in verdicts:
        return "worse"
    return "better" if "better" in verdicts else "undecided"


def _notes(before: Report, after: Report) -> Iterator[str]:
    for name, report in (("before", before), ("after", after)):
        for result in report.results:
            if result.client.limits:
                yield f"{name}, {result.level}: the machine that measured was itself slow"
            if failed := _failed(result):
                yield f"{name}, {result.level}: {failed} of {_made(result)} requests failed"
