"""Whether a standstill of the event loop is seen on every request that it touched."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator

from foxstream.bench.plan import Plan
from foxstream.bench.record import Record
from foxstream.bench.result import Accuracy
from foxstream.bench.running import driven, reaching
from foxstream.bench.self_test.figures import at_most
from foxstream.bench.truth.process import truthful_gateway
from foxstream.bench.truth.script import Script
from foxstream.bench.truth.witness import Truth

__all__ = ["check"]

_STALL = 0.05
_AFTER = 0.6
_SCRIPT = Script(lead=0.2, interval=0.02, chunks=50)


async def check(quick: bool) -> AsyncGenerator[Accuracy]:
    """Sleep in the loop while streams run; every stream that was sent something then is touched."""
    streams = 5 if quick else 40
    plan = Plan(prompts=(_SCRIPT.prompt,), concurrency=streams, requests=streams)
    async with truthful_gateway() as gateway, reaching(plan, gateway.url) as client:
        async with asyncio.TaskGroup() as group:
            load = group.create_task(driven(plan, client))
            await asyncio.sleep(_AFTER)
            begin = time.monotonic_ns()
            time.sleep(_STALL)  # noqa: ASYNC251 (that is what is tried)
            end = time.monotonic_ns()
        records = load.result()
        truth = await gateway.truth()
    touched = list(_touched(records, truth, begin, end))
    missed = sum(not _flagged(record, begin, end) for record in touched)
    share = missed / len(touched) if touched else 1.0
    check = f"a standstill of 50 ms: requests it touched ({len(touched)}) and that do not say so"
    yield at_most(check, share, 0.0, "share")


def _touched(records: list[Record], truth: Truth, begin: int, end: int) -> Iterator[Record]:
    for record in records:
        if any(begin <= instant <= end for instant in truth.get(record.answer_id or "", ())):
            yield record


def _flagged(record: Record, begin: int, end: int) -> bool:
    return any(since <= end and begin <= until for since, until in record.stalls_ns)
