"""The client's other calls, in virtual time: tasks, waiting, blocking answers, models, uploads."""

from __future__ import annotations

import traceback
from contextlib import suppress

import anyio
import msgspec
import pytest

import foxstream
from foxstream import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    Client,
    Completion,
    InternalServerError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    RateLimitError,
    RequestTooLargeError,
    Retries,
    StreamTruncatedError,
    TaskFailedError,
    Timeouts,
)
from foxstream.transports import Break, Pause, Play, ReplayTransport
from tests.script import (
    JSON,
    KEY,
    TASK,
    accepted,
    as_json,
    chunk,
    client_of,
    done,
    refusal,
    says,
    task,
)

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
MP4 = b"\0\0\0\x20ftypisom" + b"\0" * 100


async def test_submit_returns_the_task_and_follows_nothing():
    client, transport = client_of(accepted(progress=3, usage={"credits_reserved": 5}))
    submitted = await client.submit("hi", model="m-1", max_tokens=5)
    assert (submitted.id, submitted.status, submitted.progress) == (TASK, "pending", 3)
    assert submitted.usage == {"credits_reserved": 5}
    body = msgspec.json.decode(transport.requests[0].body)
    assert body == {"model": "m-1", "prompt": "hi", "max_tokens": 5, "stream": True}


async def test_submit_without_a_stream_says_nothing_of_it():
    client, transport = client_of(accepted(stream=None))
    assert (await client.submit("hi", stream=False)).stream_url is None
    assert b"stream" not in transport.requests[0].body


async def test_get_task_looks_once():
    client, transport = client_of(task("completed", "Hello"))
    looked = await client.get_task(TASK)
    assert (looked.status, looked.ended, looked.completion.text) == ("completed", True, "Hello")
    assert transport.requests[0].url == f"https://fox.test/v1/tasks/{TASK}"


async def test_attach_follows_from_the_beginning():
    client, transport = client_of(says(chunk("a"), chunk("b"), done(2)))
    answer = client.attach(TASK)
    assert [delta.text async for delta in answer] == ["a", "b"]
    assert answer.task_id == TASK
    assert transport.requests[0].url.endswith(f"/v1/llm/generations/{TASK}/stream")


@pytest.mark.parametrize("task_id", ["", "../admin", "a b", "x" * 300, "-x", 7, None, "a\n"])
async def test_a_task_id_that_is_none_is_refused(task_id):
    client, transport = client_of()
    with pytest.raises(InvalidInputError, match="task_id"):
        client.attach(task_id)
    with pytest.raises(InvalidInputError, match="task_id"):
        await client.get_task(task_id)
    with pytest.raises(InvalidInputError, match="task_id"):
        await client.wait(task_id)
    assert transport.requests == []


async def test_wait_polls_until_there_are_results():
    client, transport = client_of(
        task("pending"),
        task("processing", progress=10),
        task("completed"),
        task("completed", "Hello"),
    )
    completion = await client.wait(TASK)
    assert (completion.text, completion.usage.total_tokens, completion.task_id) == (
        "Hello",
        9,
        TASK,
    )
    queries = [request.url.partition("?")[2] for request in transport.requests]
    assert queries == ["", "sync_upstream=true", "sync_upstream=true", ""]
    assert transport.now() / 1e9 == 12


async def test_wait_gives_up_on_a_completed_task_without_results():
    client, transport = client_of(*[task("completed")] * 40)
    with pytest.raises(StreamTruncatedError, match="60 s") as caught:
        await client.wait(TASK)
    assert caught.value.task_id == TASK
    assert transport.now() / 1e9 == 60


async def test_wait_tells_why_a_task_failed():
    failure = {"message": "too long", "code": "model_rule_violation", "type": "task_error"}
    client, _ = client_of(task("processing"), task("failed", error=failure))
    with pytest.raises(TaskFailedError, match="too long") as caught:
        await client.wait(TASK)
    assert (caught.value.code, caught.value.task_id) == ("model_rule_violation", TASK)


