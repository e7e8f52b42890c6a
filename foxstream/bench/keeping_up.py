"""Whether this program kept up, or its own slowness is in the figures.

House rule: every doubt is a sentence with its number and its limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from foxstream.bench.metrics import span
from foxstream.bench.plan import Plan
from foxstream.bench.record import Record
from foxstream.bench.result import Client, Distribution
from foxstream.bench.statistics import distribution, pooled

__all__ = [
    "LEAST_ACHIEVED",
    "MOST_LAG",
    "MOST_LAG_SHARE",
    "MOST_SEND_DELAY",
    "MOST_STALL",
    "is_open",
    "keeping_up",
    "pace",
]

MOST_LAG = 0.001
"""Seconds that the lag may be at p99, however short `ttft` is."""

MOST_LAG_SHARE = 0.01
"""The share of the median `ttft` that the lag may be at p99."""

MOST_SEND_DELAY = 0.010
"""Seconds that requests may be late at p99."""

MOST_STALL = 0.025
"""Seconds that the event loop may stand still while a request is under way."""

LEAST_ACHIEVED = 0.99
"""The share of the rate asked for that must be sent."""


def is_open(plan: Plan) -> bool:
    """Whether requests are due by the clock, and not by the end of others."""
    return plan.arrivals in {"constant", "poisson"}


def pace(instants: Iterable[int | None]) -> float | None:
    """How many a second come between the first and the last of these nanoseconds, if any."""
    known = [instant for instant in instants if instant is not None]
    seconds = (max(known) - min(known)) / 1e9 if known else 0.0
    return (len(known) - 1) / seconds if seconds else None


def keeping_up(records: Sequence[Record], plan: Plan, median_ttft: float | None) -> Client:
    """How this program served the requests that count; `median_ttft` in seconds."""
    kernel = [record.chunk_lag_ns for record in records if record.clock == "kernel"]
    unstamped = sum(lags.count(None) for lags in kernel)
    client = Client(
        clock=_clock(records, unstamped),
        unstamped=unstamped,
        lag=pooled([lag / 1e9 for lag in lags if lag is not None] for lags in kernel),
        send_delay=distribution(_send_delays(records)),
        stalled=sum(bool(record.stalls_ns) for record in records),
        longest_stall=max(map(_longest_stall, records), default=0.0),
    )
    doubts = [*_lagging(client, median_ttft or 0.0), *_stalling(client)]
    if plan.arrivals != "closed":
        doubts += _late(client)
    if is_open(plan):
        doubts += _slow(records)
    return msgspec.structs.replace(client, limits=doubts)


def _clock(records: Sequence[Record], unstamped: int) -> str:
    """Whose stamps they are, by those that received something."""
    clocks = {record.clock for record in records if record.chunk_ns} or {"user"}
    return "mixed" if unstamped or len(clocks) > 1 else clocks.pop()


def _send_delays(records: Iterable[Record]) -> Iterator[float]:
    for record in records:
        delay = span("send_delay", record)
        if delay is not None:
            yield delay


def _longest_stall(record: Record) -> float:
    return max((until - since for since, until in record.stalls_ns), default=0) / 1e9


def _at_p99(seconds: Distribution) -> tuple[float, str]:
    """The value and its name; the largest one of a sample too small for p99."""
    if seconds.p99.value is None:
        return seconds.max or 0.0, "at most"
    return seconds.p99.value, "at p99"


def _lagging(client: Client, median_ttft: float) -> Iterator[str]:
    lag, which = _at_p99(client.lag)
    limit = max(MOST_LAG, MOST_LAG_SHARE * median_ttft)
    if lag > limit:
        yield (
            f"this program read what came {_ms(lag)} {which} after the kernel had received it: "
            f"more than {_ms(limit)}, so it could not keep up"
        )


def _stalling(client: Client) -> Iterator[str]:
    if client.longest_stall > MOST_STALL:
        yield (
            f"the event loop stood still for {_ms(client.longest_stall)} while requests were under "
            f"way: more than {_ms(MOST_STALL)}; {client.stalled} requests met such a time"
        )


def _slow(records: Sequence[Record]) -> Iterator[str]:
    # Against what was due in this very time: a Poisson schedule has not its own mean rate.
    due = pace(record.intended_ns for record in records)
    sent = pace(record.issued_ns for record in records)
    if due and sent and sent < LEAST_ACHIEVED * due:
        yield (
            f"{sent:.4g} requests a second were sent where {due:.4g} were due: less than "
            f"{LEAST_ACHIEVED:.0%}"
        )


def _late(client: Client) -> Iterator[str]:
    delay, which = _at_p99(client.send_delay)
    if delay > MOST_SEND_DELAY:
        yield (
            f"requests were begun {_ms(delay)} {which} after they were due: more than "
            f"{_ms(MOST_SEND_DELAY)}"
        )


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"
