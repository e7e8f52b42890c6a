"""An engine behind the gateway: what it is asked, what comes through, how its failures are told."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from foxstream import Client, InvalidInputError, Retries, TaskFailedError, Timeouts
from foxstream.answer import ToolCallDelta, Usage
from foxstream.gateway import (
    Fail,
    Faults,
    Generation,
    Model,
    Piece,
    ScriptedEngine,
    Think,
    Upstream,
    Wait,
    create_app,
    running_gateway,
)
from foxstream.gateway.faults import CutAfter
from foxstream.sse import encode
from tests.gatewaykit import (
    ON_ASYNCIO,
    PNG,
    decoded,
    ended,
    events,
    gateway,
    refused,
    submit,
    text_of,
    upload,
)
from tests.loopback import CUT, HANG, RESET, Answer, Asked, Server, serving

pytestmark = ON_ASYNCIO

KEY = "sk-of-the-upstream"
CHAT = "/v1/chat/completions"
ASKED = [{"role": "user", "content": "hello"}]
JSON = {"Content-Type": "application/json; charset=utf-8"}
DONE = b"data: [DONE]\n\n"
COUNTS = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
USAGE = Usage(7, 2, 9, {"completion_tokens_details.reasoning_tokens": 1})


def data(value: object) -> bytes:
    return encode("", msgspec.json.encode(value))


def said(content: str | None = None, **choice: object) -> bytes:
    """One chunk; `finish_reason` is there only where it is given, as with some engines."""
    delta = {} if content is None else {"content": content}
    return data({"id": "c-1", "model": "m", "choices": [{"index": 0, "delta": delta, **choice}]})


ROLE = data({"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]})
COUNTED = data({"choices": [], "usage": COUNTS, "timings": {"gen_ms": 1.5}})
END = said(finish_reason="stop")
HELLO = Answer((b": loading\n\n", ROLE, said("Hel"), said("lo"), END, COUNTED, DONE))


@asynccontextmanager
async def behind(
    url: str, key: str | None = None, *, quick: bool = True, **options: Any
) -> AsyncGenerator[aiohttp.ClientSession]:
    """A gateway in front of the server at `url`."""
    retries = Retries(limit=1, backoff=0.001) if quick else Retries()
    async with (
        Upstream(url, key, retries=retries, timeouts=Timeouts(stall=5, first_token=5)) as engine,
        gateway(engine, **options) as session,
    ):
        yield session


@asynccontextmanager
async def engine_of(
    answer: Answer | Callable[[Asked], Answer], key: str | None = None, **options: Any
) -> AsyncGenerator[tuple[aiohttp.ClientSession, Server]]:
    """A gateway in front of a scripted server, which speaks on a plain socket."""
    answering = answer if callable(answer) else lambda _: answer
    async with serving(answering) as server:
        async with behind(f"{server.url}/v1", key, **options) as session:
            yield session, server


def body_of(asked: Asked) -> dict[str, Any]:
    return msgspec.json.decode(asked.body)


async def streamed(session: aiohttp.ClientSession, **fields: Any) -> list[tuple[str, Any]]:
    """All events of a task's stream."""
    task = await submit(session, stream=True, **fields)
    return await events(session, task["stream"]["url"])


async def failure(session: aiohttp.ClientSession, **fields: Any) -> dict[str, Any]:
    """The error of a task that must fail."""
    task = await ended(session, (await submit(session, **fields))["id"])
    assert (task["status"], task["results"]) == ("failed", None)
    return task["error"]


