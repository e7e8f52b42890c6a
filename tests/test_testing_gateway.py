"""A gateway that answers as scripted: asked over real sockets, from every way to the network."""

from __future__ import annotations

import threading
import time
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

import foxstream
from foxstream import Client, Usage
from foxstream.errors import InvalidInputError
from foxstream.gateway.faults import Comments, Lost
from foxstream.gateway.models import MODELS
from foxstream.testing import Asked, ScriptedGateway, UnansweredError, UnaskedError
from foxstream.testing.turns import Turns
from tests.gatewaykit import PNG, SUBMIT
from tests.lanes import LANES


@pytest.fixture
def gateway():
    with ScriptedGateway() as gateway:
        yield gateway


@pytest.fixture(params=LANES.values(), ids=LANES.keys())
def lane(request):
    return request.param


async def heard(client: Client, prompt: str = "hi", **options):
    """The deltas of an answer, and the stream they came by."""
    async with client.stream(prompt, **options) as answer:
        return [delta async for delta in answer], answer


def test_answers_are_said_in_order(gateway, lane):
    gateway.answer("A fox, ", "running.", reasoning="Hm.", usage=Usage(12, 5, 17))
    gateway.answer("Red.", finish_reason="length")

    async def main():
        async with lane.client(gateway.url) as client:
            deltas, answer = await heard(client)
            second = await client.generate("colour?", model="a-new-model", images=[PNG])
        return deltas, answer.completion, second

    deltas, first, second = lane.run(main)
    assert [(d.reasoning, d.text) for d in deltas] == [
        ("Hm.", ""),
        ("", "A fox, "),
        ("", "running."),
    ]
    assert (first.finish_reason, first.usage) == ("stop", Usage(12, 5, 17))
    assert (second.text, second.finish_reason) == ("Red.", "length")
    assert [asked.prompt for asked in gateway.requests] == ["hi", "colour?"]
    assert gateway.requests[1].model == "a-new-model"
    assert gateway.requests[1].images[0].startswith("data:image/png;base64,")
    gateway.check()


def test_what_is_asked_is_told_without_the_key(gateway):
    gateway.answer("ok")

    async def main():
        headers = {"X-Team-Token": "secret-1", "X-Team": "a"}
        async with Client("sk-secret", base_url=gateway.url, headers=headers) as client:
            messages = [{"role": "user", "content": "hi"}]
            await client.generate(messages=messages, temperature=0.5, max_tokens=9)

    anyio.run(main)
    (asked,) = gateway.requests
    assert (asked.messages, asked.temperature, asked.max_tokens) == (
        ({"role": "user", "content": "hi"},),
        0.5,
        9,
    )
    assert asked.headers["x-team"] == "a"
    assert "secret" not in repr(gateway.requests)


@pytest.mark.parametrize("protocol", ["foxapi", "openai"])
def test_the_time_to_the_first_token_is_that_of_the_script(gateway, protocol):
    gateway.answer("A", "B", "C", ttft=0.15, delay=0.05)

    async def main():
        url = gateway.url + ("/v1" if protocol == "openai" else "")
        async with Client(base_url=url, protocol=protocol) as client:
            return (await heard(client))[1].timings

    timings = anyio.run(main)
    assert timings.ttft >= 0.15
    assert len(timings.itl) == 2
    assert sum(timings.itl) >= 0.09


@pytest.mark.parametrize(
    "mishap",
    [
        {"cut_after": 0},
        {"cut_after": 1},
        {"cut_after": 1, "ending": "end"},
        {"cut_after": 2, "ending": "reset"},
        {"stall_after": 0},
        {"stall_after": 1},
    ],
    ids=repr,
)
def test_a_cut_is_met_once_and_mended(gateway, lane, mishap):
    gateway.answer("A", "B", "C", **mishap)
    gateway.answer("D")

    async def main():
        timeouts = foxstream.Timeouts(first_token=0.1, stall=0.1)
        async with lane.client(gateway.url, timeouts=timeouts) as client:
            _, mended = await heard(client)
            _, healthy = await heard(client)
        return mended, healthy

    mended, healthy = lane.run(main)
    assert mended.completion.text == "ABC"
    assert mended.completion.recovered
    assert (healthy.completion.text, healthy.timings.reconnects) == ("D", 0)


def test_a_cut_in_direct_mode_is_told(gateway):
    gateway.answer("A", "B", cut_after=1)

    async def main():
        async with Client(base_url=gateway.url) as client:
            await heard(client, direct=True)

    with pytest.raises(foxstream.APIConnectionError) as caught:
        anyio.run(main)
    assert caught.value.partial.text == "A"
    gateway.check()


def test_each_of_many_at_once_has_its_own_mishap(gateway):
    for _ in range(8):
        gateway.answer("A", "B", cut_after=1)
        gateway.answer("A", "B")
    streams = []

    async def ask(client):
        streams.append((await heard(client))[1])

    async def main():
        async with Client(base_url=gateway.url) as client, anyio.create_task_group() as tasks:
            for _ in range(16):
                tasks.start_soon(ask, client)

    anyio.run(main)
    assert {stream.completion.text for stream in streams} == {"AB"}
    assert sorted(stream.timings.reconnects for stream in streams) == [0] * 8 + [1] * 8


