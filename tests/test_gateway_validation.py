"""What a submit is refused for: status, type and code of every violation."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream.gateway.engine import Generation
from foxstream.gateway.models import MODELS, Model, capability_list, find_model
from foxstream.gateway.refusal import RefusedError
from foxstream.gateway.validation import Submission, validate
from tests.gatewaykit import SUBMIT, gateway, refused

MIB = 1024 * 1024
MP4 = "data:video/mp4;base64,"
PNG = "data:image/png;base64,AAAA"


def refusal_of(body: bytes | dict[str, object]) -> RefusedError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RefusedError) as caught:
        validate(raw, MODELS)
    return caught.value


def request(**fields: object) -> dict[str, object]:
    return {"model": "gemini-3.5-flash", "prompt": "p", **fields}


def custom(*blocks: object, **fields: object) -> dict[str, object]:
    message = {"role": "user", "content": list(blocks)}
    return {"model": "gemini-3.5-flash", "messages": [message], **fields}


def video(url: str) -> dict[str, object]:
    return {"type": "video_url", "video_url": {"url": url}}


def inline(size: int) -> str:
    return MP4 + "AAAA" * (size // 3 + 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"model": NaN}',
        b'{"model": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'\xef\xbb\xbf{"model": "m"}',
        b'{"model": "m"} x',
    ],
)
def test_a_body_that_is_no_json_object_is_malformed(body: bytes) -> None:
    refusal = refusal_of(body)
    assert (refusal.status, refusal.error.type) == (400, "invalid_request_error")
    assert refusal.error.code is msgspec.UNSET


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"prompt": "p"}, "model"),
        ({"model": None, "prompt": "p"}, "model"),
        ({"model": "gemini-3.5-flash"}, "prompt"),
        (request(prompt=None), "prompt"),
        (request(prompt=5), "prompt"),
        (request(prompt="x" * 100_001), "prompt"),
        (request(system_prompt="x" * 10_001), "system_prompt"),
        (request(max_tokens=0), "max_tokens"),
        (request(max_tokens="5"), "max_tokens"),
        (request(max_tokens=True), "max_tokens"),
        (request(temperature=2.1), "temperature"),
        (request(temperature=-0.1), "temperature"),
        (request(reasoning={"effort": "high"}), "reasoning"),
        (request(sync=None), "sync"),
        (request(stream="true"), "stream"),
        (request(image_urls=[]), "image_urls"),
        (request(video_urls=["https://h/v.mp4"] * 11), "video_urls"),
        (request(video_urls="https://h/v.mp4"), "video_urls"),
        (request(audio_url=""), "audio_url"),
        (request(audio_url=["https://h/a"]), "audio_url"),
        (request(video_urls=["https://h/v"], image_urls=["https://h/i"]), "image_urls and video"),
        ({"model": "gemini-3.5-flash", "video_urls": ["https://h/v"]}, "prompt"),
        (request(messages=[]), "messages"),
        (request(messages=[{"content": "x"}]), "role"),
        (request(messages=[{"role": "robot", "content": "x"}]), "robot"),
        (custom({"type": "smell", "smell": 1}), "smell"),
        (custom({"type": "video_url", "video_url": "https://h/v"}), "video_url"),
        (custom(video("")), "url"),
        (custom(video("ftp://h/v")), "video"),
        (request(video_urls=["file:///etc/passwd"]), "video"),
        (request(video_urls=["https://"]), "video"),
        (request(video_urls=["http://[::1"]), "video"),
        (request(video_urls=["AAAA" * 2000]), "video"),
        (request(video_urls=["data:video/mp4,plain"]), "video"),
        (request(video_urls=[inline(5 * MIB)]), "video"),
        (request(image_urls=[PNG] * 6), "image"),
        (custom(*[video(inline(9))] * 6), "video"),
        (request(model="gpt-5.4", max_tokens=15), "max_tokens"),
        (custom({"type": "text", "text": "x"}, model="claude-opus-4-7"), "max_tokens"),
    ],
)
def test_a_bad_value_is_named(body: dict[str, object], named: str) -> None:
    refusal = refusal_of(body)
    assert (refusal.status, refusal.error.type) == (422, "invalid_request_error")
    assert refusal.error.code == "invalid_param"
    assert named in refusal.error.message
    assert len(refusal.error.message) < 300


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (request(model="gpt-2"), "no_available_model"),
        (request(model=""), "no_available_model"),
        (request(model="kimi-k2.6", video_urls=["https://h/v"]), "model_not_support_capability"),
        (request(model="gpt-5.4", audio_url="https://h/a"), "model_not_support_capability"),
        (custom(video("https://h/v"), model="gpt-5.5"), "model_not_support_capability"),
        (
            custom(
                {"type": "file_url", "file_url": {"url": "https://h/d"}}, model="gemini-2.5-pro"
            ),
            "model_not_support_capability",
        ),
        (
            request(model="nemotron-3-nano-omni", video_urls=["https://h/1", "https://h/2"]),
            "model_rule_violation",
        ),
        (request(model="nemotron-3-nano-omni", image_urls=[PNG] * 2), "model_rule_violation"),
        (
            request(model="nemotron-3-nano-omni", audio_url="data:audio/ogg;base64,AAAA"),
            "model_rule_violation",
        ),
        (request(video_urls=["https://www.youtube.com/shorts/abc"]), "model_rule_violation"),
        (
            request(model="nemotron-3-nano-omni", video_urls=["https://youtu.be/abc"]),
            "model_rule_violation",
        ),
        (request(video_urls=[PNG]), "invalid_file_type"),
        (request(audio_url=MP4 + "AAAA"), "invalid_file_type"),
    ],
)
def test_what_the_model_cannot_take_has_its_code(body: dict[str, object], code: str) -> None:
    refusal = refusal_of(body)
    assert (refusal.status, refusal.error.type) == (422, "invalid_request_error")
    assert refusal.error.code == code


@pytest.mark.parametrize(
    "body",
    [
        request(prompt="x" * 100_000, system_prompt="x" * 10_000, temperature=0, max_tokens=1),
        request(prompt="\U0001f98a" * 100_000),
        request(temperature=None, max_tokens=None, reasoning=None, system_prompt=None),
        request(top_p=1, whatever=[]),
        request(video_urls=[f"https://h/{n}.mp4" for n in range(10)]),
        request(video_urls=["HTTPS://youtu.be/abc", "https://www.youtube.com/watch?v=a"]),
        request(video_urls=["DATA:video/MP4;codecs=avc1;base64,AAAA"]),
        request(video_urls=[inline(5 * MIB - 3)]),
        request(video_urls=[inline(6 * MIB)], sync=True),
        request(image_urls=[PNG] * 10, sync=True),
        request(model="gpt-5.4", max_tokens=16),
        request(model="claude-opus-4-7"),
        request(model="nemotron-3-nano-omni", audio_url="data:audio/wav;base64,AAAA"),
        request(model="nemotron-3-nano-omni", audio_url="https://h/a.ogg"),
        custom(video("https://h/v"), {"type": "text", "text": "x"}, max_tokens=5),
        custom({"type": "text", "text": "x"}, model="claude-opus-4-7", max_tokens=5),
        {"model": "gemini-3.5-flash", "messages": [{"role": "system", "content": "x"}]},
    ],
)
def test_what_the_contract_allows_passes(body: dict[str, object]) -> None:
    assert isinstance(validate(json.dumps(body).encode(), MODELS).generation, Generation)


words = st.sampled_from(
    ["", "gpt-5.4", "gemini-3.5-flash", "user", "https://[", "data:a/b;base64,"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner) | st.dictionaries(words, inner),
    max_leaves=5,
)
fields = st.sampled_from(
    ["model", "prompt", "messages", "image_urls", "video_urls", "audio_url", "max_tokens", "sync"]
)


@given(st.binary() | st.dictionaries(fields, values).map(lambda d: json.dumps(d).encode()))
def test_no_body_does_anything_but_pass_or_be_refused(body: bytes) -> None:
    outcome: object = None
    try:
        outcome = validate(body, MODELS)
    except RefusedError as refusal:
        outcome = refusal.status
    assert isinstance(outcome, Submission) or outcome in (400, 422)


def test_models_of_ones_own() -> None:
    mine = [Model(id="tiny", capabilities=("text",))]
    assert find_model(mine, "tiny") is mine[0]
    assert capability_list(mine).data[0].capabilities == ("text",)
    assert validate(b'{"model": "tiny", "prompt": "p"}', mine).generation.model == "tiny"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_the_lists_of_models(anyio_backend: str) -> None:
    async with gateway() as session:
        async with session.get("/v1/configs/llm_generations_models") as response:
            listed = await response.json()
        async with session.get("/v1/models") as response:
            chat = await response.json()
    assert listed["object"] == chat["object"] == "list"
    assert {
        "id": "gemini-3.5-flash",
        "object": "model",
        "capabilities": ["text", "vision", "video", "audio", "file"],
    } in listed["data"]
    assert {"id": "gpt-5.4", "object": "model", "owned_by": "foxstream"} in chat["data"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_a_refusal_travels_in_the_envelope(anyio_backend: str) -> None:
    body = request(model="gpt-2")
    async with gateway() as session, session.post(SUBMIT, json=body) as response:
        assert await refused(response) == (422, "invalid_request_error", "no_available_model")