async def test_an_answer_comes_through() -> None:
    async with engine_of(HELLO, KEY) as (session, server):
        told = await streamed(session, model="any/name:7b", max_tokens=5, temperature=0.5)
        (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", CHAT)
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert body_of(asked) == {
        "model": "any/name:7b",
        "messages": ASKED,
        "max_tokens": 5,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    *chunks, usage, done = told
    assert text_of(chunks) == "Hello"
    assert chunks[-1][1]["choices"][0]["finish_reason"] == "stop"
    assert (usage[1]["choices"], usage[1]["usage"]) == ([], COUNTS)
    assert done == ("done", {"total_chunks": 4})


async def test_the_finished_task_tells_the_same() -> None:
    async with engine_of(HELLO) as (session, server):
        task = await ended(session, (await submit(session, stream=True))["id"])
        assert "authorization" not in server.asked[0].headers
    (completion,) = task["results"]
    assert completion["choices"][0]["message"]["content"] == "Hello"
    assert (completion["choices"][0]["finish_reason"], completion["usage"]) == ("stop", COUNTS)


async def test_a_key_of_the_environment_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOXAPI_API_KEY", "sk-of-somebody-else")
    async with engine_of(HELLO) as (session, server):
        await ended(session, (await submit(session))["id"])
        assert "authorization" not in server.asked[0].headers


def block(kind: str, url: str, **more: object) -> dict[str, object]:
    return {"type": kind, kind: {"url": url, **more}}


TEXT = {"type": "text", "text": "hello"}
IMAGE, FILM, SOUND = (f"https://example.org/a.{end}" for end in ("png", "mp4", "mp3"))
WAV = base64.b64encode(b"RIFF").decode()
AUDIO = {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}
MP3 = {"type": "input_audio", "input_audio": {"data": WAV, "format": "mp3"}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SYSTEM = {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"system_prompt": "Be brief."}, [SYSTEM, *ASKED]),
        (
            {"image_urls": [IMAGE]},
            [{"role": "user", "content": [TEXT, block("image_url", IMAGE)]}],
        ),
        ({"video_urls": [FILM]}, [{"role": "user", "content": [TEXT, block("video_url", FILM)]}]),
        ({"audio_url": SOUND}, [{"role": "user", "content": [TEXT, block("audio_url", SOUND)]}]),
        (
            {"audio_url": f"data:audio/wav;base64,{WAV}"},
            [{"role": "user", "content": [TEXT, AUDIO]}],
        ),
        (
            {"audio_url": f"data:audio/mpeg;base64,{WAV}"},
            [{"role": "user", "content": [TEXT, MP3]}],
        ),
        (
            {
                "prompt": None,
                "system_prompt": "Be brief.",
                "messages": [
                    {"role": "assistant", "content": None, "tool_calls": [CALL]},
                    {"role": "tool", "tool_call_id": "c", "content": "42"},
                    {"role": "user", "content": [TEXT, block("image_url", IMAGE, detail="low")]},
                ],
            },
            [
                SYSTEM,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c", "content": "42"},
                {"role": "user", "content": [TEXT, block("image_url", IMAGE, detail="low")]},
            ],
        ),
    ],
    ids=["text", "vision", "video", "sound elsewhere", "wav", "mp3", "custom"],
)
async def test_every_variant_becomes_messages(
    fields: dict[str, object], messages: list[object]
) -> None:
    async with engine_of(HELLO) as (session, server):
        assert (await ended(session, (await submit(session, **fields))["id"]))["results"]
        assert body_of(server.asked[0])["messages"] == messages


async def test_an_upload_travels_inside_the_request() -> None:
    async with engine_of(HELLO) as (session, server):
        url = (await upload(session, PNG, file_name="photo.png"))["url"]
        await ended(session, (await submit(session, image_urls=[url, IMAGE]))["id"])
        _, sent, elsewhere = body_of(server.asked[0])["messages"][0]["content"]
    assert sent == block("image_url", f"data:image/png;base64,{base64.b64encode(PNG).decode()}")
    assert elsewhere == block("image_url", IMAGE)


async def test_an_upload_that_cannot_be_passed_on_is_told() -> None:
    async with serving(lambda _: HELLO) as server:
        async with Upstream(server.url, inline_limit=100) as engine, gateway(engine) as session:
            large = (await upload(session, PNG))["url"]
            small = (await upload(session, b"words", file_name="a.png"))["url"]
            error = await failure(session, image_urls=[large])
            assert error["code"] == "invalid_media_url"
            assert f"has {len(PNG)} bytes: at most 100" in error["message"]
            error = await failure(session, image_urls=[small])
            assert error["code"] == "invalid_file_type"
            assert server.asked == []


async def test_fields_of_the_engines_own_are_passed_on() -> None:
    own = {"top_p": 0.5, "seed": 1, "tools": [{"type": "function"}]}
    async with engine_of(HELLO) as (session, server):
        await ended(session, (await submit(session, **own, stop=None))["id"])
        async with session.post(CHAT, json={"model": "m", "messages": ASKED, **own}) as response:
            assert response.status == 200
        plain = {"model", "messages", "stream", "stream_options"}
        for asked in server.asked:
            body = body_of(asked)
            assert {key: body[key] for key in body.keys() - plain} == own