async def test_wait_ends_when_the_task_shows_no_change():
    moving = [task("processing", progress=n // 3) for n in range(9)]
    client, transport = client_of(*moving, *[task("processing", progress=2)] * 20)
    with pytest.raises(APITimeoutError) as caught:
        await client.wait(TASK, Timeouts(task=22))
    assert caught.value.phase == "task"
    assert transport.now() / 1e9 == 30 + 22


async def test_wait_obeys_total():
    client, transport = client_of(*[task("processing")] * 99)
    with pytest.raises(APITimeoutError) as caught:
        await client.wait(TASK, 12.0)
    assert (caught.value.phase, transport.now() / 1e9) == ("total", 12)


async def test_wait_without_any_clock_waits_on():
    client, transport = client_of(*[task("processing")] * 999, task("completed", "Hi"))
    assert (await client.wait(TASK, Timeouts(task=None))).text == "Hi"
    assert transport.now() / 1e9 == 999 * 5


async def test_a_look_that_is_not_answered_is_a_failed_try():
    mute = Play(delay=1e6)
    client, transport = client_of(mute, mute, task("completed", "Hi"))
    assert (await client.wait(TASK, Timeouts(submit=10, task=None))).text == "Hi"
    assert 20 <= transport.now() / 1e9 < 22
    client, transport = client_of(*[mute] * 9)
    with pytest.raises(APITimeoutError) as caught:
        await client.wait(TASK, Timeouts(submit=10, task=25))
    assert (caught.value.phase, transport.now() / 1e9) == ("task", 25)


async def test_wait_retries_what_may_pass():
    client, transport = client_of(
        refusal(503),
        Play((Break("gone"),)),
        refusal(429, **{"retry-after": "20"}),
        task("completed", "Hello"),
        retries=3,
    )
    assert (await client.wait(TASK)).text == "Hello"
    assert 20 <= transport.now() / 1e9 <= 22


@pytest.mark.parametrize(
    ("plays", "kind"),
    [
        ([refusal(500)] * 3, InternalServerError),
        ([refusal(404)], NotFoundError),
        ([refusal(429, **{"retry-after": "90"})], RateLimitError),
        ([Play((b"<html>",), headers=JSON)], ProtocolError),
    ],
)
async def test_wait_raises_what_does_not_pass(plays, kind):
    client, transport = client_of(*plays, retries=Retries(limit=2))
    with pytest.raises(kind) as caught:
        await client.wait(TASK)
    assert caught.value.task_id == TASK
    assert len(transport.requests) == len(plays)


async def test_generate_streams_to_the_end_and_knows_usage():
    client, _ = client_of(accepted(), says(chunk("Hi"), done(1)), task("completed", "Hi"))
    completion = await client.generate("hi", images=["https://x.test/a.png"])
    assert (completion.text, completion.usage.total_tokens) == ("Hi", 9)


async def test_generate_blocking_is_one_request():
    body = {"object": "chat.completion", "choices": [{"message": {"content": "Hi"}}]}
    client, transport = client_of(Play((as_json(body),), headers=JSON))
    assert (await client.generate("hi", sync=True)).text == "Hi"
    assert msgspec.json.decode(transport.requests[0].body)["sync"] is True


@pytest.mark.parametrize("option", ["direct", "verify"])
async def test_generate_blocking_excludes_what_needs_a_stream(option):
    client, transport = client_of()
    with pytest.raises(InvalidInputError, match="need a stream"):
        await client.generate("hi", sync=True, **{option: True})
    assert transport.requests == []


async def test_generate_blocking_that_is_answered_with_a_task_polls_it():
    object_name = {"object": "llm.generation.task"}
    client, _ = client_of(accepted(**object_name), task("completed", "Hi"))
    assert (await client.generate("hi", sync=True)).text == "Hi"


async def test_models():
    listed = {"data": [{"id": "a", "capabilities": ["text"]}, {"id": "b"}, {"id": None}]}
    client, transport = client_of(Play((as_json(listed),), headers=JSON))
    models = await client.models()
    assert [(m.id, m.capabilities) for m in models] == [("a", ("text",)), ("b", None)]
    assert transport.requests[0].url == "https://fox.test/v1/configs/llm_generations_models"


UPLOADED = Play((as_json({"url": "https://cdn.test/f.mp4", "size": 9}),), headers=JSON)


async def sent(body: object) -> bytes:
    blocks = [block async for block in body.blocks()]
    assert body.length == sum(map(len, blocks))
    return b"".join(blocks)


async def test_upload_streams_a_file(tmp_path):
    path = tmp_path / 'a "clip".mp4'
    path.write_bytes(MP4 * 30_000)
    client, transport = client_of(UPLOADED)
    shares = []
    upload = await client.upload(path, on_status=lambda status: shares.append(status.share))
    assert (upload.url, upload.size, upload.id) == ("https://cdn.test/f.mp4", 9, None)
    body = await sent(transport.requests[0].body)
    assert b'filename="a %22clip%22.mp4"\r\nContent-Type: video/mp4\r\n\r\n' + MP4 in body
    assert (
        transport.requests[0].headers["Content-Type"].startswith("multipart/form-data; boundary=")
    )
    assert shares[-1] == 1.0
    assert len(shares) > 3


async def test_an_upload_has_the_submit_clock_and_a_second_more_per_64_kib():
    slow = Play(UPLOADED.parts, headers=JSON, delay=12.5)
    client, _ = client_of(slow, timeouts=Timeouts(submit=10))
    assert (await client.upload(b"x" * 64 * 1024 * 3)).url
    client, transport = client_of(slow, timeouts=Timeouts(submit=10))
    with pytest.raises(APITimeoutError, match=r"within 12 s \(submit\)") as caught:
        await client.upload(b"x" * 64 * 1024 * 2)
    assert (caught.value.phase, transport.now() / 1e9) == ("submit", 12)


async def test_a_file_name_is_text():
    client, _ = client_of()
    with pytest.raises(InvalidInputError, match="file_name"):
        await client.upload(b"x", 5)


async def test_upload_takes_bytes_and_a_name():
    client, transport = client_of(UPLOADED)
    await client.upload(b"anything", "notes.txt")
    body = await sent(transport.requests[0].body)
    assert b'name="file_name"\r\n\r\nnotes.txt\r\n' in body


async def test_small_media_travel_inline_large_ones_are_uploaded(tmp_path):
    large = tmp_path / "large.mp4"
    large.write_bytes(MP4 + b"\0" * 5000)
    client, transport = client_of(UPLOADED, accepted(), says(done(0)), inline_limit=4000)
    steps = []
    async with client.stream(
        "hi", videos=[MP4, large, "https://x.test/v.mp4"], on_status=lambda s: steps.append(s.step)
    ):
        pass
    urls = msgspec.json.decode(transport.requests[1].body)["video_urls"]
    assert urls[0].startswith("data:video/mp4;base64,")
    assert urls[1:] == ["https://cdn.test/f.mp4", "https://x.test/v.mp4"]
    assert steps == ["encoding", "submitted", "queued"]
    assert transport.requests[1].headers["Content-Type"] == "application/json"


async def test_data_uris_of_the_caller_count_as_inline():
    uri = "data:image/png;base64,iVBORw0KGgo="
    client, transport = client_of(UPLOADED, accepted(stream=None))
    await client.submit("hi", images=[uri] * 5 + [PNG])
    urls = msgspec.json.decode(transport.requests[1].body)["image_urls"]
    assert urls == [uri] * 5 + ["https://cdn.test/f.mp4"]


async def test_nothing_travels_inline_with_a_limit_of_0():
    client, transport = client_of(UPLOADED, accepted(stream=None), inline_limit=0)
    await client.submit("hi", images=[PNG])
    assert b"cdn.test" in transport.requests[1].body


async def test_at_most_five_items_travel_inline():
    client, transport = client_of(UPLOADED, accepted(stream=None))
    await client.submit("hi", images=[PNG] * 6)
    urls = msgspec.json.decode(transport.requests[1].body)["image_urls"]
    assert [url.partition(":")[0] for url in urls] == ["data"] * 5 + ["https"]


@pytest.mark.parametrize("name", ["missing.mp4", "folder", "empty.mp4", "notes.txt", "picture.mp4"])
async def test_media_that_cannot_be_sent_are_refused_before_anything_is_sent(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "picture.mp4").write_bytes(PNG)
    client, transport = client_of()
    answer = client.stream("hi", videos=[MP4, tmp_path / name])
    with pytest.raises(InvalidInputError, match=r"videos\[1\]"):
        await anext(answer)
    assert transport.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_get_follows_redirects_within_its_origin(status):
    def moved(to: str) -> Play:
        return Play(status=status, headers={"location": to})

    client, transport = client_of(moved("/a"), moved("https://fox.test/b"), task("pending"))
    await client.get_task(TASK)
    assert [r.url for r in transport.requests][1:] == ["https://fox.test/a", "https://fox.test/b"]
    assert transport.open == 0


@pytest.mark.parametrize(
    "to", ["https://elsewhere.test/", "http://fox.test/", "https://fox.test:8/"]
)
async def test_a_redirect_to_another_origin_is_not_followed(to):
    client, transport = client_of(Play(status=302, headers={"location": to}))
    with pytest.raises(APIStatusError, match="302"):
        await client.get_task(TASK)
    assert len(transport.requests) == 1


async def test_redirects_are_bounded():
    around = Play(status=302, headers={"location": "/again"})
    client, transport = client_of(*[around] * 10)
    with pytest.raises(APIStatusError):
        await client.get_task(TASK)
    assert len(transport.requests) == 4


async def test_a_post_follows_no_redirect():
    client, transport = client_of(Play(status=307, headers={"location": "/again"}))
    with pytest.raises(APIStatusError, match="307"):
        await client.submit("hi")
    assert len(transport.requests) == 1


async def test_a_failed_submit_is_not_repeated():
    for failure in (refusal(500), refusal(503), Play((Break(),))):
        client, transport = client_of(failure, accepted())
        with pytest.raises((InternalServerError, APIConnectionError)):
            await client.submit("hi")
        assert len(transport.requests) == 1


BUSY = refusal(429, **{"retry-after": "7"})
UNREACHED = Play((Break("refused", sent=False),))


@pytest.mark.parametrize("play", [BUSY, UNREACHED, refusal(429)])
@pytest.mark.parametrize("ask", ["submit", "stream", "direct", "sync"])
async def test_a_submit_that_was_not_accepted_is_repeated(ask, play):
    body = as_json({"object": "chat.completion", "choices": [{"message": {"content": "Hi"}}]})
    answer = {"stream": accepted(), "direct": says(chunk("Hi"), done(1)), "submit": accepted()}
    first = answer.get(ask, Play((body,), headers=JSON))
    client, transport = client_of(play, play, play, first, says(chunk("Hi"), done(1)))
    steps = []
    if ask == "submit":
        assert (await client.submit("hi")).id == TASK
    else:
        options = {"direct": True} if ask == "direct" else {"sync": ask == "sync"}
        heard = {"on_status": lambda status: steps.append(status.step)}
        with suppress(APIConnectionError):  # nobody answers the look for usage
            assert (await client.generate("hi", **options, **heard)).text == "Hi"
        assert steps[:4] == ["reconnecting"] * 3 + ["submitted"]
    assert [request.method for request in transport.requests[:4]] == ["POST"] * 4
    assert transport.requests[0].body == transport.requests[3].body
    if play is BUSY:
        assert 21 <= transport.now() / 1e9 < 22


async def test_a_submit_that_is_never_accepted_is_told():
    client, transport = client_of(*[BUSY] * 5)
    with pytest.raises(RateLimitError):
        await client.submit("hi")
    assert len(transport.requests) == 4
    client, transport = client_of(*[BUSY] * 5, timeouts=Timeouts(submit=10))
    with pytest.raises(RateLimitError):
        await client.submit("hi")
    assert len(transport.requests) == 2


async def test_an_upload_that_was_not_accepted_is_repeated():
    file = Play((as_json({"url": "https://x.test/f.png"}),), headers=JSON)
    client, transport = client_of(UNREACHED, BUSY, file)
    assert (await client.upload(PNG)).url == "https://x.test/f.png"
    client, transport = client_of(refusal(503), file)
    with pytest.raises(InternalServerError):
        await client.upload(PNG)
    assert len(transport.requests) == 1


async def test_looks_are_repeated():
    models = Play((as_json({"data": [{"id": "m"}]}),), headers=JSON)
    client, _ = client_of(refusal(503), Play((Break(),)), models)
    assert [model.id for model in await client.models()] == ["m"]
    client, _ = client_of(refusal(500), BUSY, task("processing"))
    assert (await client.get_task(TASK)).status == "processing"
    client, transport = client_of(refusal(500), task("processing"), retries=0)
    with pytest.raises(InternalServerError):
        await client.get_task(TASK)
    assert len(transport.requests) == 1


async def test_an_answer_over_the_limit_is_refused_while_it_comes():
    client, transport = client_of(Play((b"x" * 600,) * 10, headers=JSON), max_response_bytes=1000)
    with pytest.raises(ProtocolError, match="max_response_bytes=1000"):
        await client.get_task(TASK)
    assert transport.open == 0


@pytest.mark.parametrize("end", [Break(), Pause(1e6)])
async def test_an_error_body_that_breaks_off_still_has_its_status(end):
    client, _ = client_of(Play((b"too large", end), status=413, headers={}))
    with pytest.raises(RequestTooLargeError, match="too large"):
        await client.submit("hi")


@pytest.mark.parametrize(
    "answer",
    [
        as_json({"id": KEY + "/../", "status": "pending"}),
        as_json({"error": {"message": f"wrong key {KEY}", "code": KEY}}),
        f"<html>{KEY}</html>".encode(),
        as_json({"id": TASK, "stream": f"ftp://{KEY}/"}),
    ],
)
async def test_a_key_echoed_with_status_200_is_not_shown(answer):
    client, _ = client_of(Play((answer,), headers=JSON))
    with pytest.raises(foxstream.FoxError) as caught:
        async with client.stream("hi"):
            pass
    report = "".join(traceback.format_exception(caught.value))
    assert KEY not in report
    assert KEY not in repr(vars(caught.value))


async def test_a_key_in_a_request_id_or_behind_an_escape_is_not_shown():
    key = "sk-with/a/slash-in-it"
    body = as_json({"error": {"message": f"no {key}"}}).replace(b"/", b"\\/")
    play = Play((body,), status=401, headers=JSON | {"x-request-id": key})
    client = Client(key, base_url="https://fox.test", transport=ReplayTransport([play]))
    with pytest.raises(APIStatusError) as caught:
        await client.submit("hi")
    assert key not in str(caught.value)
    assert caught.value.request_id == "***"


async def test_locals_in_a_traceback_show_no_key():
    with pytest.raises(InvalidInputError) as caught:
        Client(KEY, base_url="no url", headers={"X-Key": f"other-{KEY}"})
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [line for line in report.stack.format() if "/foxstream/" in line]
    assert ours
    assert KEY not in "".join(ours)


async def test_an_error_body_is_read_only_at_its_beginning():
    client, _ = client_of(Play((b"y" * 50_000,) * 1000, status=500, headers={}), retries=0)
    with pytest.raises(InternalServerError, match="y" * 200) as caught:
        await client.get_task(TASK)
    assert len(caught.value.message) == 200


async def test_a_key_echoed_by_the_server_is_not_shown():
    client, _ = client_of(refusal(401, f"Incorrect API key provided: {KEY}"))
    with pytest.raises(APIStatusError, match=r"provided: \*\*\*") as caught:
        await client.submit("hi")
    assert KEY not in str(caught.value)
    assert KEY not in repr(client)
    assert KEY not in repr(vars(client))


async def test_the_environment_names_key_and_base_url(monkeypatch):
    monkeypatch.setenv("FOXAPI_API_KEY", KEY)
    monkeypatch.setenv("FOXAPI_BASE_URL", "https://env.test/v1")
    transport = ReplayTransport([task("pending")])
    await Client(transport=transport).get_task(TASK)
    assert transport.requests[0].url == f"https://env.test/v1/tasks/{TASK}"
    assert transport.requests[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_the_key_of_the_environment_stays_with_its_base_url(monkeypatch):
    monkeypatch.setenv("FOXAPI_API_KEY", KEY)
    transport = ReplayTransport([task("pending")])
    await Client(base_url="https://other.test", transport=transport).get_task(TASK)
    assert "Authorization" not in transport.requests[0].headers


async def test_without_a_key_the_service_itself_is_refused(monkeypatch):
    monkeypatch.delenv("FOXAPI_API_KEY", raising=False)
    monkeypatch.delenv("FOXAPI_BASE_URL", raising=False)
    with pytest.raises(InvalidInputError, match="FOXAPI_API_KEY"):
        Client()
    with pytest.raises(InvalidInputError, match="FOXAPI_API_KEY"):
        foxstream.stream("hi")


async def test_the_function_takes_a_client():
    client, _ = client_of(accepted(), says(chunk("a"), done(1)))
    assert [d.text async for d in foxstream.stream("hi", client=client)] == ["a"]


@pytest.mark.parametrize(
    "options",
    [
        {"timeouts": 0},
        {"timeouts": "5"},
        {"retries": -1},
        {"retries": "x"},
        {"max_event_bytes": None},
        {"max_response_bytes": 1.5},
        {"inline_limit": -1},
        {"headers": {"X": 5}},
        {"headers": {1: "x"}},
        {"headers": ["X: x"]},
        {"base_url": "http://fox.test", "headers": {"authorization": "Bearer x"}},
    ],
)
async def test_limits_are_checked(options):
    with pytest.raises(InvalidInputError):
        client_of(**options)


@pytest.mark.parametrize("content", [5, None, b""])
async def test_what_is_no_file_is_not_uploaded(content):
    client, transport = client_of()
    with pytest.raises(InvalidInputError, match="content"):
        await client.upload(content)
    assert transport.requests == []


async def test_an_unknown_argument_is_a_type_error():
    client, _ = client_of()
    with pytest.raises(TypeError):
        await client.submit("hi", wideos=[])


async def test_calls_of_one_client_may_run_at_once():
    def answer(request: object) -> Play:
        return accepted() if request.method == "POST" else says(chunk("a"), done(1))

    client = Client(KEY, base_url="https://fox.test", transport=ReplayTransport(answer))
    results: list[Completion] = []

    async def ask() -> None:
        async with client.stream("hi") as stream:
            async for _ in stream:
                pass
            results.append(stream.completion)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
    assert [completion.text for completion in results] == ["a"] * 50
