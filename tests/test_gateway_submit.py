"""Submitting: the four answers by (sync, stream), and the five variants of the request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from foxstream.answer import Usage
from foxstream.gateway import Fail, Generation, Piece, ScriptedEngine, Think, Wait
from foxstream.gateway.validation import TRANSCRIBE
from tests.gatewaykit import ON_ASYNCIO, SUBMIT, TEXT, decoded, gateway, refused, submit, text_of

pytestmark = ON_ASYNCIO

ANSWER = [Think("hm"), "Hel", "lo", Piece(finish_reason="stop", usage=Usage(1, 2, 3))]


async def test_a_task_without_a_stream_is_answered_like_the_vendors_sample() -> None:
    async with gateway() as session:
        task = await submit(session)
    assert re.fullmatch(r"task-llmrouter-\d{10}-[a-z0-9]{8}", task.pop("id"))
    assert isinstance(task.pop("created"), int)
    assert task == {
        "object": "llm.generation.task",
        "type": "llm",
        "model": "gemini-2.5-pro",
        "status": "pending",
        "progress": 0,
        "stream": None,
        "results": None,
        "error": None,
    }


async def test_a_streamed_task_names_its_stream_by_a_root_relative_path() -> None:
    async with gateway() as session:
        task = await submit(session, stream=True)
    assert task["stream"] == {"url": f"/v1/llm/generations/{task['id']}/stream"}


async def test_sync_answers_with_the_bare_completion() -> None:
    async with gateway(ANSWER) as session:
        completion = await submit(session, sync=True)
    assert completion.pop("id").startswith("chatcmpl-")
    assert isinstance(completion.pop("created"), int)
    assert completion == {
        "object": "chat.completion",
        "model": "gemini-2.5-pro",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }


async def test_sync_with_stream_streams_on_the_post_itself() -> None:
    async with (
        gateway(ANSWER) as session,
        session.post(SUBMIT, json={**TEXT, "sync": True, "stream": True}) as response,
    ):
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        stream = decoded(await response.read())
    assert text_of(stream) == "Hello"
    assert stream[-1] == ("done", {"total_chunks": 4})


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("upstream_error", (503, "service_unavailable", "upstream_error")),
        ("internal_error", (500, "internal_error", "internal_error")),
        ("invalid_media_url", (422, "invalid_request_error", "invalid_media_url")),
        ("model_unavailable", (422, "invalid_request_error", "model_unavailable")),
    ],
)
async def test_sync_tells_a_failure_by_status(code: str, told: tuple[int, str, str]) -> None:
    async with (
        gateway([Fail("no luck", code)]) as session,
        session.post(SUBMIT, json={**TEXT, "sync": True}) as response,
    ):
        assert await refused(response) == told
        assert (await response.json())["error"]["message"] == "no luck"


async def test_sync_with_stream_tells_a_failure_on_the_stream() -> None:
    async with (
        gateway(["a", Fail("no luck")]) as session,
        session.post(SUBMIT, json={**TEXT, "sync": True, "stream": True}) as response,
    ):
        assert decoded(await response.read())[-1] == ("error", {"message": "no luck"})


class Endless:
    """Says one word, then waits for ever; `left` once it was stopped."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def run(self, generation: Generation, _media: object) -> AsyncIterator[Piece]:
        try:
            yield Piece(text=generation.prompt)
            await asyncio.Event().wait()
        finally:
            self.left.set()


async def test_a_blocking_stream_that_is_left_takes_its_answer_with_it() -> None:
    engine = Endless()
    async with gateway(engine) as session:
        async with session.post(SUBMIT, json={**TEXT, "sync": True, "stream": True}) as response:
            assert await response.content.readany()
        async with asyncio.timeout(5):
            await engine.left.wait()


def block(kind: str, url: str) -> dict[str, object]:
    return {"type": kind, kind: {"url": url}}


AUDIO = "https://h/a.mp3"
MESSAGES = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": None, "tool_calls": []},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "what"},
            block("image_url", "https://h/a.png"),
            block("video_url", "https://h/v.mp4"),
            block("audio_url", AUDIO),
            block("file_url", "https://h/d.pdf"),
            {"type": "text", "text": "is it"},
        ],
    },
]
MODEL = {"model": "gemini-3.5-flash"}


@pytest.mark.parametrize(
    ("fields", "seen", "pattern"),
    [
        ({"prompt": "p", "video_urls": None}, Generation("gemini-3.5-flash", "p"), "llmrouter"),
        (
            {"prompt": "p", "image_urls": ["https://h/1", "data:image/png;base64,AA=="]},
            Generation(
                "gemini-3.5-flash", "p", images=("https://h/1", "data:image/png;base64,AA==")
            ),
            "llmrouter",
        ),
        (
            {"prompt": "p", "video_urls": ["https://h/v.mp4"], "system_prompt": "s"},
            Generation("gemini-3.5-flash", "p", "s", videos=("https://h/v.mp4",)),
            "llmrouter",
        ),
        (
            {"audio_url": AUDIO, "max_tokens": 1, "temperature": 2, "reasoning": True},
            Generation(
                "gemini-3.5-flash",
                TRANSCRIBE,
                audios=(AUDIO,),
                max_tokens=1,
                temperature=2.0,
                reasoning=True,
            ),
            "llm",
        ),
        (
            {"messages": MESSAGES, "top_p": 0.5, "system_prompt": "be kind"},
            Generation(
                "gemini-3.5-flash",
                "what\nis it",
                "be kind\nbe brief",
                ({"role": "system", "content": "be kind"}, *MESSAGES),
                ("https://h/a.png",),
                ("https://h/v.mp4",),
                (AUDIO,),
                ("https://h/d.pdf",),
                extra={"top_p": 0.5},
            ),
            "llm",
        ),
    ],
    ids=["text", "vision", "video", "audio", "custom"],
)
async def test_each_variant_reaches_the_engine(
    fields: dict[str, object], seen: Generation, pattern: str
) -> None:
    engine = ScriptedEngine(["ok"])
    async with (
        gateway(engine) as session,
        session.post(SUBMIT, json={**MODEL, **fields}) as response,
    ):
        assert response.status == 200, await response.text()
        assert re.match(rf"task-{pattern}-\d", (await response.json())["id"])
    assert engine.seen == [seen]


async def test_a_script_can_depend_on_the_request() -> None:
    def parrot(generation: Generation) -> list[object]:
        return [Wait(0), generation.prompt.upper()]

    async with gateway(parrot) as session:
        completion = await submit(session, sync=True)
    assert completion["choices"][0]["message"]["content"] == "HELLO"
