"""The stream endpoint: replay, live data, offsets, ends, and readers of every kind."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from foxstream.answer import ToolCallDelta, Usage
from foxstream.gateway import Fail, Piece, Think, Wait
from tests.gatewaykit import (
    ON_ASYNCIO,
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

DONE_3 = ("done", {"total_chunks": 3})


def stream_url(task: dict[str, dict[str, str]]) -> str:
    return task["stream"]["url"]


async def test_chunks_are_those_of_the_contract() -> None:
    call = ToolCallDelta(1, "call_1", "look", '{"a":')
    usage = Usage(1, 2, 3, {"completion_tokens_details.reasoning_tokens": 2, "odd": 1})
    script = [
        Think("hm"),
        "Hi",
        Piece(),
        Piece(text="other", index=1),
        Piece(tool_calls=(call, ToolCallDelta(1, arguments="1}"))),
        Piece(finish_reason="tool_calls"),
        Piece(usage=usage),
    ]
    async with gateway(script) as session:
        task = await submit(session, stream=True)
        stream = await events(session, stream_url(task))
    chunks = [data for name, data in stream if name == "chunk"]
    assert len({(chunk.pop("id"), chunk.pop("created")) for chunk in chunks}) == 1
    head = {"object": "chat.completion.chunk", "model": "gemini-2.5-pro"}
    assert all(chunk.pop(key) == value for chunk in chunks for key, value in head.items())
    assert chunks == [
        {"choices": [choice({"role": "assistant", "reasoning_content": "hm"})]},
        {"choices": [choice({"content": "Hi"})]},
        {"choices": [choice({"content": ""})]},
        {"choices": [choice({"role": "assistant", "content": "other"}, index=1)]},
        {
            "choices": [
                choice(
                    {
                        "tool_calls": [
                            {
                                "index": 1,
                                "function": {"name": "look", "arguments": '{"a":'},
                                "id": "call_1",
                                "type": "function",
                            },
                            {"index": 1, "function": {"arguments": "1}"}},
                        ]
                    }
                )
            ]
        },
        {"choices": [choice({}, finish_reason="tool_calls")]},
        {
            "choices": [],
            "usage": {
                "prompt_tokens": 1,
                "completion_tokens": 2,
                "total_tokens": 3,
                "completion_tokens_details": {"reasoning_tokens": 2},
                "": {"odd": 1},
            },
        },
    ]
    assert stream[-1] == ("done", {"total_chunks": 7})


def choice(delta: dict[str, object], index: int = 0, finish_reason: str | None = None) -> object:
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


async def test_a_chunk_leaves_before_the_next_one_is_made() -> None:
    gate = asyncio.Event()
    async with gateway(["one", Wait(gate), "two"]) as session:
        task = await submit(session, stream=True)
        async with session.get(stream_url(task)) as response:
            first = await response.content.readany()
            assert text_of(decoded(first)) == "one"
            assert (await poll(session, task["id"]))["status"] == "processing"
            gate.set()
            rest = await response.content.read()
    assert text_of(decoded(rest)) == "two"


async def test_late_and_repeated_subscribers_get_everything_from_chunk_0() -> None:
    gate = asyncio.Event()
    async with gateway(["a", "b", Wait(gate), "c"]) as session:
        task = await submit(session, stream=True)
        url = stream_url(task)
        early = asyncio.create_task(events(session, url))
        await until(lambda: poll(session, task["id"]), lambda t: t["progress"] == 2)
        late = asyncio.create_task(events(session, url))
        await asyncio.sleep(0.01)
        gate.set()
        await ended(session, task["id"])
        seen = [await early, await late, await events(session, url), await events(session, url)]
    assert all(stream == seen[0] for stream in seen)
    assert text_of(seen[0]) == "abc"
    assert seen[0][-1] == DONE_3


async def test_nobody_needs_to_listen() -> None:
    async with gateway(["a", "b", "c"]) as session:
        task = await ended(session, (await submit(session, stream=True))["id"])
    assert task["results"][0]["choices"][0]["message"]["content"] == "abc"


@pytest.mark.parametrize(
    ("offset", "text"), [("0", "abc"), ("1", "bc"), ("3", ""), ("4", ""), ("999999999", "")]
)
async def test_offset_begins_at_that_chunk_and_done_counts_all(offset: str, text: str) -> None:
    async with gateway(["a", "b", "c"]) as session:
        task = await submit(session, stream=True)
        stream = await events(session, f"{stream_url(task)}?offset={offset}")
    assert text_of(stream) == text
    assert stream[-1] == DONE_3


async def test_offset_beyond_the_present_waits_for_its_chunk() -> None:
    gate = asyncio.Event()
    async with gateway(["a", Wait(gate), "b", "c"]) as session:
        task = await submit(session, stream=True)
        follower = asyncio.create_task(events(session, f"{stream_url(task)}?offset=2"))
        await asyncio.sleep(0.01)
        gate.set()
        assert text_of(await follower) == "c"


@pytest.mark.parametrize("offset", ["-1", "x", "1.0", "", "\u0663", "1" * 10])
async def test_an_offset_that_is_none_is_refused(offset: str) -> None:
    async with gateway() as session:
        task = await submit(session, stream=True)
        async with session.get(stream_url(task), params={"offset": offset}) as response:
            assert await refused(response) == (422, "invalid_request_error", "invalid_param")


async def test_a_failure_ends_the_stream_and_the_task() -> None:
    async with gateway(["a", Fail("upstream returned 502", "bad_luck")]) as session:
        task = await submit(session, stream=True)
        stream = await events(session, stream_url(task))
        polled = await poll(session, task["id"])
    assert stream[-1] == ("error", {"message": "upstream returned 502"})
    assert text_of(stream) == "a"
    assert polled["status"] == "failed"
    assert polled["error"] == {
        "code": "bad_luck",
        "message": "upstream returned 502",
        "type": "task_error",
    }


async def test_without_a_stream_there_is_none() -> None:
    async with gateway() as session:
        task = await submit(session)
        for task_id in (task["id"], "task-llm-1-unknown", "..%2f..", "x" * 300):
            async with session.get(f"/v1/llm/generations/{task_id}/stream") as response:
                assert await refused(response) == (404, "not_found", None)


@pytest.mark.alone
async def test_chunks_expire_and_the_result_stays() -> None:
    async with gateway(["a"], retention=0.02) as session:
        task = await submit(session, stream=True)
        assert text_of(await events(session, stream_url(task))) == "a"
        gone = await until(
            lambda: poll(session, task["id"]), lambda polled: polled["stream"] is None
        )
        assert gone["results"][0]["choices"][0]["message"]["content"] == "a"
        async with session.get(stream_url(task)) as response:
            assert await refused(response) == (404, "not_found", None)


async def test_silence_is_filled_with_comments_only_if_asked_for() -> None:
    gate = asyncio.Event()
    async with gateway([Wait(gate), "a"], keepalive=0.005) as session:
        task = await submit(session, stream=True)
        async with session.get(stream_url(task)) as response:
            begin = await response.content.readexactly(28)
            gate.set()
            rest = await response.read()
    assert begin == b": keep-alive\n\n" * 2
    assert decoded(rest)[-1] == ("done", {"total_chunks": 1})


async def test_a_long_answer_is_replayed_in_few_writes() -> None:
    words = [f"{n} " for n in range(5000)]
    async with gateway(words) as session:
        task = await submit(session, stream=True)
        await ended(session, task["id"])
        async with session.get(stream_url(task)) as response:
            blocks = [end async for _, end in response.content.iter_chunks()]
        assert text_of(await events(session, stream_url(task))) == "".join(words)
    assert sum(blocks) < 50


async def test_a_reader_who_does_not_read_delays_nobody() -> None:
    async with gateway(["x" * 10_000] * 500) as session:
        task = await submit(session, stream=True)
        async with session.get(stream_url(task)):
            assert len(text_of(await events(session, stream_url(task)))) == 5_000_000


async def test_many_subscribers_share_one_log_up_to_the_limit() -> None:
    gate = asyncio.Event()
    async with (
        gateway(["a", Wait(gate), "b"], max_subscribers=20) as session,
        AsyncExitStack() as stack,
    ):
        url = stream_url(await submit(session, stream=True))
        readers = [await stack.enter_async_context(session.get(url)) for _ in range(20)]
        async with session.get(url) as response:
            assert await refused(response) == (429, "rate_limit_error", None)
            assert response.headers["Retry-After"] == "1"
        gate.set()
        assert {text_of(decoded(await reader.read())) for reader in readers} == {"ab"}
        assert text_of(await events(session, url)) == "ab"


async def test_a_subscriber_who_leaves_makes_room_for_another() -> None:
    gate = asyncio.Event()
    async with gateway(["a", Wait(gate)], max_subscribers=1) as session:
        task = await submit(session, stream=True)
        async with session.get(stream_url(task)) as response:
            await response.content.readany()

        async def again() -> int:
            async with session.get(stream_url(task)) as response:
                return response.status

        await until(again, lambda status: status == 200)
        gate.set()
        assert (await ended(session, task["id"]))["status"] == "completed"
