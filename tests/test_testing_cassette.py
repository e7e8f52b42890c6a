"""Real streams recorded from a gateway over sockets, and played at every speed."""

from __future__ import annotations

import asyncio
import json
import time

import anyio
import pytest

import foxstream
from foxstream import Client, Timeouts
from foxstream.errors import InvalidInputError
from foxstream.exchange import Request
from foxstream.gateway.faults import Reply
from foxstream.testing import Cassette, CassetteError, ScriptedGateway
from foxstream.transports import Break, Pause, Play, ReplayTransport
from tests.lanes import LANES

KEY = "sk-secret-0123456789"
ELSEWHERE = "http://127.0.0.1:9"
SLOW = Play((Pause(50), b'data: {"choices":[{"delta":{"content":"A"}}]}\n\n', b"data: [DONE]\n\n"))


@pytest.fixture
def gateway():
    with ScriptedGateway() as gateway:
        yield gateway


@pytest.fixture(params=LANES.values(), ids=LANES.keys())
def lane(request):
    return request.param


async def ask(cassette, url, prompt="hi", *, inner=None, key=KEY, **options):
    transport = cassette.transport(inner)
    async with (
        Client(key, base_url=url, transport=transport) as client,
        client.stream(prompt, **options) as answer,
    ):
        deltas = [(delta.reasoning, delta.text) async for delta in answer]
    return deltas, answer


def recorded(path, lane, gateway, **options):
    cassette = Cassette(path, "once")
    assert cassette.recording
    said = lane.run(lambda: ask(cassette, gateway.url, inner=lane.transport(), **options))
    cassette.save()
    return said


def played(path, lane, *, speed=0.0, key="another-key", **options):
    cassette = Cassette(path, speed=speed)
    assert not cassette.recording
    said = lane.run(lambda: ask(cassette, ELSEWHERE, key=key, **options))
    cassette.check()
    return said


def test_what_was_recorded_is_played(tmp_path, lane, gateway):
    gateway.answer("fü", "chs", reasoning="Hm.", ttft=0.1, delay=0.05)
    path = tmp_path / "new" / "folder" / "a.jsonl"
    deltas, live = recorded(path, lane, gateway)
    again, replayed = played(path, lane)
    assert again == deltas == [("Hm.", ""), ("", "fü"), ("", "chs")]
    assert replayed.task_id == live.task_id
    assert replayed.timings.ttft == pytest.approx(live.timings.ttft, abs=0.05)
    assert replayed.timings.itl == pytest.approx(live.timings.itl, abs=0.05)
    assert {path.name} == {file.name for file in path.parent.iterdir()}


@pytest.mark.parametrize(("speed", "least"), [(0, 0), (1, 0.3), (3, 0.1)])
def test_the_speed_is_that_of_the_clock(tmp_path, gateway, speed, least):
    gateway.answer("A", "B", ttft=0.2, delay=0.1)
    path = tmp_path / "a.jsonl"
    _, live = recorded(path, LANES["aiohttp-asyncio"], gateway)
    began = time.monotonic()
    _, answer = played(path, LANES["aiohttp-asyncio"], speed=speed)
    took = time.monotonic() - began
    assert took >= least
    assert speed == 1 or took < live.timings.e2e
    assert answer.completion.text == "AB"


def test_a_cut_is_played_and_mended_again(tmp_path, lane, gateway):
    gateway.answer("A", "B", "C", cut_after=1)
    path = tmp_path / "a.jsonl"
    _, live = recorded(path, lane, gateway)
    for speed in (0, 100):
        _, replayed = played(path, lane, speed=speed)
        assert replayed.completion.text == live.completion.text == "ABC"
        assert replayed.timings.reconnects == live.timings.reconnects == 1


