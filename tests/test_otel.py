"""OpenTelemetry: a span and its measurements for each answer, on sockets and in virtual time."""

from __future__ import annotations

import json

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

import foxstream
from foxstream import (
    AuthenticationError,
    Client,
    InternalServerError,
    InvalidInputError,
    TaskFailedError,
)
from foxstream.gateway import Faults
from foxstream.gateway.faults import CutAfter
from foxstream.integrations.otel import instrument, uninstrument
from foxstream.transports import Pause, Play
from tests.loopback import Answer, Asked, serving
from tests.script import JSON, TASK, accepted, as_json, chunk, client_of, done, says, task
from tests.telemetry import ANSWER, Telemetry, gateway
from tests.test_promise import in_a_fresh_interpreter

pytestmark = pytest.mark.anyio

KEY = "sk-a-key-that-nobody-sees"
PROMPT = "tell me what nobody else may read"
LATEST = "gen_ai_latest_experimental"


@pytest.fixture(scope="module")
def url():
    with gateway() as url:
        yield url


@pytest.fixture(autouse=True)
def nothing_stays_on():
    yield
    uninstrument()


@pytest.fixture
def seen():
    return Telemetry()


@pytest.fixture
def latest(monkeypatch):
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", f"http, {LATEST}")


def watched(seen: Telemetry, url: str, **options: object) -> Client:
    client = Client(KEY, base_url=url)
    instrument(client, **seen.providers, **options)
    return client


async def read(stream) -> str:
    return "".join([delta.text async for delta in stream])


async def test_a_whole_answer_by_the_older_names(url, seen):
    async with watched(seen, url) as client:
        async with client.stream(PROMPT, max_tokens=9, temperature=0.5) as answer:
            assert await read(answer) == ANSWER
    span = seen.span
    attributes = dict(span.attributes)
    port = int(url.rpartition(":")[2])
    assert (span.name, span.kind) == ("chat gemini-2.5-pro", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert attributes.pop("gen_ai.response.id").startswith("chatcmpl-")
    assert attributes.pop("foxstream.time_to_first_token") == answer.timings.ttft
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "foxapi",
        "gen_ai.request.model": "gemini-2.5-pro",
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "gemini-2.5-pro",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 5,
        "server.address": "127.0.0.1",
        "server.port": port,
        "foxstream.task.id": answer.task_id,
        "foxstream.state": "complete",
        "foxstream.recovered": False,
        "foxstream.reconnects": 0,
    }
    assert not seen.points("gen_ai.client.operation.time_to_first_chunk")


async def test_a_whole_answer_by_the_latest_names(url, seen, latest):
    async with watched(seen, url) as client:
        async with client.stream(PROMPT) as answer:
            await read(answer)
    attributes = seen.span.attributes
    assert attributes["gen_ai.provider.name"] == "foxapi"
    assert attributes["gen_ai.request.stream"] is True
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 2
    assert attributes["gen_ai.usage.reasoning.output_tokens"] == 3
    assert 0 < attributes["gen_ai.response.time_to_first_chunk"] <= answer.timings.ttft
    assert "gen_ai.system" not in attributes


async def test_the_measurements(url, seen, latest):
    async with watched(seen, url) as client:
        for _ in range(2):
            async with client.stream(PROMPT) as answer:
                await read(answer)
    common = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "foxapi",
        "gen_ai.request.model": "gemini-2.5-pro",
        "gen_ai.response.model": "gemini-2.5-pro",
        "server.address": "127.0.0.1",
        "server.port": int(url.rpartition(":")[2]),
    }
    for name in ("duration", "time_to_first_chunk"):
        (point,) = seen.points(f"gen_ai.client.operation.{name}")
        assert (point.count, dict(point.attributes)) == (2, common)
        assert point.explicit_bounds[:2] == (0.01, 0.02)
        assert point.explicit_bounds[-1] == 81.92
    (first,) = seen.points("foxstream.time_to_first_token")
    assert first.count == 2
    tokens = {
        p.attributes["gen_ai.token.type"]: p for p in seen.points("gen_ai.client.token.usage")
    }
    assert {kind: point.sum for kind, point in tokens.items()} == {"input": 14, "output": 10}
    assert tokens["input"].explicit_bounds[-1] == 67_108_864
    assert not seen.points("foxstream.reconnects")


