"""From the raw records of a load to what it tells.

House rule: from the records alone, so that a file of them tells the same as the run did. Failures
never make a figure smaller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from foxstream.bench.keeping_up import is_open, keeping_up, pace
from foxstream.bench.metrics import SPANS, gaps, span, tpot
from foxstream.bench.plan import Plan, plan_of
from foxstream.bench.record import Record
from foxstream.bench.result import Distribution, Estimate, Load, Outcomes, Result
from foxstream.bench.statistics import distribution, pooled, share
from foxstream.bench.tokens import packing, tokens, uncounted
from foxstream.bench.window import Window, counted, in_flight, phased, window

__all__ = ["OURS", "summarise", "summarise_levels"]

OURS = frozenset({"send_delay", "connection", "tls", "upload", "sending"})
"""The spans that this side takes: no failure of the service is counted as an infinite one."""


def summarise(records: Sequence[Record], plan: Plan) -> Result:
    """What the `records` of one load tell; they are kept with it, with their phases set.

    Percentiles are made of the requests that count and are complete; the failed among those that
    count are the `failures` of each figure that the service answers for.
    """
    everything = phased(records, plan)
    chosen, during = counted(everything), window(everything, plan)
    metrics = _metrics(chosen)
    told = tokens(chosen, everything, during)
    return Result(
        level=plan.level,
        load=_load(everything, plan, during),
        metrics=metrics,
        outcomes=_outcomes(chosen),
        tokens=told,
        client=keeping_up(chosen, plan, metrics["ttft"].p50.value),
        goodput=_goodput(chosen, plan.slo) if plan.slo else None,
        notes=[
            *_short(chosen, everything),
            *_wordless(chosen),
            *packing(told),
            *_uncounted(chosen),
        ],
    ).keep(everything)


def summarise_levels(
    records: Iterable[Record], slo: Mapping[str, float] | None = None
) -> list[Result]:
    """The results of a raw file, one of each level, in the order in which they began.

    The pace is that which the name of the level tells; `InvalidInputError` where it tells none.
    """
    levels: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.intended_ns):
        levels.setdefault(record.level, []).append(record)
    return [summarise(alike, plan_of(level, slo)) for level, alike in levels.items()]


def _metrics(chosen: Sequence[Record]) -> dict[str, Distribution]:
    complete = [record for record in chosen if not record.failed]
    failures = len(chosen) - len(complete)
    figures: dict[str, Distribution] = {}
    for name in SPANS:
        values = list(_known(span(name, record) for record in complete))
        theirs = failures if values and name not in OURS else 0
        figures[name] = distribution(values, failures=theirs)
    figures["itl"] = pooled((list(gaps(record)) for record in complete), failures=failures)
    figures["tpot"] = distribution(_known(map(tpot, complete)), failures=failures)
    return figures


def _known(figures: Iterable[float | None]) -> Iterator[float]:
    return (figure for figure in figures if figure is not None)


def _wordless(chosen: Sequence[Record]) -> Iterator[str]:
    silent = sum(not record.failed and not record.chunk_ns for record in chosen)
    if silent:
        yield f"{silent} complete answers held no token: they have no time to first token"


def _load(everything: Sequence[Record], plan: Plan, during: Window | None) -> Load:
    chosen = counted(everything)
    mean, most = in_flight(everything, during)
    kept = set(map(id, chosen))
    apart = Counter(record.phase for record in everything if id(record) not in kept)
    return Load(
        arrivals=plan.arrivals,
        concurrency=plan.concurrency,
        rate=plan.rate,
        achieved=_achieved(everything, plan, during),
        requests=len(chosen),
        seconds=during.seconds if during else 0.0,
        in_flight=mean,
        most=most,
        apart={phase: apart[phase] for phase in ("warmup", "first_wave", "cooldown")},
    )


def _achieved(everything: Sequence[Record], plan: Plan, during: Window | None) -> float | None:
    """Requests sent a second, in the window."""
    if is_open(plan):
        return pace(record.issued_ns for record in counted(everything))
    if during is None or not during.seconds:
        return None
    sent = (record.issued_ns for record in everything if record.issued_ns is not None)
    return sum(map(during.has, sent)) / during.seconds


def _outcomes(chosen: Sequence[Record]) -> Outcomes:
    return Outcomes(
        complete=sum(not record.failed for record in chosen),
        errors=dict(Counter(record.error for record in chosen if record.error is not None)),
        resubmitted=sum(max(0, record.submits - 1) for record in chosen),
        recovered=sum(record.recovered for record in chosen),
        reconnects=sum(record.reconnects for record in chosen),
    )


def _goodput(chosen: Sequence[Record], slo: Mapping[str, float]) -> Estimate:
    return share(sum(_is_good(record, slo) for record in chosen), len(chosen))


def _is_good(record: Record, slo: Mapping[str, float]) -> bool:
    """Whole, and each figure there and within its bound."""
    figures = {name: _bounded(name, record) for name in slo}
    return not record.failed and all(
        figure is not None and figure <= slo[name] for name, figure in figures.items()
    )


def _bounded(name: str, record: Record) -> float | None:
    """The figure that `slo` bounds under this name."""
    if name == "itl":
        return max(gaps(record), default=None)
    return tpot(record) if name == "tpot" else span(name, record)


def _short(chosen: Sequence[Record], everything: Iterable[Record]) -> Iterator[str]:
    asked = sum(record.phase != "warmup" for record in everything)
    if any(record.phase != "steady" for record in chosen):
        yield (
            "the run was too short to set its beginning and its end apart: the requests that "
            "filled the loop and those at its end are counted too; ask for more requests"
        )
    elif 2 * len(chosen) < asked:
        yield (
            f"only {len(chosen)} of {asked} requests count: the others filled the loop or were its "
            "end; ask for more requests"
        )


def _uncounted(chosen: Sequence[Record]) -> Iterator[str]:
    missing = uncounted(chosen)
    if missing:
        yield f"{missing} complete answers came without a count of their tokens"
