"""The gateway's chat completions: as bytes, as openai's own SDK reads them, as foxstream does."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from foxstream import (
    APIConnectionError,
    BadRequestError,
    Client,
    NotFoundError,
    StreamTruncatedError,
)
from foxstream.answer import ToolCallDelta, Usage
from foxstream.gateway import Fail, Faults, Piece, ScriptedEngine, Think, Wait, running_gateway
from foxstream.gateway.faults import Comments, CutAfter
from foxstream.sse import Parser
from tests.gatewaykit import KEY, ON_ASYNCIO, PNG, bearer, gateway, refused

pytestmark = ON_ASYNCIO

CHAT = "/v1/chat/completions"
ASKED = [{"role": "user", "content": "hello"}]
QUESTION = {"model": "gemini-2.5-pro", "messages": ASKED}
USAGE = Usage(1, 2, 3, {"completion_tokens_details.reasoning_tokens": 1})
COUNTS = {
    "prompt_tokens": 1,
    "completion_tokens": 2,
    "total_tokens": 3,
    "completion_tokens_details": {"reasoning_tokens": 1},
}
CALL = ToolCallDelta(0, "call_1", "look", '{"a":')
SCRIPT = [Think("hm"), "A fox", Piece(text=" runs.", finish_reason="stop", usage=USAGE)]
WITH_USAGE = {"stream": True, "stream_options": {"include_usage": True}}


async def streamed(session: Any, **fields: Any) -> list[Any]:
    """The data of all events of a stream; `[DONE]` as text."""
    async with session.post(CHAT, json=QUESTION | {"stream": True} | fields) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"] == "text/event-stream"
        body = await response.read()
    assert b"event:" not in body
    events = Parser().feed(body)
    return [msgspec.json.decode(e.data) if e.data != b"[DONE]" else "[DONE]" for e in events]


def choice(delta: dict[str, object], index: int = 0, finish_reason: str | None = None) -> object:
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


async def test_chunks_are_those_of_openai() -> None:
    async with gateway(SCRIPT) as session:
        *chunks, end = await streamed(session, **WITH_USAGE)
    assert end == "[DONE]"
    assert len({(chunk.pop("id"), chunk.pop("created")) for chunk in chunks}) == 1
    head = {"object": "chat.completion.chunk", "model": "gemini-2.5-pro"}
    assert all(chunk.pop(key) == value for chunk in chunks for key, value in head.items())
    assert chunks == [
        {"choices": [choice({"role": "assistant", "reasoning_content": "hm"})]},
        {"choices": [choice({"content": "A fox"})]},
        {"choices": [choice({"content": " runs."}, finish_reason="stop")]},
        {"choices": [], "usage": COUNTS},
    ]


@pytest.mark.parametrize("options", [{}, {"stream_options": None}, {"stream_options": {}}])
async def test_usage_is_told_where_it_was_asked_for(options: dict[str, object]) -> None:
    async with gateway([*SCRIPT, Piece(usage=USAGE)]) as session:
        told = await streamed(session, **options)
    assert len(told) == 4
    assert "usage" not in str(told)


async def test_what_the_engine_leaves_open_is_finished() -> None:
    script = ["a", Piece(text="b", index=1, finish_reason="length"), Piece(text="c", index=2)]
    async with gateway(script) as session:
        *_, last, end = await streamed(session, **WITH_USAGE)
    assert last["choices"] == [choice({}, 0, "stop"), choice({}, 2, "stop")]
    assert end == "[DONE]"


async def test_an_answer_that_says_nothing_has_an_end() -> None:
    async with gateway([]) as session:
        last, end = await streamed(session)
    assert (last["choices"], end) == ([choice({}, 0, "stop")], "[DONE]")


async def test_a_failure_in_mid_stream_is_an_error_in_a_chunks_place() -> None:
    async with gateway(["a", Fail("no power", "model_unavailable")]) as session:
        chunk, error = await streamed(session)
    assert chunk["choices"][0]["delta"]["content"] == "a"
    assert error == {
        "error": {"message": "no power", "type": "server_error", "code": "model_unavailable"}
    }


async def test_an_answer_in_one_piece() -> None:
    async with gateway(SCRIPT) as session, session.post(CHAT, json=QUESTION) as response:
        assert response.status == 200
        body = await response.json()
    assert body.pop("id").startswith("chatcmpl-")
    assert body.pop("created") > 0
    message = {"role": "assistant", "content": "A fox runs."}
    assert body == {
        "object": "chat.completion",
        "model": "gemini-2.5-pro",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": COUNTS,
    }


async def test_a_conversation_reaches_the_engine() -> None:
    sound = base64.b64encode(b"RIFF").decode()
    picture = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    blocks = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": picture, "detail": "low"}},
        {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
        {"type": "input_audio", "input_audio": {"data": sound, "format": "mp3"}},
        {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}},
        {"type": "text", "text": "and listen"},
    ]
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
        {"role": "user", "content": blocks},
    ]
    fields = {"max_completion_tokens": 64, "max_tokens": 5, "temperature": 0.5, "top_p": 1, "n": 1}
    engine = ScriptedEngine(["ok"])
    async with gateway(engine) as session:
        await streamed(session, messages=messages, user="me", tools=None, **fields)
    (seen,) = engine.seen
    assert (seen.model, seen.prompt) == ("gemini-2.5-pro", "Look\nand listen")
    assert seen.system_prompt == "Be brief.\nBe kind."
    assert seen.messages == tuple(messages)
    assert (seen.images, seen.videos) == ((picture,), ("https://example.org/a.mp4",))
    assert seen.audios == (
        f"data:audio/mpeg;base64,{sound}",
        f"data:audio/wav;base64,{sound}",
    )
    assert (seen.max_tokens, seen.temperature, seen.reasoning) == (64, 0.5, None)
    assert seen.extra == {"top_p": 1, "n": 1, "user": "me"}


def user(block: dict[str, object]) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": [block]}]}


REFUSED = [
    ({"messages": None}, 400, "invalid_param"),
    ({"messages": []}, 400, "invalid_param"),
    ({"messages": "hello"}, 400, "invalid_param"),
    ({"messages": [{"content": "hello"}]}, 400, "invalid_param"),
    ({"messages": [{"role": "fox", "content": "hello"}]}, 400, "invalid_param"),
    (user({"type": "smell", "smell": "?"}), 400, "invalid_param"),
    (user({"type": "image_url", "image_url": "https://a.b/c"}), 400, "invalid_param"),
    (user({"type": "image_url", "image_url": {"url": "file:///etc"}}), 400, "invalid_param"),
    (
        user({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav;x"}}),
        400,
        "invalid_param",
    ),
    (
        user({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav\n"}}),
        400,
        "invalid_param",
    ),
    ({"max_tokens": 0}, 400, "invalid_param"),
    ({"temperature": 3}, 400, "invalid_param"),
    ({"stream": "yes"}, 400, "invalid_param"),
    ({"model": None}, 400, "invalid_param"),
    ({"model": "unheard-of"}, 404, "model_not_found"),
    (
        {
            "model": "kimi-k2.6",
            **user({"type": "video_url", "video_url": {"url": "https://a.b/c"}}),
        },
        400,
        "model_not_support_capability",
    ),
]


@pytest.mark.parametrize(("fields", "status", "code"), REFUSED)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_cannot_be_answered_is_refused(
    fields: dict[str, object], status: int, code: str, stream: bool
) -> None:
    engine = ScriptedEngine(["ok"])
    async with gateway(engine) as session:
        async with session.post(CHAT, json=QUESTION | {"stream": stream} | fields) as response:
            assert await refused(response) == (status, "invalid_request_error", code)
    assert engine.seen == []


async def test_a_claude_needs_no_max_tokens_here() -> None:
    async with gateway(["ok"]) as session:
        assert (await streamed(session, model="claude-opus-4-7"))[-1] == "[DONE]"


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (Fail("no", "invalid_media_url"), (400, "invalid_request_error", "invalid_media_url")),
        (Fail("no"), (503, "service_unavailable", "upstream_error")),
    ],
)
async def test_a_failed_answer_in_one_piece_is_refused(
    failure: Fail, answer: tuple[object, ...]
) -> None:
    async with gateway(["a", failure]) as session:
        async with session.post(CHAT, json=QUESTION) as response:
            assert await refused(response) == answer


async def test_the_doors_are_those_of_the_other_routes() -> None:
    async with gateway(["ok"], api_key=KEY, max_body_bytes=200) as session:
        async with session.post(CHAT, json=QUESTION) as response:
            assert await refused(response) == (401, "authentication_error", None)
        async with session.post(CHAT, json=QUESTION, headers=bearer(KEY)) as response:
            assert response.status == 200
        large = QUESTION | {"user": "x" * 200}
        async with session.post(CHAT, json=large, headers=bearer(KEY)) as response:
            assert await refused(response) == (413, "file_too_large_error", None)
        async with session.post(CHAT, data="{", headers=bearer(KEY)) as response:
            assert await refused(response) == (400, "invalid_request_error", None)


class Watched:
    """An engine that says one word, and then nothing until it is stopped."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.stopped = asyncio.Event()

    async def run(self, generation: object, media: object, /) -> AsyncGenerator[Piece]:
        self.started.set()
        try:
            yield Piece(text="one")
            await asyncio.Event().wait()
        finally:
            self.stopped.set()