@pytest.mark.parametrize("speed", [0, 20])
def test_a_stall_is_played_too(tmp_path, gateway, speed):
    gateway.answer("A", "B", stall_after=1)
    path, lane = tmp_path / "a.jsonl", LANES["httpx-trio"]
    limits = Timeouts(stall=0.2)
    _, live = recorded(path, lane, gateway, timeouts=limits)
    limits = limits if speed == 0 else Timeouts(stall=0.2 / (speed + 1))
    _, replayed = played(path, lane, speed=speed, timeouts=limits)
    assert replayed.completion.text == live.completion.text == "AB"
    assert replayed.completion.recovered
    assert '"kind":"silence"' in path.read_text()


def test_a_connection_that_cannot_be_made_is_recorded(tmp_path):
    cassette = Cassette(tmp_path / "a.jsonl", "all")
    for _ in range(2):
        refused = ReplayTransport([Play((Break("refused", sent=False),), delay=0.5)] * 9)
        with pytest.raises(foxstream.APIConnectionError, match="refused") as caught:
            anyio.run(lambda: ask(cassette, ELSEWHERE, inner=refused, direct=True))  # noqa: B023
        assert not caught.value.sent
        cassette.save()
        cassette = Cassette(tmp_path / "a.jsonl")


def test_an_answer_that_never_came_is_recorded(tmp_path):
    cassette, late = Cassette(tmp_path / "a.jsonl", "all"), ReplayTransport([Play(delay=60)])
    for _ in range(2):
        with pytest.raises(foxstream.APITimeoutError):
            anyio.run(lambda: ask(cassette, ELSEWHERE, inner=late, timeouts=1.0))  # noqa: B023
        cassette.save()
        cassette = Cassette(tmp_path / "a.jsonl")


def test_who_left_early_may_not_read_on(tmp_path):
    stream = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
    cassette = Cassette(tmp_path / "a.jsonl", "all")

    async def leave():
        inner = ReplayTransport([Play((stream, Pause(1), b"data: [DONE]\n\n"))])
        client = Client(base_url=ELSEWHERE, transport=cassette.transport(inner))
        async for delta in client.stream("hi", direct=True):
            assert delta.text == "Hi"
            break
        client.close()

    anyio.run(leave)
    cassette.save()
    cassette = Cassette(tmp_path / "a.jsonl")
    with pytest.raises(foxstream.APIConnectionError, match="nobody read on") as caught:
        anyio.run(lambda: ask(cassette, ELSEWHERE, direct=True))
    assert caught.value.partial.text == "Hi"


def test_a_file_whose_answer_was_taken_out(tmp_path):
    path = tmp_path / "a.jsonl"
    asked = {"kind": "request", "method": "POST", "path": "/a", "body": None}
    head = '{"kind":"cassette","version":1}\n'
    path.write_text(head + json.dumps(asked) + "\n")
    transport = Cassette(path).transport()
    with pytest.raises(foxstream.APIConnectionError, match="no answer was recorded"):
        anyio.run(transport.send, Request("POST", "http://a/a"))


def test_an_upload_is_told_by_its_size_and_large_media_by_their_digest(tmp_path, gateway):
    gateway.answer("long")
    path, lane = tmp_path / "a.jsonl", LANES["aiohttp-asyncio"]
    video = b"\0\0\0\x20ftypisom" + bytes(600_000)
    recorded(path, lane, gateway, videos=[video])
    assert path.stat().st_size < 4000
    _, answer = played(path, lane, videos=[video])
    assert answer.completion.text == "long"
    with pytest.raises(CassetteError, match="there the body is"):
        played(path, lane, videos=[video + b"1"])

    async def upload(cassette, url):
        async with Client(base_url=url, transport=cassette.transport()) as client:
            return await client.upload(video, "clip.mp4")

    cassette = Cassette(tmp_path / "b.jsonl", "once")
    anyio.run(upload, cassette, gateway.url)
    cassette.save()
    assert anyio.run(upload, Cassette(tmp_path / "b.jsonl"), ELSEWHERE).filename == "clip.mp4"