async def test_the_parent_is_what_was_current_at_the_call_and_nothing_leaks(url, seen):
    async with watched(seen, url) as client:
        with seen.tracer.start_as_current_span("caller") as caller:
            answer = client.stream(PROMPT)
        inside = []

        async def elsewhere() -> None:
            with seen.tracer.start_as_current_span("reader") as reader:
                async for _ in answer:
                    inside.append(trace.get_current_span() is reader)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(elsewhere)
        assert trace.get_current_span() is trace.INVALID_SPAN
    assert len(inside) == 2
    assert all(inside)
    assert seen.span.parent.span_id == caller.get_span_context().span_id


async def test_a_failed_answer(url, seen, latest):
    async with watched(seen, url) as client:
        with pytest.raises(TaskFailedError):
            await read(client.stream("fail please"))
    span = seen.span
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "TaskFailedError"
    assert span.attributes["foxstream.state"] == "failed"
    assert span.attributes["gen_ai.response.finish_reasons"] == ("error",)
    (point,) = seen.points("gen_ai.client.operation.duration")
    assert point.attributes["error.type"] == "TaskFailedError"
    (first,) = seen.points("foxstream.time_to_first_token")
    assert "error.type" not in first.attributes
    assert "broken" not in seen.everything()


@pytest.mark.parametrize("direct", [False, True])
async def test_a_refused_answer(seen, direct):
    with gateway(api_key="another-key-than-ours") as url:
        async with watched(seen, url) as client:
            with pytest.raises(AuthenticationError):
                async with client.stream(PROMPT, direct=direct):
                    raise AssertionError("it opened")
    assert seen.span.attributes["error.type"] == "AuthenticationError"
    assert "foxstream.time_to_first_token" not in seen.span.attributes


async def test_an_answer_that_is_left_early_is_no_error(url, seen, latest):
    async with watched(seen, url) as client:
        async with client.stream("slow please") as answer:
            await anext(answer)
        answer.close()
        await answer.aclose()
    span = seen.span
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in span.attributes
    assert span.attributes["foxstream.state"] == "closed"
    assert span.attributes["gen_ai.response.finish_reasons"] == ("error",)


async def test_a_cancelled_answer(url, seen):
    async with watched(seen, url) as client:
        with anyio.CancelScope() as scope:
            async for _ in client.stream("slow please"):
                scope.cancel()
    assert seen.span.attributes["foxstream.state"] == "cancelled"
    assert "error.type" not in seen.span.attributes
    assert "gen_ai.response.finish_reasons" not in seen.span.attributes


async def test_closing_the_client_ends_the_span(url, seen):
    client = watched(seen, url)
    answer = client.stream("slow please")
    await anext(answer)
    assert not seen.spans
    await client.aclose()
    assert seen.span.attributes["foxstream.state"] == "closed"


async def test_an_answer_never_begun_is_none(url, seen):
    async with watched(seen, url) as client:
        client.stream(PROMPT)
        left = client.stream(PROMPT)
        await left.aclose()
    assert not seen.spans


async def test_reconnects_are_counted(seen):
    with gateway(Faults(stream=[CutAfter(300)])) as url:
        async with watched(seen, url) as client:
            assert await read(client.stream(PROMPT)) == ANSWER
    assert seen.span.attributes["foxstream.reconnects"] == 1
    assert seen.span.attributes["foxstream.recovered"] is True
    assert [point.value for point in seen.points("foxstream.reconnects")] == [1]
    assert [point.value for point in seen.points("foxstream.recoveries")] == [1]