@pytest.mark.parametrize("stream", [True, False])
async def test_whoever_leaves_stops_the_engine(stream: bool) -> None:
    engine = Watched()
    async with gateway(engine) as session:
        post = session.post(CHAT, json=QUESTION | {"stream": stream})
        asking = asyncio.create_task(post.__aenter__())
        if stream:
            response = await asking
            assert b"one" in await response.content.readany()
            response.close()
        else:
            await engine.started.wait()
            asking.cancel()
        async with asyncio.timeout(5):
            await engine.stopped.wait()


@asynccontextmanager
async def openai_client(script: Any, key: str = KEY, **options: Any) -> AsyncGenerator[Any]:
    openai = pytest.importorskip("openai")
    engine = script if hasattr(script, "run") else ScriptedEngine(script)
    async with (
        running_gateway(engine, **options) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client,
    ):
        yield client


async def test_openai_reads_a_stream_piece_by_piece() -> None:
    gate = asyncio.Event()
    script = [*SCRIPT[:2], Wait(gate), SCRIPT[2]]
    async with openai_client(script) as client:
        stream = await client.chat.completions.create(**QUESTION, **WITH_USAGE)
        thought, first = await anext(stream), await anext(stream)
        assert thought.choices[0].delta.reasoning_content == "hm"
        assert thought.choices[0].delta.role == "assistant"
        assert first.choices[0].delta.content == "A fox"
        gate.set()
        last, usage = [chunk async for chunk in stream]
    assert last.choices[0].delta.content == " runs."
    assert last.choices[0].finish_reason == "stop"
    assert (usage.choices, usage.usage.total_tokens) == ([], 3)
    assert usage.usage.completion_tokens_details.reasoning_tokens == 1


