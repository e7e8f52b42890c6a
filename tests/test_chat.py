"""OpenAI-compatible servers: what they are asked, every way their answers end, what is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from foxstream import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    Client,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    StreamTruncatedError,
    TaskFailedError,
    Timeouts,
)
from foxstream.sse import encode
from foxstream.transports import Break, Pause, Play, ReplayTransport
from tests.conftest import BACKENDS
from tests.lanes import EVERY_LANE
from tests.loopback import CUT, HANG, RESET, Answer, serving
from tests.script import JSON, KEY, TASK, as_json, refusal, says

pytestmark = pytest.mark.anyio

BASE = "http://127.0.0.1:8000/v1"
DONE = b"data: [DONE]\n\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
IMAGE = "https://example.org/a.png"
FILM = "https://example.org/a.mp4"
SOUND = "https://example.org/a.wav"
COUNTS = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
ASKED = {"role": "user", "content": "hi"}


def data(value: object) -> bytes:
    return encode("", as_json(value))


def said(content: str | None = None, *, finish: str | None = None, **delta: object) -> bytes:
    """One chunk as OpenAI sends it; `delta` are further fields of the delta."""
    choice = {"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}
    return data({"id": "chatcmpl-1", "model": "m-1", "choices": [choice]})


ROLE = said(role="assistant")
USAGE = data({"id": "chatcmpl-1", "model": "m-1", "choices": [], "usage": COUNTS})
WHOLE = says(ROLE, said("Hel"), said("lo", finish="stop"), USAGE, DONE)


def whole(**fields: object) -> Play:
    """A completion that was not streamed."""
    message = {"role": "assistant", "content": "Hello", "reasoning_content": "hm"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = {"id": "chatcmpl-1", "object": "chat.completion", "choices": choices, "usage": COUNTS}
    return Play((as_json(body | fields),), headers=JSON)


def chat_client(*plays: Play, **options: object) -> tuple[Client, ReplayTransport]:
    transport = ReplayTransport(plays)
    options.setdefault("base_url", BASE)
    return Client(KEY, protocol="openai", transport=transport, **options), transport


def body_of(transport: ReplayTransport, request: int = 0) -> dict[str, object]:
    return msgspec.json.decode(transport.requests[request].body)


async def test_one_request_and_its_stream():
    client, transport = chat_client(WHOLE)
    async with client.stream("hi", model="m-1", max_tokens=5, temperature=0.5) as answer:
        assert [delta.text async for delta in answer] == ["Hel", "lo"]
    (request,) = transport.requests
    assert (request.method, request.url) == ("POST", f"{BASE}/chat/completions")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Accept"] == "text/event-stream"
    assert request.event_stream
    assert body_of(transport) == {
        "model": "m-1",
        "messages": [ASKED],
        "max_tokens": 5,
        "temperature": 0.5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    completion = answer.completion
    assert (completion.text, completion.finish_reason, completion.id) == (
        "Hello",
        "stop",
        "chatcmpl-1",
    )
    assert (completion.usage.total_tokens, completion.state) == (9, "complete")
    assert (answer.task_id, completion.task_id) == (None, None)
    assert answer.timings.opened == answer.timings.accepted is not None
    assert transport.open == 0


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        (BASE, BASE),
        (f"{BASE}/", BASE),
        ("https://fox.test/proxy/v1", "https://fox.test/proxy/v1"),
        ("https://fox.test/v1beta/openai/", "https://fox.test/v1beta/openai"),
        ("https://fox.test", "https://fox.test"),
    ],
)
async def test_the_base_url_is_kept_as_it_is(base_url, root):
    client, transport = chat_client(WHOLE, Play((b'{"data":[]}',), headers=JSON), base_url=base_url)
    await client.generate("hi")
    await client.models()
    assert [r.url for r in transport.requests] == [f"{root}/chat/completions", f"{root}/models"]


@pytest.mark.parametrize(
    ("named", "root"),
    [
        (None, "https://api.foxapi.cc/v1"),
        ("https://fox.test/proxy", "https://fox.test/proxy/v1"),
        ("https://fox.test/v1/", "https://fox.test/v1"),
    ],
)
async def test_without_a_base_url_foxapi_is_asked(monkeypatch, named, root):
    monkeypatch.setenv("FOXAPI_API_KEY", "sk-of-the-environment")
    monkeypatch.delenv("FOXAPI_BASE_URL", raising=False)
    if named is not None:
        monkeypatch.setenv("FOXAPI_BASE_URL", named)
    transport = ReplayTransport([WHOLE])
    await Client(protocol="openai", transport=transport).generate("hi")
    assert transport.requests[0].url == f"{root}/chat/completions"
    assert transport.requests[0].headers["Authorization"] == "Bearer sk-of-the-environment"


async def test_the_key_of_the_environment_is_not_for_a_base_url(monkeypatch):
    monkeypatch.setenv("FOXAPI_API_KEY", "sk-of-the-environment")
    transport = ReplayTransport([WHOLE])
    await Client(base_url=BASE, protocol="openai", transport=transport).generate("hi")
    assert "Authorization" not in transport.requests[0].headers


def block(kind: str, url: str) -> dict[str, object]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": url}}


TEXT = {"type": "text", "text": "hi"}
SYSTEM = {"role": "system", "content": "Be brief."}
TURNS = [ASKED, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "more"}]


@pytest.mark.parametrize(
    ("question", "messages"),
    [
        ({"prompt": "hi"}, [ASKED]),
        ({"prompt": "hi", "system_prompt": "Be brief."}, [SYSTEM, ASKED]),
        ({"messages": TURNS}, TURNS),
        ({"messages": TURNS, "system_prompt": "Be brief."}, [SYSTEM, *TURNS]),
        (
            {"prompt": "hi", "images": [IMAGE, "data:image/png;base64,aGk="]},
            [
                {
                    "role": "user",
                    "content": [
                        TEXT,
                        block("image", IMAGE),
                        block("image", "data:image/png;base64,aGk="),
                    ],
                }
            ],
        ),
        (
            {"prompt": "hi", "videos": [FILM], "images": [IMAGE], "audio": SOUND},
            [
                {
                    "role": "user",
                    "content": [
                        TEXT,
                        block("video", FILM),
                        block("image", IMAGE),
                        block("audio", SOUND),
                    ],
                }
            ],
        ),
        ({"audio": SOUND}, [{"role": "user", "content": [block("audio", SOUND)]}]),
    ],
)
async def test_a_question_becomes_messages(question, messages):
    client, transport = chat_client(WHOLE)
    await client.generate(model="claude-opus-4-7", **question)
    assert body_of(transport)["messages"] == messages
    assert "max_tokens" not in body_of(transport)


async def test_all_files_travel_inside_the_request(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    client, transport = chat_client(WHOLE)
    steps = []
    await client.generate("hi", images=[PNG] * 6 + [path], on_status=lambda s: steps.append(s.step))
    (message,) = body_of(transport)["messages"]
    urls = [part["image_url"]["url"] for part in message["content"][1:]]
    assert len(urls) == 7
    assert {url.partition(",")[0] for url in urls} == {"data:image/png;base64"}
    assert steps == ["encoding"] * 7 + ["submitted", "streaming"]


async def test_a_file_over_the_limit_is_refused():
    client, transport = chat_client(inline_limit=100)
    with pytest.raises(InvalidInputError, match=r"images\[1\] has 108 bytes.*inline_limit=100"):
        await client.generate("hi", images=[IMAGE, PNG])
    assert transport.requests == []


@pytest.mark.parametrize("reasoning", [True, False])
async def test_reasoning_is_left_to_extra(reasoning):
    client, transport = chat_client()
    with pytest.raises(InvalidInputError, match=r"reasoning is .*extra"):
        client.stream("hi", reasoning=reasoning)
    with pytest.raises(InvalidInputError, match=r"reasoning is .*extra"):
        await client.generate("hi", sync=True, reasoning=reasoning)
    assert transport.requests == []


async def test_a_reasoning_of_the_servers_own_is_passed_on():
    client, transport = chat_client(WHOLE)
    await client.generate("hi", extra={"reasoning": {"effort": "high"}})
    assert body_of(transport)["reasoning"] == {"effort": "high"}


async def test_extra_is_merged():
    client, transport = chat_client(WHOLE)
    extra = {"chat_template_kwargs": {"enable_thinking": True}, "stream_options": None}
    await client.generate("hi", extra=extra)
    body = body_of(transport)
    assert body["chat_template_kwargs"] == {"enable_thinking": True}
    assert body["stream_options"] is None  # some servers refuse the field


CALLS = {
    "submit": lambda client: client.submit("hi"),
    "get_task": lambda client: client.get_task(TASK),
    "wait": lambda client: client.wait(TASK),
    "upload": lambda client: client.upload(PNG),
}


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        ("submit", "use stream or generate"),
        ("get_task", "an answer is read where it is asked for"),
        ("wait", "generate waits"),
        ("upload", "hand the file to stream"),
    ],
)
async def test_what_needs_tasks_or_uploads_is_refused(call, instead):
    client, transport = chat_client()
    with pytest.raises(
        InvalidInputError, match=f"{call} is not for protocol='openai': .*{instead}"
    ):
        await CALLS[call](client)
    assert transport.requests == []


def test_attach_and_verify_are_refused_at_once():
    client, _ = chat_client()
    with pytest.raises(
        InvalidInputError, match=r"attach is not for protocol='openai': .*ask again"
    ):
        client.attach(TASK)
    with pytest.raises(InvalidInputError, match=r"verify is not for protocol='openai': .*leave it"):
        client.stream("hi", verify=True)


@pytest.mark.parametrize("protocol", ["OpenAI", "", None, 1, ["openai"]])
def test_an_unknown_protocol_is_refused(protocol):
    with pytest.raises(InvalidInputError, match=r"protocol is .*: one of foxapi, openai"):
        Client(KEY, base_url=BASE, protocol=protocol)


async def test_direct_changes_nothing():
    client, transport = chat_client(WHOLE, WHOLE)
    assert (await client.generate("hi", direct=True)).text == "Hello"
    assert (await client.generate("hi")).text == "Hello"
    assert body_of(transport, 0) == body_of(transport, 1)


ROLE_ALONE = {"choices": [{"delta": {"role": "assistant"}}]}
BARE = {"choices": [{"delta": {"content": "Hello"}}]}
EXTRAS = {
    "timings": {"predicted_ms": 1.5},
    "system_fingerprint": None,
    "service_tier": "default",
    "choices": [
        {
            "finish_reason": "stop",
            "logprobs": None,
            "stop_reason": None,
            "delta": {"role": "assistant", "refusal": None, "content": "Hello"},
            "index": 0,
        }
    ],
    "usage": None,
    "created": 1,
    "object": "chat.completion.chunk",
    "id": "chatcmpl-1",
}
WELL = {
    "finish_reason is missing": (data(BARE), DONE),
    "finish_reason is null": (said("Hello"), DONE),
    "[DONE] is missing": (said("Hello"), said(finish="stop")),
    "[DONE] is missing after the usage": (said("Hello"), said(finish="stop"), USAGE),
    "no usage": (ROLE, said("Hello", finish="length"), DONE),
    "comments first": (b": OPENROUTER PROCESSING\n\n" * 3, b":\n\n", said("Hello"), DONE),
    "unknown keys in another order": (data(EXTRAS), DONE),
    "content is left out at first": (data(ROLE_ALONE), said("Hello"), DONE),
    "content is null at first": (ROLE, said("Hello"), DONE),
    "no choices at first": (
        data({"choices": [], "prompt_filter_results": []}),
        said("Hello"),
        DONE,
    ),
    "no space after the colon": (said("Hello").replace(b"data: ", b"data:"), b"data:[DONE]\n\n"),
    "CR LF": (said("Hello").replace(b"\n", b"\r\n"), b"data: [DONE]\r\n\r\n"),
    "all in one read": (ROLE + said("Hel") + said("lo", finish="stop") + USAGE + DONE,),
    "byte by byte": tuple(bytes([byte]) for byte in said("Hello") + USAGE + DONE),
    "more behind [DONE]": (said("Hello"), DONE, said("never")),
    "[DONE] alone behind a role": (ROLE, said("Hello"), b"data:  [DONE] \n\n"),
    "usage with the last words": (
        data({"choices": [{"delta": {"content": "Hello"}}], "usage": COUNTS}),
        DONE,
    ),
    "only the last choice has a finish_reason": (
        data({"choices": [{"index": 0, "delta": {"content": "Hello"}}]}),
        data({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    ),
    "timings on the usage": (
        said("Hello"),
        data({"choices": [], "usage": COUNTS, "timings": {"gen_ms": 1.5}}),
        DONE,
    ),
}


@pytest.mark.parametrize("parts", WELL.values(), ids=WELL.keys())
async def test_an_answer_is_whole(parts):
    client, transport = chat_client(says(*parts))
    completion = await client.generate("hi")
    assert (completion.text, completion.state) == ("Hello", "complete")
    assert (completion.usage is None) == (b"prompt_tokens" not in b"".join(parts))
    assert (len(transport.requests), transport.open) == (1, 0)


async def test_reasoning_and_tool_calls_come_through():
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look"}}
    more = {"index": 0, "function": {"arguments": '{"a":1}'}}
    client, _ = chat_client(
        says(
            said(reasoning_content="hm "),
            said(reasoning="so "),
            said(thinking="it is", reasoning=None),
            said(tool_calls=[call]),
            said(tool_calls=[more], finish="tool_calls"),
            DONE,
        )
    )
    completion = await client.generate("hi")
    assert (completion.reasoning, completion.finish_reason) == ("hm so it is", "tool_calls")
    (called,) = completion.tool_calls
    assert (called.id, called.name, called.arguments) == ("call_1", "look", '{"a":1}')


CUTS = {
    "zero bytes": ((), ""),
    "comments alone": ((b": keep-alive\n\n",), ""),
    "a role alone": ((ROLE,), ""),
    "no finish_reason": ((ROLE, said("Hel")), "Hel"),
    "an empty finish_reason": ((said("Hel", finish=""),), "Hel"),
    "usage without finish_reason": ((said("Hel"), USAGE), "Hel"),
    "in the middle of an event": ((said("Hel"), said("lo", finish="stop")[:-1]), "Hel"),
    "in the middle of [DONE]": ((said("Hel"), DONE[:-1]), "Hel"),
}


@pytest.mark.parametrize(("parts", "text"), CUTS.values(), ids=CUTS.keys())
async def test_an_answer_that_is_cut_is_told(parts, text):
    client, transport = chat_client(says(*parts), WHOLE)
    with pytest.raises(StreamTruncatedError) as caught:
        await client.generate("hi")
    assert (caught.value.partial.text, caught.value.partial.state) == (text, "truncated")
    assert caught.value.task_id is None
    assert (len(transport.requests), transport.open) == (1, 0)


async def test_two_choices_have_to_end_both():
    both = [{"index": at, "delta": {"content": "a"}} for at in range(2)]
    ends = {"choices": [{"index": 1, "delta": {}, "finish_reason": "stop"}]}
    client, _ = chat_client(says(data({"choices": both}), data(ends)))
    with pytest.raises(StreamTruncatedError):
        await client.generate("hi")


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        ({"message": "out of memory", "type": "server_error", "code": 500}, "out of memory", "500"),
        ({"message": "no", "type": None, "param": None, "code": "flagged"}, "no", "flagged"),
        ("overloaded", "overloaded", None),
    ],
)
async def test_an_error_in_mid_stream_is_told(error, message, code):
    client, transport = chat_client(says(said("Hel"), data({"error": error}), DONE))
    with pytest.raises(TaskFailedError) as caught:
        await client.generate("hi")
    assert (caught.value.message, caught.value.code) == (message, code)
    assert caught.value.partial.text == "Hel"
    assert (len(transport.requests), transport.open) == (1, 0)


async def test_an_error_without_an_envelope_is_told():
    """The shape of older vLLM, which says `[DONE]` behind it all the same."""
    error = {"object": "error", "message": "out of memory", "type": "E", "code": 500}
    for first in ((ROLE, said("Hel")), (ROLE,), ()):
        client, transport = chat_client(says(*first, data(error), DONE))
        with pytest.raises(TaskFailedError, match="out of memory") as caught:
            await client.generate("hi")
        assert caught.value.code == "500"
        assert caught.value.partial.text == ("Hel" if len(first) == 2 else "")
        assert transport.open == 0


@pytest.mark.parametrize(
    "parts", [(DONE,), (USAGE, DONE), (data({"text": "no", "error_code": 5}), DONE)]
)
async def test_an_end_without_any_choice_is_no_answer(parts):
    client, transport = chat_client(says(*parts))
    with pytest.raises(ProtocolError, match="brought no choice"):
        await client.generate("hi")
    assert transport.open == 0


async def test_what_is_no_chunk_is_told():
    client, _ = chat_client(says(said("Hel"), b"data: {oops\n\n"))
    with pytest.raises(ProtocolError) as caught:
        await client.generate("hi")
    assert caught.value.partial.text == "Hel"


async def test_a_broken_connection_is_not_asked_again():
    client, transport = chat_client(says(said("Hel"), Break()), WHOLE)
    with pytest.raises(APIConnectionError) as caught:
        await client.generate("hi")
    assert caught.value.partial.text == "Hel"
    assert len(transport.requests) == 1


async def test_silence_has_a_limit():
    client, _ = chat_client(says(said("Hel"), Pause(31), DONE))
    with pytest.raises(APITimeoutError) as caught:
        await client.generate("hi", timeouts=Timeouts(stall=30))
    assert (caught.value.phase, caught.value.partial.text) == ("stall", "Hel")


async def test_only_what_was_certainly_not_accepted_is_sent_again():
    refused = Play((Break(sent=False),))
    client, transport = chat_client(refused, refusal(429), WHOLE, refusal(503), WHOLE)
    assert (await client.generate("hi")).text == "Hello"
    assert len(transport.requests) == 3
    with pytest.raises(Exception, match="503"):
        await client.generate("hi")
    assert len(transport.requests) == 4


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (404, NotFoundError)])
async def test_a_refusal_is_named(status, error):
    client, _ = chat_client(refusal(status, f"no {KEY}"), refusal(status), refusal(status))
    with pytest.raises(error, match="no \\*\\*\\*"):
        await client.generate("hi")
    with pytest.raises(error):
        await client.generate("hi", sync=True)
    with pytest.raises(error):
        await client.models()


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"object": "error", "message": "too long", "code": 400}, "too long", "400"),  # vLLM
        ({"error": {"message": "too long", "code": "n_ctx"}}, "too long", "n_ctx"),  # llama.cpp
        ({"error": "model not found"}, "model not found", None),  # Ollama
        ({"detail": "no images"}, "no images", None),  # FastAPI
        ({"detail": [{"loc": ["body"], "msg": "required"}]}, '"msg":"required"', None),
    ],
    ids=["vLLM", "llama.cpp", "Ollama", "FastAPI", "FastAPI in detail"],
)
async def test_a_refusal_is_told_in_the_words_of_the_engine(body, message, code):
    client, transport = chat_client(Play((as_json(body),), status=400, headers=JSON))
    with pytest.raises(BadRequestError) as caught:
        await client.generate("hi")
    assert message in caught.value.message
    assert (caught.value.code, transport.open) == (code, 0)


@pytest.mark.parametrize(
    "kind", ["text/event-stream;charset=utf-8", "Text/Event-Stream; charset=UTF-8"]
)
async def test_a_stream_may_name_its_charset(kind):
    client, _ = chat_client(Play((said("Hello"), DONE), headers={"content-type": kind}))
    assert (await client.generate("hi")).text == "Hello"


async def test_sync_is_one_request_without_a_stream():
    client, transport = chat_client(whole())
    completion = await client.generate("hi", model="m-1", sync=True)
    assert (completion.text, completion.reasoning) == ("Hello", "hm")
    assert (completion.usage.total_tokens, completion.task_id) == (9, None)
    assert body_of(transport) == {"model": "m-1", "messages": [ASKED]}
    assert transport.requests[0].headers["Accept"] == "application/json"


async def test_a_server_that_does_not_stream_is_read_all_the_same():
    client, _ = chat_client(whole())
    async with client.stream("hi") as answer:
        assert [(d.text, d.reasoning) async for d in answer] == [("Hello", "hm")]
    assert answer.completion.usage.total_tokens == 9


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error":{"message":"no credits","code":402}}', TaskFailedError),
        (b'{"error":"no credits"}', TaskFailedError),
        (b'{"object":"error","message":"no credits"}', TaskFailedError),
        (b'{"choices":[]}', ProtocolError),
        (b'{"id":"task-1","status":"pending"}', ProtocolError),
        (b"", ProtocolError),
        (b"<html>", ProtocolError),
    ],
)
async def test_json_that_is_no_completion_is_told(sync, body, error):
    client, transport = chat_client(Play((body,), headers=JSON))
    with pytest.raises(error):
        await client.generate("hi", sync=sync)
    assert transport.open == 0


async def test_models_are_those_of_the_server():
    flags = {"completion_chat": True, "vision": False}
    listed = [{"id": "a", "owned_by": "x"}, {"id": "b", "capabilities": flags}, {"object": "model"}]
    body = {"object": "list", "data": listed, "models": None}
    client, transport = chat_client(Play((as_json(body),), headers=JSON))
    assert [(m.id, m.capabilities) for m in await client.models()] == [("a", None), ("b", None)]
    assert transport.requests[0].method == "GET"


@pytest.fixture(params=EVERY_LANE)
def lane(request):
    return EVERY_LANE[request.param]


class TestOnSockets:
    """The same ends where the bytes come from a real connection."""

    @pytest.fixture
    def anyio_backend(self, lane):
        return BACKENDS[lane.backend]

    @staticmethod
    def client(lane, server) -> Client:
        return lane.client(f"{server.url}/v1", protocol="openai")

    @pytest.mark.parametrize(
        ("parts", "text"),
        [
            ((ROLE, said("Hel"), said("lo", finish="stop"), USAGE, DONE), "Hello"),
            ((said("Hello", finish="stop"), USAGE), "Hello"),
            ((b": hello\n\n", said("Hello"), DONE), "Hello"),
            ((said("Hello"), DONE, CUT), "Hello"),
            ((said("Hello"), DONE, RESET), "Hello"),
        ],
    )
    @pytest.mark.parametrize("framing", ["chunked", "close"])
    async def test_an_answer_is_whole(self, lane, parts, text, framing):
        async with serving(lambda asked: Answer(parts, framing=framing)) as server:
            async with self.client(lane, server) as client:
                completion = await client.generate("hi")
            (asked,) = server.asked
        assert completion.text == text
        assert (asked.method, asked.target) == ("POST", "/v1/chat/completions")

    @pytest.mark.parametrize(
        ("parts", "error", "partial"),
        [
            ((), StreamTruncatedError, ""),
            ((said("Hel"),), StreamTruncatedError, "Hel"),
            ((said("Hel"), data({"error": {"message": "no"}})), TaskFailedError, "Hel"),
            ((said("Hel"), 0.01, CUT), APIConnectionError, "Hel"),
            ((said("Hel"), 0.01, RESET), APIConnectionError, "Hel"),
        ],
        ids=["zero bytes", "end", "error", "cut", "reset"],
    )
    async def test_an_answer_that_is_cut_is_told(self, lane, parts, error, partial):
        async with serving(lambda asked: Answer(parts)) as server:
            async with self.client(lane, server) as client:
                with pytest.raises(error) as caught:
                    await client.generate("hi")
            assert len(server.asked) == 1
        assert caught.value.partial.text == partial

    async def test_what_breaks_behind_an_answer_does_not_harm_the_next(self, lane):
        async with serving(lambda asked: Answer((said("Hello"), DONE, CUT))) as server:
            async with self.client(lane, server) as client:
                texts = [(await client.generate("hi")).text for _ in range(3)]
            assert len(server.asked) == 3
        assert texts == ["Hello"] * 3

    async def test_leaving_closes_the_connection(self, lane):
        async with serving(lambda asked: Answer((said("Hel"), HANG))) as server:
            async with self.client(lane, server) as client:
                async with client.stream("hi") as answer:
                    assert (await anext(answer)).text == "Hel"
                await server.client_left()
        assert answer.state == "closed"