async def test_one_blocking_request(url, seen, latest):
    async with watched(seen, url) as client:
        await client.generate(PROMPT, sync=True)
        with pytest.raises(InternalServerError):
            await client.generate("fail please", sync=True)
    whole, failed = seen.spans
    assert whole.attributes["gen_ai.usage.output_tokens"] == 5
    assert not {"gen_ai.request.stream", "gen_ai.response.time_to_first_chunk"} & set(
        whole.attributes
    )
    assert failed.attributes["error.type"] == "InternalServerError"


async def test_an_openai_compatible_server(url, seen):
    async with Client(KEY, base_url=f"{url}/v1", protocol="openai") as client:
        instrument(client, **seen.providers)
        await client.generate(PROMPT)
    assert seen.span.attributes["gen_ai.system"] == "openai"
    assert "foxstream.task.id" not in seen.span.attributes


async def test_following_a_task_fetches_what_is_paid_for_already(url, seen):
    async with watched(seen, url) as client:
        submitted = await client.submit(PROMPT)
        assert not seen.spans
        assert await read(client.attach(submitted.id)) == ANSWER
    assert seen.span.name == "fetch_response"
    assert seen.span.attributes["foxstream.task.id"] == submitted.id
    assert "gen_ai.usage.input_tokens" not in seen.span.attributes
    assert not seen.points("gen_ai.client.token.usage")


async def test_nothing_of_prompt_answer_or_key_is_recorded(url, seen, latest):
    async with watched(seen, url, propagate=True) as client:
        await client.generate(PROMPT, system_prompt="secretly")
    for word in (PROMPT, ANSWER, ANSWER[:8], "secretly", KEY):
        assert word not in seen.everything()


MESSAGES = [
    {"role": "user", "content": [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "https://a.test/x.png?signature=secret"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
        {"type": "odd", "odd": 5},
    ]},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
        {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{broken"}},
    ]},
    {"role": "assistant", "content": "hm", "tool_calls": "odd"},
    {"role": "tool", "tool_call_id": "c1", "content": "42"},
    {"role": "tool", "tool_call_id": "c2", "content": [
        {"type": "text", "text": "seen"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "https://me:secret@a.test/y#secret"}},
    ]},
]  # fmt: skip


def read_as_json(seen: Telemetry, name: str) -> object:
    return json.loads(seen.spans[-1].attributes[name])


def text(words: str) -> dict[str, str]:
    return {"type": "text", "content": words}


async def test_content_is_recorded_where_it_is_asked_for(url, seen, latest):
    async with watched(seen, url, capture_content=True) as client:
        await client.generate(
            PROMPT, system_prompt="kindly", images=["https://a.test/x?sig=secret"]
        )
    assert read_as_json(seen, "gen_ai.system_instructions") == [text("kindly")]
    image = {"type": "uri", "modality": "image", "uri": "https://a.test/x"}
    asked = [{"role": "user", "parts": [text(PROMPT), image]}]
    assert read_as_json(seen, "gen_ai.input.messages") == asked
    said = [{"role": "assistant", "parts": [text(ANSWER)], "finish_reason": "stop"}]
    assert read_as_json(seen, "gen_ai.output.messages") == said
    assert KEY not in seen.everything()
    assert "secret" not in seen.everything()


async def test_a_conversation_is_recorded_message_by_message(seen, latest):
    client, _ = client_of(says(chunk("ok"), done(1)))
    instrument(client, **seen.providers, capture_content=True)
    await client.generate(messages=MESSAGES, direct=True)
    omitted = {"type": "omitted", "modality": "video"}
    image = {"type": "uri", "modality": "image", "uri": "https://a.test/x.png"}
    odd = {"type": "omitted", "modality": "odd"}
    calls = [
        {"type": "tool_call", "id": "c1", "name": "f", "arguments": {"a": 1}},
        {"type": "tool_call", "id": "c2", "name": "g", "arguments": "{broken"},
    ]
    answer = {"type": "tool_call_response", "id": "c1", "response": "42"}
    bare = {"type": "uri", "modality": "image", "uri": "https://a.test/y"}
    parts = [text("seen"), {"type": "omitted", "modality": "image"}, bare]
    shown = {"type": "tool_call_response", "id": "c2", "response": parts}
    assert read_as_json(seen, "gen_ai.input.messages") == [
        {"role": "user", "parts": [text("look"), image, omitted, odd]},
        {"role": "assistant", "parts": calls},
        {"role": "assistant", "parts": [text("hm"), {"type": "omitted", "modality": "tool_calls"}]},
        {"role": "tool", "parts": [answer]},
        {"role": "tool", "parts": [shown]},
    ]


