"""How far the instants of tokens are from the truth, with few and with many streams open.

House rule: streams arrive at a constant rate, and only those are looked at that began while as many
as are spoken of were open.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import AsyncGenerator, Iterator

import msgspec

from foxstream.bench.plan import Plan
from foxstream.bench.record import Record
from foxstream.bench.result import Accuracy
from foxstream.bench.running import driven, reaching
from foxstream.bench.self_test.figures import at_most, percentile
from foxstream.bench.truth.errors import Error, errors
from foxstream.bench.truth.process import truthful_gateway
from foxstream.bench.truth.script import Script

__all__ = ["check"]


class Crowd(msgspec.Struct, frozen=True):
    """So many streams open at once, each with a token every `interval` for `seconds`.

    `ttft` and `plain` are the goals for the mean error of the first token in seconds, with stamps
    of the kernel and without. `lag`: whether the lag that is told is held against the true one; of
    a single stream on a machine with other work it is too short for a ratio.
    """

    streams: int
    interval: float
    seconds: float
    ttft: float
    plain: float
    lag: bool = True


_ONE = Crowd(1, 0.02, 1.0, ttft=0.2e-3, plain=2e-3)
CROWDS = (
    _ONE,
    Crowd(100, 0.02, 3.0, ttft=0.5e-3, plain=4e-3),
    Crowd(500, 0.1, 8.0, ttft=2e-3, plain=15e-3),
    Crowd(1000, 0.2, 14.0, ttft=5e-3, plain=30e-3),
)
QUICK = (msgspec.structs.replace(_ONE, lag=False), Crowd(100, 0.02, 1.0, ttft=0.5e-3, plain=4e-3))
_FEW = 100
_ALONE = 8


async def check(quick: bool) -> AsyncGenerator[Accuracy]:
    """Each crowd with the kernel's stamps, then without."""
    measured = 1.0 if quick else 6.0
    for crowd in QUICK if quick else CROWDS:
        for stamps in (True, False):
            found = await _measured(_plan(crowd, measured, stamps=stamps))
            for figure in _figures(crowd, found, stamps=stamps):
                yield figure


async def _measured(plan: Plan) -> list[Error]:
    async with truthful_gateway() as gateway, reaching(plan, gateway.url) as client:
        records = await driven(plan, client)
        truth = await gateway.truth()
    last = max(record.intended_ns for record in records)
    found = errors(_in_the_crowd(plan, records), truth)
    return [each for each in found if plan.rate is None or each.written <= last]


def _plan(crowd: Crowd, measured: float, *, stamps: bool) -> Plan:
    chunks = round(crowd.seconds / crowd.interval)
    script = Script(interval=crowd.interval, chunks=chunks)
    if crowd.streams == 1:
        return Plan(prompts=(script.prompt,), requests=_ALONE, stamps=stamps)
    return Plan(
        prompts=(script.prompt,),
        arrivals="constant",
        rate=crowd.streams / script.seconds,
        duration=script.seconds + measured,
        stamps=stamps,
    )


def _in_the_crowd(plan: Plan, records: list[Record]) -> Iterator[Record]:
    """Those that began when the first ones ended: from then on the crowd is whole.

    It is so until the last one arrives.
    """
    ended = [record.closed_ns or 0 for record in records if not record.failed]
    whole = 0 if plan.rate is None else min(ended, default=0)
    return (record for record in records if record.intended_ns >= whole)


def _figures(crowd: Crowd, found: list[Error], *, stamps: bool) -> Iterator[Accuracy]:
    who = "kernel" if stamps else "user"
    streams = f"{crowd.streams:,} stream{'s' * (crowd.streams > 1)}, {who} stamps"
    firsts = [abs(each.error) for each in found if each.first] or [math.inf]
    goal = crowd.ttft if stamps else crowd.plain
    yield at_most(f"{streams}: first token, mean error", statistics.fmean(firsts), goal)
    if crowd.streams > _FEW:
        return
    all_errors = [abs(each.error) for each in found]
    if stamps and all(each.lag is None for each in found):
        yield at_most(f"{streams}: the kernel stamped nothing here", 1.0, 0.0, "share")
    elif stamps:
        yield at_most(f"{streams}: any token, median error", percentile(all_errors, 0.5), 0.1e-3)
        yield at_most(f"{streams}: any token, p99 error", percentile(all_errors, 0.99), 0.3e-3)
        if crowd.lag:
            yield _lag(streams, found)
    else:
        yield at_most(f"{streams}: any token, p99 error", percentile(all_errors, 0.99), 6e-3)


def _lag(streams: str, found: list[Error]) -> Accuracy:
    """Whether the lag that is told, at its 99th percentile, is the true one."""
    told = percentile([each.lag for each in found if each.lag is not None], 0.99)
    true = percentile([each.true for each in found if each.lag is not None], 0.99)
    check = f"{streams}: lag as told, against the true one, p99"
    return at_most(check, abs(told / true - 1), 0.2, "share")