async def test_a_chat_keeps_the_reasoning_field_of_its_engine() -> None:
    own = {"reasoning": {"effort": "high"}, "reasoning_effort": "high"}
    async with engine_of(HELLO) as (session, server):
        async with session.post(CHAT, json={"model": "m", "messages": ASKED, **own}) as response:
            assert response.status == 200
        body = body_of(server.asked[0])
    assert {key: body[key] for key in own} == own
    assert "chat_template_kwargs" not in body


@pytest.mark.parametrize("reasoning", [True, False])
async def test_reasoning_is_asked_for_in_the_words_of_engines(reasoning: bool) -> None:
    own = {"chat_template_kwargs": {"thinking_budget": 5}}
    async with engine_of(HELLO) as (session, server):
        await ended(session, (await submit(session, reasoning=reasoning))["id"])
        await ended(session, (await submit(session, reasoning=reasoning, **own))["id"])
        bodies = [body_of(asked) for asked in server.asked]
    assert bodies[0]["chat_template_kwargs"] == {"enable_thinking": reasoning}
    assert bodies[1]["chat_template_kwargs"] == own["chat_template_kwargs"]


async def test_reasoning_tool_calls_and_choices_come_through() -> None:
    call = ToolCallDelta(0, "call_1", "look", '{"a":')
    script = [
        Think("hm "),
        Piece(text="A fox", index=1),
        Piece(tool_calls=(call,)),
        Piece(tool_calls=(ToolCallDelta(0, arguments="1}"),), finish_reason="tool_calls"),
        Piece(text=" runs.", index=1, finish_reason="length"),
        Piece(usage=USAGE),
    ]
    async with running_gateway(ScriptedEngine(script)) as first:
        async with behind(f"{first}/v1") as session:
            (completion,) = (await ended(session, (await submit(session))["id"]))["results"]
            thoughts = [
                chunk["choices"][0]["delta"].get("reasoning_content")
                for name, chunk in await streamed(session)
                if name == "chunk" and chunk["choices"]
            ]
    calls, other = completion["choices"]
    function = {"name": "look", "arguments": '{"a":1}'}
    assert calls["message"]["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": function}
    ]
    assert (calls["finish_reason"], other["finish_reason"]) == ("tool_calls", "length")
    assert other["message"]["content"] == "A fox runs."
    assert completion["usage"]["completion_tokens_details"] == {"reasoning_tokens": 1}
    assert list(filter(None, thoughts)) == ["hm "]


def whole(**fields: object) -> Answer:
    message = {"role": "assistant", "content": "Hello", "reasoning": "hm"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"object": "chat.completion", "choices": [choice], "usage": COUNTS, **fields}
    return Answer((msgspec.json.encode(body),), headers=JSON, framing="length")


QUIRKS = {
    "no finish_reason key": Answer((said("Hello"), DONE)),
    "finish_reason is null": Answer((said("Hello", finish_reason=None), DONE)),
    "no [DONE]": Answer((said("Hello"), END)),
    "broken behind [DONE]": Answer((said("Hello"), END, DONE, CUT)),
    "the end of the connection": Answer((said("Hello"), END, DONE), framing="close"),
    "no stream": whole(),
    "charset": Answer(
        (said("Hello"), DONE), headers={"Content-Type": "text/event-stream; charset=utf-8"}
    ),
}


@pytest.mark.parametrize("answer", QUIRKS.values(), ids=QUIRKS.keys())
async def test_the_quirks_of_engines_do_not_show(answer: Answer) -> None:
    async with engine_of(answer) as (session, _):
        (completion,) = (await ended(session, (await submit(session))["id"]))["results"]
    assert completion["choices"][0]["message"]["content"] == "Hello"
    assert completion["choices"][0]["finish_reason"] == "stop"


def failing(status: int, **body: object) -> Answer:
    return Answer((msgspec.json.encode(body),), status=status, headers=JSON, framing="length")


OPENAI = {"error": {"message": "no such model", "type": "invalid_request_error"}}
FAILURES = {
    "llama.cpp": (failing(400, **OPENAI), "upstream_refused", "no such model"),
    "vLLM": (
        failing(400, object="error", message="max_tokens is too large", code=400),
        "upstream_refused",
        "max_tokens is too large",
    ),
    "Ollama": (failing(404, error="model not found"), "upstream_refused", "model not found"),
    "FastAPI": (failing(422, detail="no images"), "upstream_refused", "no images"),
    "in the way": (failing(413), "upstream_refused", "HTTP 413"),
    "busy": (failing(429, error="queue is full"), "upstream_busy", "queue is full"),
    "down": (failing(503, **OPENAI), "upstream_error", "no such model"),
    "an error and 200": (failing(200, error="out of memory"), "upstream_error", "out of memory"),
    "another page": (
        Answer((b"<html>",), headers={"Content-Type": "text/html"}),
        "upstream_error",
        "no OpenAI-compatible server",
    ),
}