def test_a_request_that_is_not_there(tmp_path, gateway):
    gateway.answer("ok")
    path = tmp_path / "a.jsonl"
    recorded(path, LANES["aiohttp-asyncio"], gateway)
    cassette = Cassette(path)
    with pytest.raises(CassetteError) as caught:
        anyio.run(lambda: ask(cassette, ELSEWHERE, "another question"))
    for told in (str(path), "another question", "'hi'", "POST /v1/llm/gen", "--fox-record=all"):
        assert told in str(caught.value)
    with pytest.raises(CassetteError, match="another question"):
        cassette.check()
    with pytest.raises(CassetteError, match="no such path is left"):
        anyio.run(Client(base_url=ELSEWHERE, transport=cassette.transport()).models)


def test_each_exchange_is_played_once(tmp_path, gateway):
    gateway.answer("ok")
    path = tmp_path / "a.jsonl"
    recorded(path, LANES["aiohttp-asyncio"], gateway)
    cassette = Cassette(path)
    anyio.run(lambda: ask(cassette, ELSEWHERE))
    with pytest.raises(CassetteError, match="no such path is left"):
        anyio.run(lambda: ask(cassette, ELSEWHERE))


def test_the_modes(tmp_path, gateway):
    path = tmp_path / "a.jsonl"
    with pytest.raises(CassetteError, match=r"a\.jsonl: record it with --fox-record=once"):
        Cassette(path)
    Cassette(path, "once").save()
    assert not path.exists()
    path.write_text("nonsense")
    assert Cassette(path, "all").recording
    with pytest.raises(CassetteError, match=r"a\.jsonl: line 1 .* --fox-record=all"):
        Cassette(path, "once")


@pytest.mark.parametrize(
    ("options", "told"), [({"mode": "new"}, "one of none"), ({"speed": -1}, "speed is -1")]
)
def test_options_that_make_no_sense(tmp_path, options, told):
    with pytest.raises(InvalidInputError, match=told):
        Cassette(tmp_path / "a.jsonl", **{"mode": "once", **options})


def test_no_key_is_in_the_file_wherever_it_was(tmp_path, gateway, monkeypatch):
    """In the headers, in a stream's URL, echoed in bodies and headers, cut in two by a read."""
    monkeypatch.setenv("FOXAPI_API_KEY", "sk-environment-1")
    team = "team-secret-9"
    task = {"id": "task-1", "stream": {"url": "/v1/s?token=tok-1&n=1"}, "access_token": "tok-2"}
    said = f'data: {{"choices":[{{"delta":{{"content":"{KEY} {team}"}}}}]}}\n\n'.encode()
    cut = said.index(KEY.encode()) + 5
    headers = {"content-type": "text/event-stream", "set-cookie": "session=tok-3"}
    plays = [
        Play((json.dumps(task).encode(),), headers={"content-type": "application/json"}),
        Play((said[:cut], said[cut:], b"data: sk-environment-1\n\n"), headers=headers),
        Play((Break(f"refused {KEY}"),)),
    ]
    cassette = Cassette(tmp_path / "a.jsonl", "once")
    inner = ReplayTransport([*plays, *[Play(status=404)] * 3])

    async def main():
        transport = cassette.transport(inner)
        options = {"headers": {"X-Team": team}, "retries": 0, "transport": transport}
        async with Client(KEY, base_url=ELSEWHERE, **options) as client:
            with pytest.raises(foxstream.FoxError):
                await client.generate(f"say {KEY}", extra={"password": "tok-4"})
            with pytest.raises(foxstream.FoxError):
                await client.generate("again", direct=True)

    anyio.run(main)
    cassette.save()
    file = cassette.path.read_text()
    assert "task-1" in file
    for secret in (KEY, team, "sk-env", "tok-1", "tok-2", "tok-3", "tok-4", "Bearer"):
        assert secret not in file
    assert [request.url.partition("?")[2] for request in inner.requests][1] == "token=tok-1&n=1"


