"""Tasks: their states, results, ends, and the limits on how many are kept."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator
from typing import cast

import aiohttp
import pytest

from foxstream.answer import ToolCallDelta, Usage
from foxstream.gateway import (
    Fail,
    Generation,
    Media,
    Piece,
    ScriptedEngine,
    Think,
    Wait,
    running_gateway,
)
from foxstream.gateway.refusal import RefusedError
from foxstream.gateway.settings import Settings
from foxstream.gateway.tasks import Task, TaskTable
from tests.gatewaykit import (
    ON_ASYNCIO,
    SUBMIT,
    TEXT,
    decoded,
    ended,
    events,
    gateway,
    poll,
    refused,
    submit,
    text_of,
    until,
)

pytestmark = ON_ASYNCIO

STOPPED = "the task was stopped before its end"


async def test_a_task_goes_from_pending_over_processing_to_completed() -> None:
    gate = asyncio.Event()
    async with gateway(["a", Wait(gate), "b"]) as session:
        submitted = await submit(session, stream=True)
        seen = [submitted]
        seen.append(
            await until(lambda: poll(session, submitted["id"]), lambda t: t["progress"] == 1)
        )
        gate.set()
        seen.append(await ended(session, submitted["id"]))
    assert [task["status"] for task in seen] == ["pending", "processing", "completed"]
    assert [task["progress"] for task in seen] == [0, 1, 100]
    assert [task["results"] for task in seen[:2]] == [None, None]
    assert len({(task["id"], task["created"], task["model"]) for task in seen}) == 1
    assert "usage" not in submitted
    assert seen[-1]["usage"] == {"credits_reserved": 0, "user_group": "default"}
    assert seen[-1]["stream"] == submitted["stream"]


async def test_progress_stays_below_the_end_until_the_end() -> None:
    gate = asyncio.Event()
    async with gateway(["a"] * 200 + [Wait(gate)]) as session:
        task = await submit(session)
        await until(lambda: poll(session, task["id"]), lambda t: t["progress"] == 99)
        gate.set()
        assert (await ended(session, task["id"]))["progress"] == 100


async def test_the_result_is_a_whole_completion_without_the_reasoning() -> None:
    script = [
        Think("secret thoughts"),
        "Hel",
        "lo",
        Piece(text="other", index=1, finish_reason="length"),
        Piece(tool_calls=(ToolCallDelta(0, "call_1", "look", "{"),)),
        Piece(tool_calls=(ToolCallDelta(0, arguments="}"), ToolCallDelta(1, "call_2", "see"))),
        Piece(finish_reason="tool_calls", usage=Usage(5, 6, None, {"a.b": 1})),
    ]
    async with gateway(script) as session:
        task = await ended(session, (await submit(session))["id"])
    [result] = task["results"]
    assert result["object"] == "chat.completion"
    assert result["usage"] == {"prompt_tokens": 5, "completion_tokens": 6, "a": {"b": 1}}
    assert result["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hello",
                "tool_calls": [
                    call("call_1", "look", "{}"),
                    call("call_2", "see", ""),
                ],
            },
            "finish_reason": "tool_calls",
        },
        {
            "index": 1,
            "message": {"role": "assistant", "content": "other"},
            "finish_reason": "length",
        },
    ]


def call(id: str, name: str, arguments: str) -> dict[str, object]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize("script", [[], [Think("only thoughts")]])
async def test_a_task_that_says_nothing_succeeds_with_empty_text(script: list[object]) -> None:
    async with gateway(script) as session:
        task = await ended(session, (await submit(session))["id"])
    assert task["status"] == "completed"
    assert task["results"][0]["choices"][0]["message"] == {"role": "assistant", "content": ""}
    assert "usage" not in task["results"][0]


async def test_a_failed_task_has_an_error_and_no_results() -> None:
    async with gateway(["a", Fail("no luck", "generation_failed")]) as session:
        task = await ended(session, (await submit(session))["id"])
    assert (task["status"], task["results"]) == ("failed", None)
    assert task["error"] == {
        "code": "generation_failed",
        "message": "no luck",
        "type": "task_error",
    }


class Crashing:
    """Raises what no engine should."""

    async def run(self, _generation: Generation, _media: Media) -> AsyncIterator[Piece]:
        yield Piece(text="a")
        raise KeyError("secret")


class CrashingAtOnce:
    """Is no generator at all."""

    def run(self, _generation: Generation, _media: Media) -> AsyncIterator[Piece]:
        raise KeyError("secret")


@pytest.mark.parametrize("engine", [Crashing, CrashingAtOnce])
async def test_an_engine_that_crashes_fails_its_task_only(
    engine: type[Crashing], caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(engine()) as session:
        task = await ended(session, (await submit(session))["id"])
        assert (await submit(session))["status"] == "pending"
    assert task["error"]["code"] == "internal_error"
    assert "secret" not in task["error"]["message"]
    assert f"the engine failed in task {task['id']}" in caplog.text


class Iterating:
    """Returns an iterator that is no generator, hence has no `aclose`."""

    def run(self, _generation: Generation, _media: Media) -> AsyncIterator[Piece]:
        return Twice()


class Twice:
    def __init__(self) -> None:
        self.left = 2

    def __aiter__(self) -> Twice:
        return self

    async def __anext__(self) -> Piece:
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return Piece(text="x")


async def test_any_asynchronous_iterator_can_answer() -> None:
    async with gateway(Iterating()) as session:
        task = await ended(session, (await submit(session))["id"])
    assert task["results"][0]["choices"][0]["message"]["content"] == "xx"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_without_bounds_is_ended(stream: bool) -> None:
    closed: list[bool] = []

    class Endless:
        async def run(self, _generation: Generation, _media: Media) -> AsyncIterator[Piece]:
            try:
                while True:
                    yield Piece(tool_calls=(ToolCallDelta(arguments="x" * 100),))
                    await asyncio.sleep(0)
            finally:
                closed.append(True)

    async with gateway(Endless(), max_answer_bytes=10_000) as session:
        task = await ended(session, (await submit(session, stream=stream))["id"])
        assert closed == [True]
    assert task["status"] == "failed"
    assert "10000 bytes" in task["error"]["message"]


async def test_the_oldest_ended_task_makes_room() -> None:
    gate = asyncio.Event()

    def script(generation: Generation) -> list[object]:
        return [Wait(gate)] if generation.prompt == "wait" else ["ok"]

    async with gateway(script, max_tasks=3) as session:
        running_task = await submit(session, prompt="wait")
        quick = [(await submit(session))["id"] for _ in range(2)]
        for task_id in quick:
            await ended(session, task_id)
        newest = await submit(session, prompt="wait")
        async with session.get(f"/v1/tasks/{quick[0]}") as response:
            assert await refused(response) == (404, "not_found", None)
        assert (await poll(session, quick[1]))["status"] == "completed"
        await submit(session, prompt="wait")
        async with session.post(SUBMIT, json=TEXT) as response:
            assert await refused(response) == (429, "rate_limit_error", None)
            assert response.headers["Retry-After"] == "1"
        gate.set()
        for task in (running_task, newest):
            assert (await ended(session, task["id"]))["status"] == "completed"
        assert (await submit(session))["status"] == "pending"


async def test_tasks_are_forgotten_in_time() -> None:
    async with gateway(task_retention=0.01) as session:
        task = await submit(session)

        async def status() -> int:
            async with session.get(f"/v1/tasks/{task['id']}") as response:
                return response.status

        assert await until(status, lambda status: status != 200) == 404


@pytest.mark.alone
async def test_closing_the_gateway_ends_everything_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = asyncio.all_tasks()
    engine = ScriptedEngine(["a", Wait(asyncio.Event())])
    async with aiohttp.ClientSession() as session:
        async with running_gateway(engine) as url:
            await submit(session, url)
            task = await submit(session, url, stream=True)
            response = await session.get(url + task["stream"]["url"])
            assert text_of(decoded(await response.content.readany())) == "a"
            blocking = asyncio.create_task(submit(session, url, sync=True))
            await until(lambda: asyncio.sleep(0, len(engine.seen)), lambda seen: seen == 3)
            started = time.monotonic()
        assert time.monotonic() - started < 0.5
        assert decoded(await response.read()) == [("error", {"message": STOPPED})]
        with pytest.raises(AssertionError, match=STOPPED):
            await blocking
    assert asyncio.all_tasks() == before
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_gateway_that_closes_takes_nothing_more() -> None:
    table = TaskTable(Settings())
    await table.close()
    with pytest.raises(RefusedError, match="closing"):
        table.start(
            ScriptedEngine([]),
            Generation("m"),
            cast("Media", None),
            owner=None,
            framing=None,
            size=0,
        )


async def test_a_gateway_that_is_gone_leaves_nothing_behind() -> None:
    async with gateway(["a", "b"], retention=1000) as session:
        task = await submit(session, stream=True)
        await events(session, task["stream"]["url"])
    gc.collect()
    assert [thing for thing in gc.get_objects() if isinstance(thing, Task)] == []


async def test_an_engine_that_is_cancelled_by_itself_fails_its_task() -> None:
    def script(_: Generation) -> list[str]:
        raise asyncio.CancelledError

    async with gateway(script) as session:
        task = await ended(session, (await submit(session, stream=True))["id"])
        assert (task["status"], task["error"]["code"]) == ("failed", "task_cancelled")