@pytest.mark.parametrize(("answer", "code", "words"), FAILURES.values(), ids=FAILURES.keys())
async def test_a_refusal_is_told_in_the_engines_own_words(
    answer: Answer, code: str, words: str
) -> None:
    async with engine_of(answer) as (session, _):
        error = await failure(session)
    assert error["code"] == code
    assert error["message"].startswith("the upstream ")
    assert words in error["message"]


@pytest.mark.parametrize("status", [401, 403])
async def test_the_upstreams_key_is_not_the_gateways(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    quoted = failing(status, error={"message": f"Incorrect API key: {KEY}, {KEY[:8]}***"})
    async with engine_of(quoted, KEY) as (session, _):
        with caplog.at_level(logging.DEBUG):
            error = await failure(session)
            async with session.post(CHAT, json={"model": "m", "messages": ASKED}) as response:
                answer = await response.text()
                assert await refused(response) == (
                    503,
                    "service_unavailable",
                    "upstream_unauthorized",
                )
            async with session.get("/v1/models") as response:
                assert response.status == 503
                answer += await response.text()
    assert error["code"] == "upstream_unauthorized"
    assert "refuses the key of this gateway" in caplog.text
    assert KEY[:8] not in answer + str(error) + caplog.text


async def test_an_upstream_that_is_not_there_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(lambda _: HELLO) as server:
        pass
    async with behind(f"{server.url}/v1", quick=True) as session:
        error = await failure(session)
        async with session.get("/v1/configs/llm_generations_models") as response:
            assert await refused(response) == (503, "service_unavailable", "upstream_unreachable")
    assert error["code"] == "upstream_unreachable"
    assert "cannot be reached" in error["message"]
    assert "cannot be reached" in caplog.text


CUTS = {
    "zero bytes": ((), "upstream_cut", ""),
    "an end without a reason": ((said("Hel"),), "upstream_cut", "Hel"),
    "a broken connection": ((said("Hel"), 0.01, CUT), "upstream_cut", "Hel"),
    "a reset": ((said("Hel"), 0.01, RESET), "upstream_cut", "Hel"),
    "an error": (
        (said("Hel"), data({"error": {"message": "out of memory", "code": 500}})),
        "upstream_error",
        "Hel",
    ),
    "an error without an envelope": (
        (said("Hel"), data({"object": "error", "message": "out of memory", "code": 500}), DONE),
        "upstream_error",
        "Hel",
    ),
    "nothing but an end": ((DONE,), "upstream_error", ""),
    "no chunk": ((said("Hel"), b"data: {oops\n\n"), "upstream_error", "Hel"),
}


@pytest.mark.parametrize(("parts", "code", "kept"), CUTS.values(), ids=CUTS.keys())
async def test_a_cut_is_a_failure_that_keeps_what_was_said(
    parts: tuple[object, ...], code: str, kept: str
) -> None:
    async with engine_of(Answer(parts)) as (session, _):
        *chunks, (name, error) = await streamed(session)
        assert (await failure(session))["code"] == code
    assert (text_of(chunks), name) == (kept, "error")
    assert error["message"].startswith("the ")


async def test_a_client_gets_the_partial_answer_of_a_cut() -> None:
    async with serving(lambda _: Answer((said("Hel"), 0.01, CUT))) as server:
        async with (
            Upstream(f"{server.url}/v1") as engine,
            running_gateway(engine) as url,
            Client(base_url=url) as client,
        ):
            with pytest.raises(TaskFailedError) as caught:
                await client.generate("hello", model="m")
    assert (caught.value.code, caught.value.partial.text) == ("upstream_cut", "Hel")


async def test_silence_is_a_failure() -> None:
    async with serving(lambda _: Answer((said("Hel"), HANG))) as server:
        async with (
            Upstream(server.url, timeouts=Timeouts(stall=0.05)) as engine,
            gateway(engine) as session,
        ):
            assert (await failure(session))["code"] == "upstream_timeout"
            await server.client_left()


async def test_a_number_of_seconds_is_the_total_and_leaves_the_patience() -> None:
    late = Answer((said("Hel"), HANG))
    async with serving(lambda _: late) as server:
        async with Upstream(server.url, timeouts=0.05) as engine, gateway(engine) as session:
            error = await failure(session)
        patience = engine._client._timeouts
    assert (error["code"], "(total)" in error["message"]) == ("upstream_timeout", True)
    assert (patience.total, patience.stall, patience.first_token) == (0.05, 300, 900)


async def test_a_url_without_its_v1_is_told() -> None:
    async with engine_of(failing(404, detail="Not Found")) as (session, _):
        async with session.get("/v1/models") as response:
            assert await refused(response) == (503, "service_unavailable", "upstream_error")
            assert "its URL goes up to and with its /v1" in await response.text()


async def test_a_list_that_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foxstream.gateway.upstream._LIST_SECONDS", 0.05)
    async with engine_of(Answer((), delay=60)) as (session, _):
        async with session.get("/v1/models") as response:
            assert await refused(response) == (503, "service_unavailable", "upstream_timeout")


async def test_the_models_are_those_of_the_upstream() -> None:
    listed = {"object": "list", "data": [{"id": "a", "owned_by": "x"}, {"id": "b"}]}
    answer = Answer((msgspec.json.encode(listed),), headers=JSON, framing="length")
    async with engine_of(answer, KEY) as (session, server):
        async with session.get("/v1/models") as response:
            chat = await response.json()
        async with session.get("/v1/configs/llm_generations_models") as response:
            tasks = await response.json()
        assert {asked.target for asked in server.asked} == {"/v1/models"}
    assert [model["id"] for model in chat["data"]] == ["a", "b"]
    assert tasks["data"] == [{"id": id, "object": "model"} for id in ("a", "b")]


async def test_models_can_be_named_in_front_of_an_upstream() -> None:
    only = [Model(id="small", capabilities=("text",))]
    async with engine_of(HELLO, models=only) as (session, server):
        async with session.get("/v1/models") as response:
            assert [m["id"] for m in (await response.json())["data"]] == ["small"]
        async with session.post(CHAT, json={"model": "large", "messages": ASKED}) as response:
            assert (await refused(response))[0] == 404
        assert server.asked == []


async def test_an_engine_without_models_cannot_leave_them_open() -> None:
    with pytest.raises(InvalidInputError, match="models is None"):
        create_app(ScriptedEngine(["ok"]), models=None)


@pytest.mark.parametrize(
    ("url", "key", "told"),
    [
        ("127.0.0.1:8000", None, "base_url is no plain URL"),
        ("http://example.org/v1", KEY, "unencrypted"),
        ("http://127.0.0.1:1/v1", "", "api_key is empty"),
    ],
)
async def test_an_upstream_that_must_not_be_used_is_refused(
    url: str, key: str | None, told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told):
        Upstream(url, key)


async def test_a_request_that_cannot_be_passed_on_is_told() -> None:
    async with engine_of(HELLO) as (session, server):
        assert (await failure(session, model=" "))["code"] == "invalid_param"
        assert server.asked == []


async def test_a_viewer_that_leaves_does_not_stop_the_upstream() -> None:
    gate = asyncio.Event()
    async with running_gateway(ScriptedEngine(["A ", Wait(gate), "fox."])) as first:
        async with behind(f"{first}/v1") as session:
            task = await submit(session, stream=True)
            async with session.get(task["stream"]["url"]) as response:
                assert b"A " in await response.content.readany()
                response.close()
            gate.set()
            await ended(session, task["id"])
            assert text_of(await events(session, task["stream"]["url"])) == "A fox."


async def test_who_leaves_a_chat_stops_the_upstream() -> None:
    async with engine_of(Answer((said("Hel"), HANG))) as (session, server):
        body = {"model": "m", "messages": ASKED, "stream": True}
        async with session.post(CHAT, json=body) as response:
            assert b"Hel" in await response.content.readany()
            response.close()
        await server.client_left()


async def test_the_end_of_the_gateway_closes_the_connections() -> None:
    async with serving(lambda _: Answer((said("Hel"), HANG))) as server:
        async with behind(f"{server.url}/v1") as session:
            task = await submit(session, stream=True)
            async with session.get(task["stream"]["url"]) as response:
                assert b"Hel" in await response.content.readany()
        await server.client_left()


async def test_an_endless_answer_is_bounded() -> None:
    endless = Answer((*(said("x" * 1000) for _ in range(50)), HANG))
    async with engine_of(endless, max_answer_bytes=20_000) as (session, server):
        assert "larger than 20000 bytes" in (await failure(session, stream=True))["message"]
        await server.client_left()


class Together:
    """An engine that answers nobody before everybody has asked."""

    def __init__(self, everybody: int) -> None:
        self._barrier = asyncio.Barrier(everybody)

    async def run(self, generation: Generation, _media: object, /) -> AsyncGenerator[Piece]:
        await self._barrier.wait()
        yield Piece(text=generation.prompt)


async def test_many_are_asked_at_once() -> None:
    async with running_gateway(Together(30)) as first, behind(f"{first}/v1") as session:
        async with asyncio.timeout(10):
            tasks = [await submit(session, prompt=f"p{number}") for number in range(30)]
            done = [await ended(session, task["id"]) for task in tasks]
    texts = [task["results"][0]["choices"][0]["message"]["content"] for task in done]
    assert texts == [f"p{number}" for number in range(30)]


async def test_two_gateways_in_a_row_tell_one_answer() -> None:
    """The stream of the second is cut twice, and healed by its replay."""
    words = [f"word{number} " for number in range(20)]
    end = Piece(finish_reason="stop", usage=USAGE)
    first = ScriptedEngine([Think("hm"), *words, end])
    cuts = Faults(stream=[CutAfter(5, "reset"), CutAfter(9)])
    async with running_gateway(first) as url, Upstream(f"{url}/v1") as engine:
        async with (
            running_gateway(engine, faults=cuts) as second,
            Client(base_url=second, retries=Retries(backoff=0.001)) as client,
        ):
            completion = await client.generate("hello", model="gemini-2.5-pro", reasoning=True)
    assert (completion.text, completion.reasoning) == ("".join(words), "hm")
    assert (completion.finish_reason, completion.usage) == ("stop", USAGE)
    assert completion.recovered
    assert len(first.seen) == 1


async def test_a_failure_passes_through_two_gateways() -> None:
    async with running_gateway(ScriptedEngine(["A ", Fail("no power")])) as first:
        async with behind(f"{first}/v1") as session:
            *chunks, (name, error) = await streamed(session)
    assert (text_of(chunks), name) == ("A ", "error")
    assert error["message"] == "the upstream failed: no power (code upstream_error)"


async def test_a_chat_through_the_gateway_is_a_chat() -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    async with engine_of(HELLO) as (session, _):
        async with session.post(CHAT, json={"model": "m", "messages": ASKED} | options) as response:
            body = await response.read()
    assert body.endswith(DONE)
    chunks = [chunk for _, chunk in decoded(body.removesuffix(DONE))]
    said = [c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"]]
    assert ("".join(said), chunks[-1]["usage"]) == ("Hello", COUNTS)


async def test_openai_reads_through_the_gateway() -> None:
    openai = pytest.importorskip("openai")
    sorry = failing(400, error={"message": "no images here", "type": "invalid_request_error"})

    def answer(asked: Asked) -> Answer:
        return HELLO if body_of(asked)["model"] == "m" else sorry

    async with serving(answer) as server:
        async with (
            Upstream(f"{server.url}/v1") as engine,
            running_gateway(engine) as url,
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
        ):
            ask = client.chat.completions.create
            whole = await ask(model="m", messages=ASKED)
            stream = await ask(model="m", messages=ASKED, stream=True)
            texts = [chunk.choices[0].delta.content or "" async for chunk in stream]
            with pytest.raises(openai.BadRequestError, match="no images here") as caught:
                await ask(model="blind", messages=ASKED)
    assert (whole.choices[0].message.content, whole.usage.total_tokens) == ("Hello", 9)
    assert "".join(texts) == "Hello"
    assert caught.value.code == "upstream_refused"


ENGINE = os.environ.get("FOXSTREAM_ENGINE")


@pytest.mark.skipif(
    ENGINE is None, reason="no engine: FOXSTREAM_ENGINE=http://127.0.0.1:8000/v1 names one"
)
async def test_a_real_engine_is_told_whole_through_cuts() -> None:
    cuts = Faults(stream=[CutAfter(3, "reset"), CutAfter(6)])
    async with Upstream(ENGINE or "", os.environ.get("FOXSTREAM_UPSTREAM_KEY")) as engine:
        model, *_ = await engine.models()
        async with (
            running_gateway(engine, faults=cuts) as url,
            Client(base_url=url, retries=Retries(backoff=0.001)) as client,
        ):
            completion = await client.generate(
                "Count from one to ten.", model=model.id, max_tokens=24, verify=True
            )
    assert completion.text
    assert completion.finish_reason in {"stop", "length"}
    assert completion.recovered
    assert completion.usage is not None
