"""Streams cancelled at random instants: no socket, no task and no complaint is left of them.

FOXSTREAM_STORM_STREAMS and FOXSTREAM_STORM_SEED make it longer and play it again.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

import anyio
import anyio.to_thread
import pytest

from foxstream import Client, FoxError, Retries, Stream, Timeouts
from foxstream.progress import Status
from tests.lanes import LANES
from tests.leaks import nothing_left
from tests.processes import Program, open_sockets, running
from tests.programs import tell
from tests.programs.answers import Answer

pytestmark = [pytest.mark.anyio, pytest.mark.alone]

STREAMS = math.ceil(int(os.environ.get("FOXSTREAM_STORM_STREAMS", "2000")) / len(LANES))
SEED = int(os.environ.get("FOXSTREAM_STORM_SEED", "3"))
AT_ONCE = 40

MOMENTS = (
    *("asking", "submitted", "queued", "streaming", "reconnecting", "polling"),
    *("between", "leaving", "whenever"),
)
RETRIES = Retries(backoff=0.02, max_backoff=0.05, poll_interval=0.05)
TIMEOUTS = Timeouts(stall=0.2, first_token=0.5)

_LONGEST_DELAY = {"asking": 0.01, "whenever": 0.4}

CancelIn = Callable[[float], object]
"""Cancels after so many seconds."""


@asynccontextmanager
async def by_scope() -> AsyncIterator[CancelIn]:
    with anyio.CancelScope() as scope:

        def cancel_in(seconds: float) -> None:
            if seconds:
                scope.deadline = anyio.current_time() + seconds
            else:
                scope.cancel()

        yield cancel_in


@asynccontextmanager
async def by_task() -> AsyncIterator[CancelIn]:
    """A single `Task.cancel`, which no shield holds off."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def cancel_in(seconds: float) -> None:
        if seconds:
            timers.append(loop.call_later(seconds, task.cancel))
        else:
            task.cancel()

    try:
        yield cancel_in
        if task.cancelling():
            await asyncio.sleep(0)  # it comes only now
    except asyncio.CancelledError:
        task.uncancel()
    finally:
        for timer in timers:
            timer.cancel()


WAYS = {"asyncio": (by_scope, by_task), "trio": (by_scope,)}


class Plan(NamedTuple):
    """When and how one stream is cancelled."""

    prompt: str
    way: Callable[[], AbstractAsyncContextManager[CancelIn]]
    moment: str
    delay: float
    deltas: int
    entered: bool

    @classmethod
    def drawn(cls, chance: random.Random, backend: str) -> Plan:
        moment = chance.choice(MOMENTS)
        longest = _LONGEST_DELAY.get(moment, 0.005)
        within = moment in {"between", "leaving"}
        return cls(
            f"{chance.randrange(10**6)}:60:0.005",
            chance.choice(WAYS[backend]),
            moment,
            chance.choice((0.0, chance.uniform(0.0, longest))),
            chance.randrange(30),
            within or chance.random() < 0.5,
        )


class Storm:
    """Streams of one client, each cancelled by its plan."""

    def __init__(self, client: Client) -> None:
        self.met: Counter[tuple[str, str]] = Counter()
        self._client = client

    async def ride(self, plan: Plan) -> None:
        async with plan.way() as cancel_in:
            answer = self._client.stream(plan.prompt, on_status=_at(plan, cancel_in))
            if plan.moment in {"asking", "whenever"}:
                cancel_in(plan.delay)
            seen: list[str] = []
            try:
                if plan.entered:
                    async with answer:
                        await _read(answer, plan, cancel_in, seen)
                else:
                    await _read(answer, plan, cancel_in, seen)
            except FoxError:
                pass
            finally:
                self.met[plan.moment, answer.state] += 1
                _check(answer, "".join(seen))


def _at(plan: Plan, cancel_in: CancelIn) -> Callable[[Status], object]:
    def hear(status: Status) -> None:
        if status.step == plan.moment:
            cancel_in(plan.delay)

    return hear


async def _read(answer: Stream, plan: Plan, cancel_in: CancelIn, seen: list[str]) -> None:
    async for delta in answer:
        seen.append(delta.text)
        if len(seen) <= plan.deltas:
            continue
        if plan.moment == "between":
            cancel_in(plan.delay)
            await anyio.sleep(10)
        if plan.moment == "leaving":
            cancel_in(0.0)
            return


def _check(answer: Stream, seen: str) -> None:
    assert answer.state in {"closed", "failed", "complete"}
    if answer.task_id is None:
        assert seen == ""
        return
    truth = Answer.of(answer.task_id).said
    assert answer.completion.text.startswith(seen)
    assert truth.text.startswith(answer.completion.text)
    if answer.state == "complete":
        assert seen == truth.text
    if answer.state == "failed":
        assert seen == answer.completion.text


@pytest.fixture(scope="module")
def service() -> Iterator[Program]:
    options = ("--seed", SEED, "--refused", 0.2, "--share", 0.05, "--delay", 0.01)
    with running("service", *options, serves=True) as program:
        yield program


@pytest.fixture(params=LANES)
def lane(request):
    return LANES[request.param]


@pytest.fixture
def anyio_backend(lane):
    return lane.backend


async def test_a_storm_of_cancellations_leaves_nothing(lane, service):
    tell(f"FOXSTREAM_STORM_SEED={SEED}")
    chance = random.Random(SEED)
    plans = [Plan.drawn(chance, lane.backend) for _ in range(STREAMS)]
    idle = open_sockets(service.pid)
    async with nothing_left():
        async with lane.client(service.url, retries=RETRIES, timeouts=TIMEOUTS) as client:
            storm = Storm(client)
            await _at_once(storm, plans)
            await _nobody_reads(service)
            assert open_sockets(service.pid) - idle <= AT_ONCE
    tell(dict(storm.met))
    assert storm.met.total() == STREAMS
    assert {moment for moment, state in storm.met if state == "closed"} == set(MOMENTS)
    assert open_sockets(service.pid) == idle


async def _at_once(storm: Storm, plans: list[Plan]) -> None:
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def ride(plan: Plan) -> None:
        async with limiter:
            await storm.ride(plan)

    async with anyio.create_task_group() as tasks:
        for plan in plans:
            tasks.start_soon(ride, plan)


async def _nobody_reads(service: Program) -> None:
    with anyio.fail_after(1):
        while service.tells("/test/telling")["telling"]:  # noqa: ASYNC110 (another process)
            await anyio.sleep(0.01)
