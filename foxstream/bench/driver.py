"""Sends what a plan asks for at the pace that it asks for, and keeps a record of each request.

House rule: when a request is due is known before it is sent and does not depend on how others fare,
but in a closed loop, where one follows another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import count

from foxstream.bench.metronome import Metronome
from foxstream.bench.plan import Arrivals, Plan
from foxstream.bench.progress import Progress, Tally
from foxstream.bench.record import Record
from foxstream.bench.request import timed
from foxstream.bench.schedule import bursts, intended
from foxstream.bench.tokens import spent
from foxstream.bench.watch import Watch
from foxstream.streams import Stream

__all__ = ["Ask", "Driver", "Heard"]

Ask = Callable[[], Stream]
"""Makes the next stream; nothing is sent before it is entered."""

Heard = Callable[[Record], object]
"""Is told of each record as it is finished, in the event loop."""


class Driver:
    """One load, from its first request to the end of its last; `records` in the order they ended.

    What is under way when it is cancelled is kept too, with the error `"Cancelled"`. What is
    refused before anything is sent, such as a file that is not there, ends it.
    """

    def __init__(self, plan: Plan, ask: Ask, heard: Heard) -> None:
        self.records: list[Record] = []
        self.under_way: int = 0
        self._plan = plan
        self._ask = ask
        self._heard = heard
        self._asked = count()
        self._tally = Tally()
        self._tokens = plan.max_total_tokens
        self._began = 0

    async def run(self) -> None:
        """Drive the whole load."""
        paces: dict[Arrivals, Callable[[], Awaitable[None]]] = {
            "closed": self._closed,
            "constant": self._scheduled,
            "poisson": self._scheduled,
            "burst": self._bursts,
        }
        with Watch() as self._watch:
            self._began = time.monotonic_ns()
            try:
                await paces[self._plan.arrivals]()
            except ExceptionGroup as refused:
                raise refused.exceptions[0] from None

    def progress(self) -> Progress:
        """How it is doing now."""
        plan, began = self._plan, self._began
        return Progress(
            level=plan.level,
            done=self._tally.done,
            count=None if plan.count is None else plan.warmup + plan.count,
            in_flight=self.under_way,
            failed=self._tally.failed,
            seconds=(time.monotonic_ns() - began) / 1e9 if began else 0.0,
            duration=plan.duration,
            ttft=self._tally.ttft,
        )

    async def _closed(self) -> None:
        """As many at once as asked for; each is due when the one before it has ended."""
        plan = self._plan
        turns = count() if plan.count is None else iter(range(plan.warmup + plan.count))
        async with asyncio.TaskGroup() as slots:
            for _ in range(plan.concurrency):
                slots.create_task(self._slot(turns))

    async def _slot(self, turns: Iterator[int]) -> None:
        while self._goes_on() and next(turns, None) is not None:
            await self._one(time.monotonic_ns())

    async def _scheduled(self) -> None:
        began = self._began
        instants = (began + round(due * 1e9) for due in intended(self._plan))
        async with asyncio.TaskGroup() as requests:
            with Metronome(instants, partial(self._due, requests)) as self._metronome:
                await self._metronome.over.wait()

    def _due(self, requests: asyncio.TaskGroup, due: int) -> None:
        """What is due is sent, however late: the schedule alone says when it ends."""
        if self._has_tokens:
            requests.create_task(self._one(due))
        else:
            self._metronome.over.set()

    async def _bursts(self) -> None:
        """All of a burst wait behind a barrier; the next comes when the last of them has ended."""
        for size in bursts(self._plan):
            if not self._goes_on():
                return
            barrier: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            async with asyncio.TaskGroup() as requests:
                for _ in range(size):
                    requests.create_task(self._behind(barrier))
                await asyncio.sleep(0)
                barrier.set_result(time.monotonic_ns())

    async def _behind(self, barrier: asyncio.Future[int]) -> None:
        await self._one(await barrier)

    def _goes_on(self) -> bool:
        """Whether another may begin: there is time left, and there are tokens."""
        duration = self._plan.duration
        in_time = duration is None or time.monotonic_ns() - self._began < duration * 1e9
        return in_time and self._has_tokens

    @property
    def _has_tokens(self) -> bool:
        return self._tokens is None or self._tokens > 0

    async def _one(self, due: int) -> None:
        plan, index = self._plan, next(self._asked)
        record = Record(
            index=index,
            level=plan.level,
            phase="warmup" if index < plan.warmup else "steady",
            model=plan.model,
            intended_ns=due,
        )
        self.under_way += 1
        try:
            await timed(self._ask(), record)
        except Exception as error:
            record.error = record.error or type(error).__name__
            raise
        finally:
            self.under_way -= 1
            self._keep(record)

    def _keep(self, record: Record) -> None:
        closed = record.closed_ns or time.monotonic_ns()
        record.stalls_ns = self._watch.during(record.intended_ns, closed)
        if self._tokens is not None:
            self._tokens -= spent(record)
        self.records.append(record)
        self._tally.add(record)
        self._heard(record)