@pytest.mark.parametrize("arguments", ["[" * 100_000, '{"n": 123456789012345678901234567890}'])
async def test_no_arguments_of_a_model_keep_a_span_from_its_end(seen, latest, arguments):
    called = {"index": 0, "id": "c", "function": {"name": "f", "arguments": arguments}}
    client, _ = client_of(says(chunk(tool_calls=[called]), done(1)))
    instrument(client, **seen.providers, capture_content=True)
    await client.generate("hi", direct=True)
    (said,) = read_as_json(seen, "gen_ai.output.messages")
    told = said["parts"][0]["arguments"]
    assert told == (arguments if arguments[0] == "[" else json.loads(arguments))
    assert len(seen.points("gen_ai.client.operation.duration")) == 1


def test_what_is_no_client_is_refused():
    for switch in (instrument, uninstrument):
        with pytest.raises(InvalidInputError, match=r"client is str: a foxstream\.Client"):
            switch("all")


def test_a_synchronous_client_is_watched_like_any_other(url, seen):
    with foxstream.sync.Client(KEY, base_url=url) as client:
        instrument(client, **seen.providers)
        with seen.tracer.start_as_current_span("caller") as caller:
            client.generate(PROMPT)
        assert client.observer is not None
        uninstrument(client)
        client.generate(PROMPT)
    assert seen.span.parent.span_id == caller.get_span_context().span_id


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [("true", True), ("SPAN_ONLY", True), ("span_and_event", True)]
    + [(word, False) for word in ("", "false", "NO_CONTENT", "EVENT_ONLY")],
)
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_environment_may_ask_for_content(url, seen, latest, monkeypatch, asked, recorded):
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", asked)
    async with watched(seen, url) as client:
        await client.generate(PROMPT)
        instrument(client, **seen.providers, capture_content=False)
        await client.generate(PROMPT)
    first, second = seen.spans
    assert ("gen_ai.input.messages" in first.attributes) == recorded
    assert "gen_ai.input.messages" not in second.attributes


def test_the_older_names_have_no_place_for_content(monkeypatch):
    with pytest.raises(InvalidInputError, match=LATEST):
        instrument(capture_content=True)
    assert Client.observer is None


async def test_the_trace_rides_home_only_and_only_if_asked(seen):
    body = {"id": TASK, "status": "pending"}

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            task = body | {"stream": {"url": f"{elsewhere.url}/s"}}
            return Answer((as_json(task),), headers=JSON)
        if asked.target.startswith("/v1/tasks"):
            return Answer((as_json(body | {"status": "failed"}),), headers=JSON)
        return Answer((chunk("a"), done(1)))

    async with serving(answer) as elsewhere, serving(answer) as server:
        async with watched(seen, server.url, propagate=True) as client:
            assert (await client.generate("hi")).text == "a"
            instrument(client, **seen.providers)
            await client.generate("hi")
    span = seen.spans[0].context
    submit, look, *later = (asked.headers.get("traceparent") for asked in server.asked)
    named = f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
    assert submit == look == named
    assert later == [None, None]
    assert all("traceparent" not in asked.headers for asked in elsewhere.asked)


