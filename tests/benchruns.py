"""Runs of the stopwatch that never happened: seeded records, and a report made of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence

from foxstream.bench.metrics import SPANS, gaps, span, tpot
from foxstream.bench.plan import Plan
from foxstream.bench.record import Record
from foxstream.bench.result import (
    PERCENTILES,
    Accuracy,
    Client,
    Distribution,
    Estimate,
    Load,
    Machine,
    Outcomes,
    Report,
    Result,
    Tokens,
)

MS = 1_000_000
STALL = (4_000 * MS, 4_350 * MS)
ERRORS = ("APITimeoutError", "InternalServerError", "StreamTruncatedError")


def one_record(
    rng: random.Random, index: int, intended: int, level: str, load: int, start: int
) -> Record:
    """One request: it waits the longer the more are under way, reasons, then says its text."""
    wait = int(rng.lognormvariate(5.6 + 0.02 * load, 0.35) * MS)
    issued = intended + rng.randrange(20_000, 400_000)
    first = issued + wait
    reads = [first]
    for _ in range(rng.randrange(8, 30)):
        pause = rng.lognormvariate(2.9, 0.5) if rng.random() < 0.9 else rng.lognormvariate(4.5, 0.3)
        reads.append(reads[-1] + int(pause * MS))
    text = reads[rng.randrange(2, 6)]
    stalled = start + STALL[0] < reads[-1] and intended < start + STALL[1]
    return Record(
        index=index,
        level=level,
        model="fox-1",
        clock="kernel",
        finish_reason="stop",
        intended_ns=intended,
        issued_ns=issued,
        connection_acquired_ns=issued + MS // 10,
        submit_sent_ns=issued + MS // 5,
        task_accepted_ns=issued + wait // 4,
        stream_opened_ns=issued + wait // 3,
        first_byte_ns=first - MS,
        first_event_ns=first - MS,
        first_token_ns=first,
        first_reasoning_token_ns=first,
        first_text_token_ns=text,
        last_token_ns=reads[-1],
        done_ns=reads[-1] + MS,
        closed_ns=reads[-1] + 2 * MS,
        chunk_ns=sorted([*reads, *reads[::5]]),
        stalls_ns=[(start + STALL[0], start + STALL[1])] if stalled else [],
        prompt_tokens=24,
        completion_tokens=3 * len(reads),
        total_tokens=24 + 3 * len(reads),
    )


def broken(rng: random.Random, record: Record, error: str) -> Record:
    """The same, failed: in the middle of its text, or before its first token."""
    record.error, record.message, record.finish_reason = error, f"{error} <of> this & that", None
    record.done_ns = record.completion_tokens = record.prompt_tokens = record.total_tokens = None
    if rng.random() < 0.5:
        record.chunk_ns = []
        record.first_token_ns = record.first_reasoning_token_ns = None
        record.first_text_token_ns = record.last_token_ns = None
    return record


def made_records(
    seed: int, concurrency: int, requests: int, start: int, failing: float
) -> list[Record]:
    """A closed loop of `concurrency`: each request is due when the one before it ended."""
    rng, level = random.Random(seed), f"{concurrency} at once"
    free = [start] * concurrency
    records: list[Record] = []
    for index in range(requests):
        worker = free.index(min(free))
        record = one_record(rng, index, free[worker], level, concurrency, start)
        if index < concurrency:
            record.phase = "warmup" if index == 0 else "first_wave"
        elif rng.random() < failing:
            record = broken(rng, record, rng.choice(ERRORS))
        free[worker] = (record.closed_ns or 0) + 5 * MS
        records.append(record)
    return records


def estimate(values: Sequence[float], share: float) -> Estimate:
    """An order statistic and those around it; nothing for a sample that is too small."""
    if len(values) * (1 - share) < 2:
        return Estimate()
    middle, reach = share * len(values), 1.96 * math.sqrt(len(values) * share * (1 - share))
    low, high = max(0, math.floor(middle - reach)), min(len(values) - 1, math.ceil(middle + reach))
    return Estimate(values[int(middle)], values[low], values[high])


def distribution(values: Iterable[float | None], failures: int = 0) -> Distribution:
    found = sorted(value for value in values if value is not None)
    if not found:
        return Distribution(failures=failures)
    ever = [*found, *[math.inf] * failures]
    failing = {name: ever[int(share * len(ever))] for name, share in PERCENTILES.items()}
    return Distribution(
        count=len(found),
        failures=failures,
        mean=sum(found) / len(found),
        min=found[0],
        max=found[-1],
        **{name: estimate(found, share) for name, share in PERCENTILES.items()},
        failing={name: None if math.isinf(at) else at for name, at in failing.items()},
    )


def made_result(records: list[Record], concurrency: int) -> Result:
    counted = [record for record in records if record.phase == "steady"]
    whole = [record for record in counted if not record.failed]
    errors = [record.error for record in counted if record.error]
    each: Callable[[str], Distribution] = lambda name: distribution(  # noqa: E731
        (span(name, record) for record in whole), len(errors)
    )
    seconds = (max(r.closed_ns or 0 for r in records) - records[0].intended_ns) / 1e9
    completion = sum(record.completion_tokens or 0 for record in whole)
    return Result(
        level=f"{concurrency} at once",
        load=Load(
            arrivals="closed",
            concurrency=concurrency,
            achieved=len(counted) / seconds,
            requests=len(counted),
            seconds=seconds,
            in_flight=0.97 * concurrency,
            most=concurrency,
            apart={"warmup": 1, "first_wave": concurrency - 1},
        ),
        metrics={name: each(name) for name in SPANS}
        | {
            "itl": distribution(gap for record in counted for gap in gaps(record)),
            "tpot": distribution((tpot(record) for record in whole), len(errors)),
        },
        outcomes=Outcomes(
            complete=len(whole),
            errors={name: errors.count(name) for name in sorted(set(errors))},
            recovered=1,
            reconnects=2,
        ),
        tokens=Tokens(
            prompt=24 * len(whole),
            completion=completion,
            total=24 * len(whole) + completion,
            per_second=completion / seconds,
            per_chunk=2.5,
            chunks_per_read=1.2,
        ),
        client=Client(
            clock="kernel",
            lag=distribution(0.00002 * (1 + number % 7) for number in range(300)),
            send_delay=each("send_delay"),
            stalled=sum(1 for record in counted if record.stalls_ns),
            longest_stall=0.35,
        ),
        goodput=Estimate(0.914, 0.87, 0.945),
        notes=["a read brought 1.2 chunks on average: something on the way buffers"],
    ).keep(records)


def made_report(
    levels: Sequence[int] = (1, 4, 16),
    *,
    requests: int = 60,
    seed: int = 7,
    failing: float = 0.06,
    limits: Sequence[str] = (),
) -> Report:
    """Levels one after the other, with some failures and one stall in each."""
    start, results = 5_000_000 * MS, []
    for number, concurrency in enumerate(levels):
        count = requests + 4 * concurrency
        records = made_records(seed + number, concurrency, count, start, failing)
        start = max(record.closed_ns or 0 for record in records) + 1_500 * MS
        results.append(made_result(records, concurrency))
    if limits:
        first = results[0]
        first.client = Client(clock="kernel", lag=first.client.lag, limits=[*limits])
    return Report(
        started="2025-03-01T09:30:00+00:00",
        machine=Machine(
            "AMD EPYC 7B13", 2, "Linux 6.1 x86_64", "CPython 3.11.7", {"foxstream": "0.1.0"}
        ),
        plan=Plan(
            prompts=("What is happening?",), model="fox-1", local=True, slo={"ttft": 0.6}, seed=seed
        ),
        results=results,
        accuracy=[
            Accuracy("TTFT against the truth, median", 0.000_04, "s", 0.001),
            Accuracy("gaps lost", 0.0, "", 0.0),
            Accuracy("send delay, p99", 0.0031, "s", 0.002, reached=False),
        ],
    )
