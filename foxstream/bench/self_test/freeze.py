"""Whether a server that freezes can hide it: coordinated omission."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Iterator

from foxstream.bench.metrics import span
from foxstream.bench.plan import Plan
from foxstream.bench.record import Record
from foxstream.bench.result import Accuracy
from foxstream.bench.running import driven, reaching
from foxstream.bench.schedule import intended
from foxstream.bench.self_test.figures import at_most, percentile
from foxstream.bench.truth.process import truthful_gateway
from foxstream.bench.truth.script import Script
from foxstream.bench.truth.witness import Truth

__all__ = ["check"]

_FREEZE = 1.4
_RATE = 50.0
_SCRIPT = Script(lead=0.0, interval=0.0, chunks=1, reasoning=0, empty=0)


async def check(quick: bool) -> AsyncGenerator[Accuracy]:
    """Stop the gateway for 1.4 s at a constant rate; whoever was due then waited for its rest."""
    plan = Plan(
        prompts=(_SCRIPT.prompt,),
        arrivals="constant",
        rate=_RATE,
        duration=5.0 if quick else 12.0,
        direct=True,
    )
    async with truthful_gateway() as gateway, reaching(plan, gateway.url) as client:
        async with asyncio.TaskGroup() as group:
            load = group.create_task(driven(plan, client))
            await asyncio.sleep(2.0)
            await gateway.freeze(_FREEZE)
        records = load.result()
        truth = await gateway.truth()
    told = percentile([_ttft(record) for record in records], 0.99)
    exact = percentile(list(_waits(plan, records, truth)), 0.99)
    name = f"a freeze of {_FREEZE:g} s at {_RATE:g}/s: p99 of TTFT from when it was due"
    yield at_most(f"{name}, against the exact one", abs(told / exact - 1), 0.02, "share")


def _waits(plan: Plan, records: list[Record], truth: Truth) -> Iterator[float]:
    """From when each was due by the schedule, not by its record, to when its token was written."""
    in_order = sorted(records, key=lambda record: record.index)
    began = in_order[0].intended_ns
    for record, due in zip(in_order, intended(plan), strict=True):
        written = truth.get(record.answer_id or "", [])
        yield (written[0] - began) / 1e9 - due if written else math.inf


def _ttft(record: Record) -> float:
    return span("ttft", record) or math.inf