def test_a_header_that_the_prompt_repeats_is_found_again(tmp_path):
    cassette = Cassette(tmp_path / "a.jsonl", "once")

    async def main(transport):
        headers = {"X-App": "fox-assistant"}
        async with Client(base_url=ELSEWHERE, headers=headers, transport=transport) as client:
            return (await client.generate("You are fox-assistant.", direct=True)).text

    assert anyio.run(main, cassette.transport(ReplayTransport([SLOW]))) == "A"
    cassette.save()
    assert "fox-assistant" not in cassette.path.read_text()
    assert anyio.run(main, Cassette(cassette.path).transport()) == "A"


def test_a_stream_url_with_a_token_is_found_again(tmp_path):
    task = {"id": "task-1", "stream": {"url": "/v1/s?token=tok-1&n=1"}}
    done = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
    done += b'event: done\ndata: {"total_chunks":1}\n\n'
    cassette = Cassette(tmp_path / "a.jsonl", "once")
    json_type = {"content-type": "application/json"}
    inner = ReplayTransport([Play((json.dumps(task).encode(),), headers=json_type), Play((done,))])
    anyio.run(lambda: ask(cassette, ELSEWHERE, inner=inner))
    cassette.save()
    cassette = Cassette(tmp_path / "a.jsonl")
    _, answer = anyio.run(lambda: ask(cassette, ELSEWHERE))
    assert answer.completion.text == "Hi"


def test_the_status_of_an_error_is_played(tmp_path, gateway):
    gateway.refuse(429, "slow down", retry_after=3600)
    gateway.answer(fault=Reply(500, b"oops"))
    cassette = Cassette(tmp_path / "a.jsonl", "once")
    for _ in range(2):
        with pytest.raises(foxstream.RateLimitError, match="slow down") as caught:
            anyio.run(lambda: ask(cassette, gateway.url))  # noqa: B023
        assert caught.value.retry_after == 3600
        cassette.save()
        cassette = Cassette(tmp_path / "a.jsonl")
    gateway.strict = False


@pytest.mark.parametrize("speed", [0, 50])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_transport_waits_and_closes(tmp_path, speed, backend):
    cassette = Cassette(tmp_path / "a.jsonl", "once", speed=speed)

    async def main(transport):
        before = transport.now()
        await transport.sleep(0.01)
        assert transport.now() - before >= 10_000_000
        await transport.aclose()
        transport.close()

    anyio.run(main, cassette.transport(ReplayTransport(())), backend=backend)
    cassette.path.write_text('{"kind":"cassette","version":1}\n')
    anyio.run(main, Cassette(cassette.path, speed=speed).transport(), backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_answers_that_are_read_at_once_wait_at_once(tmp_path, backend):
    """The clock is one for all, so it must not add up what passed side by side."""
    cassette, questions = Cassette(tmp_path / "a.jsonl", "once"), [f"q{at}" for at in range(9)]

    async def record():
        for question in questions:
            await ask(cassette, ELSEWHERE, question, inner=ReplayTransport([SLOW]), direct=True)

    async def play(transport):
        async with Client(KEY, base_url=ELSEWHERE, transport=transport) as client:
            streams = [client.stream(question, direct=True) for question in questions]
            async with anyio.create_task_group() as group:
                for stream in streams:
                    group.start_soon(stream.get_final_completion)
        return [stream.timings.ttft for stream in streams]

    anyio.run(record, backend=backend)
    cassette.save()
    played = Cassette(cassette.path)
    assert anyio.run(play, played.transport(), backend=backend) == [50.0] * len(questions)


async def _cancelled_in_the_middle(cassette):
    """Between the taking of a block and the waiting for it."""
    transport = cassette.transport()
    reading = asyncio.create_task(transport.send(Request("GET", f"{ELSEWHERE}/x"), 0))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


def test_a_cancelled_wait_is_no_timeout(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"kind":"cassette","version":1}\n'
        '{"kind":"request","method":"GET","path":"/x"}\n'
        '{"kind":"response","after":600,"status":200}\n'
    )
    began = time.monotonic()
    asyncio.run(_cancelled_in_the_middle(Cassette(path, speed=1)))
    assert time.monotonic() - began < 60
