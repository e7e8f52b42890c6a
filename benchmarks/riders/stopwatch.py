"""The same turns by foxstream's own stopwatch, so that the two hold each other to account.

House rule: what it tells is made of its raw records; what was heard is checked as for every rider.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from array import array
from collections.abc import Iterator

import msgspec

from benchmarks.referee import Turn, fingerprint
from benchmarks.riders.crowd import LATE, OPENINGS, SETTLE, Crowd
from benchmarks.riders.rider import PROMPT
from benchmarks.riders.turns import Lane, watched
from benchmarks.server.script import Script
from foxstream import Stream
from foxstream.bench import Plan, Record
from foxstream.bench.driver import Driver
from foxstream.bench.running import reaching

__all__ = ["LAG", "first", "fleet"]

LAG = "this process behind the kernel, 99th percentile"

_WARM = 3


class _Load:
    """One load of the stopwatch: its records, and the streams that they are of."""

    def __init__(self, plan: Plan, url: str) -> None:
        self.client = reaching(plan, url)
        self.driver = Driver(plan, self._ask, lambda _: None)
        self._streams: list[Stream] = []

    @property
    def heard(self) -> Iterator[tuple[Record, str, str]]:
        """Each record that counts, with the text and the reasoning of its stream."""
        for record in self.driver.records:
            said = self._streams[record.index].completion
            if record.phase != "warmup" and said is not None:
                yield record, said.text, said.reasoning

    def _ask(self) -> Stream:
        self._streams.append(self.client.stream(PROMPT))
        return self._streams[-1]


def first(url: str, lane: Lane, script: Script, requests: int) -> Turn:
    """Ns from when a request was issued to when its first token had been read: the median."""

    async def main() -> Turn:
        load = _Load(Plan(requests=requests, warmup=_WARM), f"{url}/{script.path}")
        async with load.client:
            await load.driver.run()
        waits = [_read(record, 0) - (record.issued_ns or 0) for record, *_ in load.heard]
        answers = {fingerprint(text, reasoning) for _, text, reasoning in load.heard}
        return Turn(statistics.median(waits), " or ".join(sorted(answers)))

    turn, beside = watched(url, lane, main())
    return msgspec.structs.replace(turn, beside=beside)


def fleet(url: str, lane: Lane, crowd: Crowd) -> Turn:
    """CPU ns a delta while all streams run; beside it how late the kernel had them, and who read.

    `LATE` is that of the kernel's stamps, `LAG` what this process adds.
    """

    async def main() -> Turn:
        plan = Plan(arrivals="constant", rate=OPENINGS, requests=crowd.streams)
        load = _Load(plan, f"{url}/{crowd.script.path}")
        async with load.client:
            cpu_ns, during = await _while_all_run(load.driver, crowd)
        late_ns, lag_ns = _lateness(load, during)
        beside = {at: _at(late_ns, share) for at, share in LATE.items()} | {LAG: _at(lag_ns, 0.99)}
        answers = {fingerprint(_numbers(text)) for _, text, _ in load.heard}
        return Turn(cpu_ns / len(late_ns), " or ".join(sorted(answers)), beside)

    turn, beside = watched(url, lane, main())
    return msgspec.structs.replace(turn, beside=beside | turn.beside)


async def _while_all_run(driver: Driver, crowd: Crowd) -> tuple[int, range]:
    """The CPU ns of so many seconds with all streams open, and which instants those were."""
    running = asyncio.ensure_future(driver.run())
    await asyncio.sleep(crowd.script.lead + 2 / crowd.rate + SETTLE)
    cpu_ns, begin = time.process_time_ns(), time.monotonic_ns()
    await asyncio.sleep(crowd.seconds)
    cpu_ns, end = time.process_time_ns() - cpu_ns, time.monotonic_ns()
    if driver.under_way < crowd.streams:
        raise RuntimeError("a stream ended before the clock did")
    await running
    return cpu_ns, range(begin, end)


def _lateness(load: _Load, during: range) -> tuple[array[int], array[int]]:
    """Of each chunk sent in that time: how late the kernel had it, and then this process."""
    late_ns, lag_ns = array("q"), array("q")
    for record, text, _ in load.heard:
        for number, stamp in enumerate(text.split()):
            sent = int(stamp.partition(":")[2])
            if sent in during:
                late_ns.append(record.chunk_ns[number] - sent)
                lag_ns.append(record.chunk_lag_ns[number] or 0)
    return late_ns, lag_ns


def _read(record: Record, number: int) -> int:
    """When this process had read that chunk."""
    return record.chunk_ns[number] + (record.chunk_lag_ns[number] or 0)


def _numbers(text: str) -> str:
    return " ".join(stamp.partition(":")[0] for stamp in text.split())


def _at(values: array[int], share: float) -> float:
    return float(sorted(values)[int((len(values) - 1) * share)])