async def test_all_clients_or_one_and_off_again(url, seen):
    other = Telemetry()
    async with Client(KEY, base_url=url) as one, Client(KEY, base_url=url) as two:
        instrument(**other.providers)
        instrument(**seen.providers)
        await one.generate(PROMPT)
        instrument(two, **other.providers)
        await two.generate(PROMPT)
        assert (len(seen.spans), len(other.spans)) == (1, 1)
        uninstrument(two)
        await two.generate(PROMPT)
        under_way = one.stream(PROMPT)
        uninstrument()
        await one.generate(PROMPT)
        assert (len(seen.spans), len(other.spans)) == (1, 1)
        await read(under_way)
    assert (len(seen.spans), len(other.spans)) == (2, 1)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_is_not_sampled_is_measured_and_not_looked_at(url, seen, latest):
    client = Client(KEY, base_url=url)
    providers = seen.providers | {"tracer_provider": TracerProvider(sampler=ALWAYS_OFF)}
    instrument(client, **providers, capture_content=True)
    async with client:
        assert (await client.generate(PROMPT)).text == ANSWER
    assert not seen.spans
    assert len(seen.points("gen_ai.client.operation.duration")) == 1


@pytest.mark.parametrize("chunk_gaps", [False, True])
async def test_in_virtual_time_every_instant_is_exact(seen, latest, chunk_gaps):
    client, _ = client_of(
        Play(accepted().parts, headers=JSON, delay=0.25),
        says(
            *(Pause(1), chunk(role="assistant")),
            *(Pause(1), chunk("Hello ")),
            *(Pause(2), chunk("world", finish="stop")),
            done(3),
        ),
    )
    instrument(client, **seen.providers, chunk_gaps=chunk_gaps)
    async with client.stream("hi") as answer:
        await read(answer)
        await client._transport.sleep(60)
    span = seen.span
    assert (span.end_time - span.start_time) / 1e9 == 4.25
    assert span.attributes["gen_ai.response.time_to_first_chunk"] == 1.25
    assert span.attributes["foxstream.time_to_first_token"] == 2.25
    gaps = seen.points("gen_ai.client.operation.time_per_output_chunk")
    assert [(gap.count, gap.sum) for gap in gaps] == [(1, 2.0)] * chunk_gaps
    (duration,) = seen.points("gen_ai.client.operation.duration")
    assert duration.sum == 4.25


@pytest.mark.parametrize("way", ["generate", "in the block", "behind the loop", "without a block"])
async def test_usage_that_only_the_task_knows_is_waited_for(seen, way):
    client, _ = client_of(accepted(), says(chunk("ok"), done(1)), task("completed", "ok"))
    instrument(client, **seen.providers)
    if way == "generate":
        await client.generate("hi")
    elif way == "without a block":
        await client.stream("hi").get_final_completion()
    else:
        async with client.stream("hi") as answer:
            if way == "behind the loop":
                await read(answer)
            await answer.get_final_completion()
            assert not seen.spans
    assert seen.span.attributes["gen_ai.usage.input_tokens"] == 7


PROGRAM = """
import asyncio, sys
import foxstream
from foxstream.transports import Play, ReplayTransport

async def main():
    answer = Play((b'data: {"choices":[{"delta":{"content":"Hi"}}]}\\n\\n', b"data: [DONE]\\n\\n"))
    client = foxstream.Client(base_url="http://127.0.0.1", transport=ReplayTransport([answer]))
    assert client.observer is None
    assert (await client.generate("Hello", direct=True)).text == "Hi"

asyncio.run(main())
print(any(name.startswith("opentelemetry") for name in sys.modules))
"""


def test_nothing_of_opentelemetry_is_loaded_where_it_is_off():
    assert in_a_fresh_interpreter(PROGRAM).strip() == "False"


def test_without_the_extra_the_error_says_what_to_install():
    program = """
import sys
sys.modules["opentelemetry"] = None
try:
    import foxstream.integrations.otel
except ImportError as error:
    print(type(error).__name__, error)
"""
    assert in_a_fresh_interpreter(program).split() == [
        "MissingExtraError",
        *(["this", "needs", "opentelemetry-api:", "pip", "install", '"foxstream[otel]"']),
    ]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_without_an_sdk_nothing_happens(url):
    instrument()
    async with Client(KEY, base_url=url) as client:
        assert (await client.generate(PROMPT)).text == ANSWER
    assert foxstream.Client.observer is not None