async def test_openai_puts_a_stream_together() -> None:
    more = ToolCallDelta(0, arguments="1}")
    script = ["A fox", Piece(tool_calls=(CALL,)), Piece(tool_calls=(more,))]
    script.append(Piece(finish_reason="tool_calls"))
    async with openai_client(script) as client:
        async with client.chat.completions.stream(**QUESTION) as stream:
            completion = await stream.get_final_completion()
    (said,) = completion.choices
    assert (said.message.content, said.finish_reason) == ("A fox", "tool_calls")
    (call,) = said.message.tool_calls
    assert (call.id, call.function.name, call.function.arguments) == ("call_1", "look", '{"a":1}')


async def test_openai_reads_an_answer_in_one_piece() -> None:
    async with openai_client(SCRIPT) as client:
        completion = await client.chat.completions.create(**QUESTION)
        models = [model.id async for model in client.models.list()]
    assert completion.choices[0].message.content == "A fox runs."
    assert (completion.choices[0].finish_reason, completion.usage.total_tokens) == ("stop", 3)
    assert "gemini-2.5-pro" in models


@pytest.mark.parametrize(
    ("fields", "key", "name", "code"),
    [
        ({"temperature": 3}, KEY, "BadRequestError", "invalid_param"),
        ({"model": "unheard-of"}, KEY, "NotFoundError", "model_not_found"),
        ({}, "sk-other", "AuthenticationError", None),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_openai_names_a_refusal(
    fields: dict[str, Any], key: str, name: str, code: str | None, stream: bool
) -> None:
    openai = pytest.importorskip("openai")
    async with openai_client(SCRIPT, key, api_key=KEY) as client:
        with pytest.raises(getattr(openai, name)) as caught:
            await client.chat.completions.create(**QUESTION | {"stream": stream} | fields)
    assert caught.value.code == code
    assert caught.value.request_id


async def test_openai_names_a_failure() -> None:
    openai = pytest.importorskip("openai")
    async with openai_client(["a", Fail("no power")]) as client:
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(**QUESTION)
        stream = await client.chat.completions.create(**QUESTION, stream=True)
        assert (await anext(stream)).choices[0].delta.content == "a"
        with pytest.raises(openai.APIError, match="no power") as caught:
            await anext(stream)
    assert caught.value.code == "upstream_error"


async def test_openai_stops_the_engine_by_closing() -> None:
    engine = Watched()
    async with openai_client(engine) as client:
        stream = await client.chat.completions.create(**QUESTION, stream=True)
        assert (await anext(stream)).choices[0].delta.content == "one"
        await stream.close()
        async with asyncio.timeout(5):
            await engine.stopped.wait()


@asynccontextmanager
async def fox_client(script: Any, **options: Any) -> AsyncGenerator[Client]:
    engine = script if hasattr(script, "run") else ScriptedEngine(script)
    async with (
        running_gateway(engine, **options) as url,
        Client(base_url=f"{url}/v1", protocol="openai") as client,
    ):
        yield client


async def test_foxstream_reads_a_stream() -> None:
    async with fox_client(SCRIPT) as client:
        async with client.stream("hello") as answer:
            deltas = [(delta.text, delta.reasoning) async for delta in answer]
    assert deltas == [("", "hm"), ("A fox", ""), (" runs.", "")]
    completion = answer.completion
    assert (completion.text, completion.reasoning) == ("A fox runs.", "hm")
    assert (completion.finish_reason, completion.usage) == ("stop", USAGE)
    assert (answer.task_id, completion.task_id, completion.recovered) == (None, None, False)


async def test_foxstream_reads_tool_calls() -> None:
    script = [Piece(tool_calls=(CALL, ToolCallDelta(0, arguments="1}"))), Piece(finish_reason="x")]
    async with fox_client(script) as client:
        (call,) = (await client.generate("hello")).tool_calls
        assert (call.id, call.name, call.arguments) == ("call_1", "look", '{"a":1}')
        assert (await client.generate("hello", sync=True)).tool_calls == (call,)


async def test_foxstream_reads_an_answer_in_one_piece_and_the_models() -> None:
    async with fox_client(SCRIPT) as client:
        completion = await client.generate("hello", sync=True)
        models = await client.models()
    assert (completion.text, completion.usage, completion.task_id) == ("A fox runs.", USAGE, None)
    assert ("gemini-2.5-pro", None) in [(model.id, model.capabilities) for model in models]


async def test_foxstream_sends_its_media() -> None:
    engine = ScriptedEngine(["ok"])
    async with fox_client(engine) as client:
        await client.generate("Look", images=[PNG], system_prompt="Be brief.")
        await client.generate("Look", videos=["https://example.org/a.mp4"], images=[PNG])
    first, second = engine.seen
    assert (first.prompt, first.system_prompt) == ("Look", "Be brief.")
    assert first.images == (f"data:image/png;base64,{base64.b64encode(PNG).decode()}",)
    assert (second.videos, second.images) == (("https://example.org/a.mp4",), first.images)


async def test_foxstream_names_refusals_and_cuts() -> None:
    faults = Faults(chat=[None, None, Comments(), CutAfter(300, "end"), CutAfter(300, "reset")])
    async with fox_client(SCRIPT, faults=faults) as client:
        with pytest.raises(NotFoundError):
            await client.generate("hello", model="unheard-of")
        with pytest.raises(BadRequestError):
            await client.generate("hello", model="gpt-5.5", max_tokens=1, sync=True)
        assert (await client.generate("hello")).text == "A fox runs."
        with pytest.raises(StreamTruncatedError) as cut:
            await client.generate("hello")
        with pytest.raises(APIConnectionError):
            await client.generate("hello")
    assert cut.value.partial.reasoning == "hm"


async def test_foxstream_stops_the_engine_by_leaving() -> None:
    engine = Watched()
    async with fox_client(engine) as client:
        async with client.stream("hello") as answer:
            assert (await anext(answer)).text == "one"
        async with asyncio.timeout(5):
            await engine.stopped.wait()


async def test_an_answer_leaves_no_task_behind() -> None:
    async with gateway(["ok"], max_tasks=1) as session:
        for _ in range(3):
            assert (await streamed(session))[-1] == "[DONE]"
            async with session.post(CHAT, json=QUESTION) as response:
                assert response.status == 200