def test_refusals(gateway):
    gateway.refuse(429, "slow down", retry_after=0)
    gateway.answer("ok")
    gateway.refuse(402, code="no_credits")

    async def main():
        async with Client(base_url=gateway.url) as client:
            assert (await client.generate("hi")).text == "ok"
            with pytest.raises(foxstream.InsufficientQuotaError, match="refused by the test") as no:
                await client.generate("hi")
            assert no.value.code == "no_credits"

    anyio.run(main)
    assert len(gateway.requests) == 3
    gateway.check()


def test_failures_and_faults_of_the_gateway_itself(gateway):
    gateway.answer("half", error="overloaded")
    gateway.answer("A", "B", fault=Comments())
    gateway.answer(fault=Lost())

    async def main():
        async with Client(base_url=gateway.url) as client:
            with pytest.raises(foxstream.TaskFailedError, match="overloaded") as failed:
                await client.generate("hi")
            assert failed.value.partial.text == "half"
            assert (await client.generate("hi")).text == "AB"
            with pytest.raises(foxstream.APIConnectionError):
                await client.generate("hi")

    anyio.run(main)


def test_an_answer_that_nobody_scripted(gateway):
    async def main():
        async with Client(base_url=gateway.url) as client:
            await client.generate("more?")

    with pytest.raises(foxstream.BadRequestError, match="no answer is left"):
        anyio.run(main)
    with pytest.raises(UnansweredError, match=r"1 of 1 requests found no answer, first 'more\?'"):
        gateway.check()


def test_an_answer_that_nobody_asked_for(gateway):
    gateway.answer("ok")
    with pytest.raises(UnaskedError, match="1 scripted answers were not asked for"):
        gateway.check()
    gateway.strict = False
    gateway.check()


def test_what_the_service_refuses_uses_no_answer_up(gateway):
    gateway.answer("ok")

    async def main():
        async with Client(base_url=gateway.url) as client:
            with pytest.raises(foxstream.UnprocessableEntityError, match="video"):
                await client.generate("hi", model="gpt-5.5", videos=["http://a/b.mp4"])
            async with httpx.AsyncClient() as stranger:
                refused = await stranger.post(gateway.url + SUBMIT, content=b"{")
                assert refused.status_code == 400
            assert (await client.generate("hi", extra={"headers": 1})).text == "ok"

    anyio.run(main)
    assert [asked.prompt for asked in gateway.requests] == ["hi", None, None]
    gateway.check()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ttft": -1}, "ttft is -1"),
        ({"delay": float("nan")}, "delay is nan"),
        ({"cut_after": -1}, "cut_after is -1"),
        ({"cut_after": 1, "stall_after": 1}, "exclude each other"),
        ({"cut_after": 1, "fault": Lost()}, "exclude each other"),
    ],
)
def test_a_script_that_makes_no_sense(options, told):
    with pytest.raises(InvalidInputError, match=told):
        ScriptedGateway().answer("x", **options)


def test_a_refusal_that_is_none():
    with pytest.raises(InvalidInputError, match="status is 200"):
        ScriptedGateway().refuse(200)
    with pytest.raises(InvalidInputError, match="retry_after is -1"):
        ScriptedGateway().refuse(429, retry_after=-1)


@pytest.mark.parametrize("piece", [["A fox, ", "running."], b"A fox", None])
def test_a_piece_that_is_no_text(piece):
    with pytest.raises(InvalidInputError, match=r"a piece is .*: give each as a string"):
        ScriptedGateway().answer("ok", piece)


def test_a_long_wait_is_told_in_full(gateway):
    gateway.refuse(429, retry_after=1234567)

    async def main():
        async with Client(base_url=gateway.url) as client:
            with pytest.raises(foxstream.RateLimitError) as caught:
                await client.generate("hi")
        return caught.value.retry_after

    assert anyio.run(main) == 1234567


def test_two_gateways_know_nothing_of_each_other():
    assert Turns(ScriptedGateway()._script).models == list(MODELS)
    with ScriptedGateway() as one, ScriptedGateway() as other:
        assert one.url != other.url
        assert one.requests == other.requests == []


def test_a_gateway_that_cannot_start_leaves_no_thread(monkeypatch):
    @asynccontextmanager
    async def no_port(*_, **__):
        raise OSError("no port is left")
        yield

    monkeypatch.setattr("foxstream.testing.gateway.running_gateway", no_port)
    before = set(threading.enumerate())
    with pytest.raises(OSError, match="no port"):
        ScriptedGateway().__enter__()
    assert set(threading.enumerate()) == before


def test_a_stalled_stream_does_not_keep_the_gateway():
    with ScriptedGateway() as gateway:
        gateway.answer("A", "B", stall_after=1)

        async def main():
            async with Client(base_url=gateway.url) as client, client.stream("hi") as answer:
                return await anext(answer)

        assert anyio.run(main).text == "A"
        began = time.monotonic()
    assert time.monotonic() - began < 1
    assert gateway.requests[0] == Asked(
        prompt="hi", model="gemini-2.5-pro", headers=gateway.requests[0].headers
    )
