"""kill -9 in mid-stream: of the server, which then comes back, and of the client."""

from __future__ import annotations

import time
from contextlib import ExitStack

import anyio.to_thread
import msgspec
import pytest

from foxstream import (
    APIConnectionError,
    Completion,
    Delta,
    FoxError,
    NotFoundError,
    Retries,
    Stream,
)
from tests.conftest import BACKENDS
from tests.lanes import LANES
from tests.processes import Program, running
from tests.programs.answers import Answer, Said
from tests.programs.gateway import TRUTH

pytestmark = pytest.mark.anyio

PATIENT = Retries(limit=200, backoff=0.05, max_backoff=0.1, poll_interval=0.1)
HASTY = Retries(limit=2, backoff=0.01)


@pytest.fixture(params=LANES)
def lane(request):
    return request.param


@pytest.fixture
def anyio_backend(lane):
    return BACKENDS[LANES[lane].backend]


@pytest.fixture
def start():
    """Starts a server while the event loop goes on, as it does for one that comes back."""
    with ExitStack() as stack:

        async def started(*program: object) -> Program:
            server = running(*program, serves=True)
            return await anyio.to_thread.run_sync(stack.enter_context, server)

        yield started


@pytest.mark.alone
async def test_a_gateway_comes_back_without_its_memory(lane, start):
    gateway = await start("gateway")
    async with LANES[lane].client(gateway.url, retries=PATIENT) as client:
        answer = client.stream("hi")
        seen = [await anext(answer) for _ in range(20)]
        gateway.kill()
        await start("gateway", "--port", gateway.port)
        error = await _failure(answer, seen)
    assert isinstance(error, NotFoundError)
    assert _said(error.partial) == _heard(seen)
    assert TRUTH.text.startswith(error.partial.text)


@pytest.mark.alone
async def test_a_gateway_stays_away(lane, start):
    gateway = await start("gateway")
    async with LANES[lane].client(gateway.url, retries=HASTY) as client:
        answer = client.stream("hi")
        seen = [await anext(answer) for _ in range(20)]
        gateway.kill()
        error = await _failure(answer, seen)
    assert isinstance(error, APIConnectionError)
    assert _said(error.partial) == _heard(seen)
    assert TRUTH.text.startswith(error.partial.text)


@pytest.mark.alone
@pytest.mark.parametrize("ends", [False, True], ids=["still-telling", "finished"])
async def test_a_service_comes_back_and_knows_the_task(lane, start, ends):
    service = await start("service")
    async with LANES[lane].client(service.url, retries=PATIENT) as client:
        answer = client.stream("7:300:0.005")
        seen = [await anext(answer) for _ in range(150)]
        service.kill()
        truth = Answer.of(answer.task_id)
        if ends:
            await truth.wait()
        await start("service", "--port", service.port)
        seen += [delta async for delta in answer]
    assert _heard(seen) == truth.said == _said(answer.completion)
    assert (answer.completion.recovered, answer.completion.reasoning_complete) == (True, True)


@pytest.mark.parametrize("pace", [0.01, 0.001], ids=["still-telling", "finished"])
def test_another_process_follows_the_task_of_a_killed_one(lane, pace):
    with running("gateway", "--pace", pace, serves=True) as gateway:
        completion = _followed(gateway, lane, _killed(gateway, lane))
    assert _said(completion) == TRUTH
    assert completion.reasoning_complete


def test_another_process_finds_the_text_of_an_expired_stream(lane):
    with running("gateway", "--pace", 0.001, "--retention", 0.01, serves=True) as gateway:
        task_id = _killed(gateway, lane)
        while gateway.tells(f"/v1/tasks/{task_id}")["stream"] is not None:
            time.sleep(0.01)
        completion = _followed(gateway, lane, task_id)
    assert _said(completion) == Said("", TRUTH.text)
    assert not completion.reasoning_complete


def _killed(gateway: Program, lane: str) -> str:
    """Ask in a process that is killed in the middle of its answer; the task."""
    with running("reader", gateway.url, lane) as reader:
        return reader.line()


def _followed(gateway: Program, lane: str, task_id: str) -> Completion:
    with running("reader", gateway.url, lane, "--task", task_id) as reader:
        assert reader.line() == task_id
        return msgspec.json.decode(reader.line(), type=Completion)


async def _failure(answer: Stream, seen: list[Delta]) -> FoxError:
    with pytest.raises(FoxError) as caught:
        async for delta in answer:
            seen.append(delta)
    return caught.value


def _heard(deltas: list[Delta]) -> Said:
    return Said(
        "".join(delta.reasoning for delta in deltas), "".join(delta.text for delta in deltas)
    )


def _said(completion: Completion) -> Said:
    return Said(completion.reasoning, completion.text)
