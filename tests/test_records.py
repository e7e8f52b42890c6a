"""The log of an answer: its whole course by task and request, and no secrets."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping

import pytest

from foxstream import Client, FoxError, NotFoundError, TaskFailedError, records
from foxstream.gateway import ScriptedEngine, running_gateway
from foxstream.transports import Break, Play
from tests.conftest import BACKENDS
from tests.lanes import LANES, Lane
from tests.loopback import CUT, Answer, Asked, serving
from tests.script import JSON, TASK, accepted, chunk, client_of, done, refusal, says, task

pytestmark = pytest.mark.anyio

HELLO = (chunk("Hel"), chunk("lo"), done(2))
CUT_SHORT = says(HELLO[0])
PIXELS = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "foxstream")
    return caplog


def told(log: pytest.LogCaptureFixture) -> list[str]:
    return [
        f"{r.name.removeprefix('foxstream.')} {r.levelname} {r.getMessage()}" for r in log.records
    ]


def named(request_id: str, play: Play) -> Play:
    """The same answer, with the service's name for the request."""
    return Play(play.parts, play.status, {**play.headers, "x-request-id": request_id}, play.delay)


async def test_the_course_of_a_healed_stream(log):
    client, _ = client_of(
        named("r1", accepted()),
        named("r2", CUT_SHORT),
        named("r3", refusal(503, "busy")),
        named("r4", says(*HELLO)),
        retries=3,
    )
    async for _ in client.stream("a prompt", videos=["https://cdn.test/clip.mp4?sig=secret"]):
        pass
    path = f"/v1/llm/generations/{TASK}/stream"
    lines = iter(told(log))
    assert next(lines) == "service DEBUG POST /v1/llm/generations: 200, request r1"
    submitted = next(lines)
    assert submitted.startswith(
        f"service INFO task {TASK}: submitted, request r1, model gemini-2.5-pro, variant video, "
        "1 media, "
    )
    assert submitted.endswith(" bytes")
    assert next(lines) == f"service DEBUG GET {path}: 200, request r2"
    assert next(lines) == f"openings DEBUG task {TASK}: the stream is open"
    cut = next(lines)
    assert f"healing INFO task {TASK}: cut after 1 reads with tokens: StreamTruncatedError" in cut
    assert cut.endswith("attempt 1")
    assert next(lines) == f"service DEBUG GET {path}: 503, request r3"
    busy = next(lines)
    assert "InternalServerError: HTTP 503: busy (type some_error, request id r3)" in busy
    assert busy.endswith("attempt 2")
    assert next(lines) == f"service DEBUG GET {path}: 200, request r4"
    assert f"streams INFO task {TASK}: finished, 5 characters" in next(lines)
    assert next(lines, None) is None


async def test_a_failure_is_told_once_with_its_class(log):
    client, _ = client_of(accepted(), CUT_SHORT, retries=0)
    with pytest.raises(FoxError):
        await client.generate("hi")
    failures = [line for line in told(log) if "failed" in line]
    assert len(failures) == 1
    assert failures[0].startswith(f"streams INFO task {TASK}: failed, StreamTruncatedError: ")


async def test_polling_and_waiting_are_told(log):
    broken = Play((Break("reset"),))
    client, _ = client_of(task("processing", progress=40), broken, task("completed", "hi"))
    await client.wait(TASK)
    looks = [line for line in told(log) if line.startswith("polling")]
    assert looks[0] == f"polling DEBUG task {TASK}: processing, progress 40.0; again in 5.00 s"
    assert looks[1].startswith(f"polling INFO task {TASK}: APIConnectionError: reset; again in")
    assert len(looks) == 2


async def test_a_request_that_is_made_again_is_told(log):
    client, _ = client_of(refusal(429, **{"retry-after": "2"}), accepted())
    await client.submit("hi")
    assert "retrying INFO attempt 1: RateLimitError" in "\n".join(told(log))
    assert any(line.endswith("again in 2.00 s") for line in told(log))


async def test_an_upload_is_told_by_its_size_and_not_by_its_url(log):
    body = b'{"id":"file-1","url":"https://cdn.test/secret/a.png"}'
    client, _ = client_of(Play((body,), headers=JSON))
    await client.upload(PIXELS, "secret.png")
    assert told(log)[-1] == f"attachments INFO upload file-1: {len(PIXELS)} bytes"
    assert "secret" not in log.text


async def test_an_answer_without_a_task_has_none(log):
    client, _ = client_of(named("r1", says(*HELLO)))
    await client.generate("hi", direct=True)
    assert (
        "task None: submitted, request r1, model gemini-2.5-pro, variant text, 0 media" in log.text
    )


async def test_what_only_the_task_could_tell_is_missed(log):
    client, _ = client_of(accepted(), says(*HELLO), refusal(404, "gone"))
    assert (await client.generate("hi")).usage is None
    assert told(log)[-1].startswith(f"endings DEBUG task {TASK}: the usage stays unknown, NotFound")


async def test_a_count_that_does_not_agree_is_a_warning(log):
    twice = says(*HELLO[:2], done(3))
    client, _ = client_of(accepted(), twice, twice, task("completed", "Hello"))
    await client.generate("hi")
    assert f"streams WARNING task {TASK}: told in other chunks than it counted" in told(log)


async def test_values_have_names(log):
    client, _ = client_of(named("r1", accepted()), says(*HELLO), task("completed", "Hello"))
    await client.generate("hi")
    values = [record.args for record in log.records]
    assert all(isinstance(each, Mapping) for each in values)
    assert {each["task_id"] for each in values if "task_id" in each} == {TASK}
    assert "r1" in {each.get("request_id") for each in values}


@pytest.mark.parametrize("reads", ["together", "apart"])
async def test_nothing_is_logged_for_a_delta(log, reads):
    counts = []
    for many in (2, 500):
        log.clear()
        frames = [*(chunk(f"{n} ") for n in range(many)), done(many)]
        parts = [b"".join(frames)] if reads == "together" else frames
        client, _ = client_of(accepted(), says(*parts))
        async for _ in client.stream("hi"):
            pass
        counts.append(len(log.records))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("cannot fetch https://cdn.test/a.mp4?sig=abc", "cannot fetch https://cdn.test/a.mp4"),
        ("'https://fox:pw@cdn.test/a#key=1' is bad", "'https://cdn.test/a' is bad"),
        ("a URL with forbidden characters: '/s/{?t=1'", "a URL with forbidden characters: '/s/{'"),
        ("got data:video/mp4;base64,AAAAABBBBB now", "got data:... now"),
        ("no media: at all", "no media: at all"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_media_that_a_server_quotes_are_left_out(words, said):
    assert records.told(TaskFailedError(words)) == f"TaskFailedError: {said}"


@pytest.mark.parametrize("nearly", ["?", "#a", "data:", "//", "?a#"])
def test_what_nearly_fits_is_read_once(nearly):
    """Where each place were tried to the end of the text, this would take minutes."""
    said = records.told(TaskFailedError(nearly * 2_000_000))
    assert said == f"TaskFailedError: {(nearly * 300)[:300]}"


async def test_one_blocking_request_is_told_to_its_end(log):
    whole = task("completed", "Hello")
    client, _ = client_of(accepted(), whole, refusal(400, "no"))
    await client.generate("hi", sync=True)
    assert told(log)[-1].startswith(f"streams INFO task {TASK}: finished, 5 characters, 2 tokens")
    with pytest.raises(FoxError):
        await client.generate("hi", sync=True)
    assert told(log)[-1].startswith("streams INFO task None: failed, BadRequestError: ")


@pytest.mark.parametrize("status", [401, 403])
async def test_of_a_refused_key_only_the_status_is_told(log, status):
    client, _ = client_of(refusal(status, "Incorrect API key provided: sk-01***89"))
    with pytest.raises(FoxError, match="sk-01"):
        await client.generate("hi")
    assert f": HTTP {status}" in log.text
    assert "sk-01" not in log.text


# no secrets


SECRET = "sk-0123456789abcdef0123456789"


@pytest.fixture(params=LANES.values(), ids=LANES.keys())
def lane(request: pytest.FixtureRequest) -> Lane:
    return request.param


class TestSecrets:
    @pytest.fixture
    def anyio_backend(self, lane: Lane) -> tuple[str, dict[str, object]]:
        return BACKENDS[lane.backend]

    @pytest.mark.parametrize("given", ["argument", "environment", "header"])
    async def test_a_key_is_in_no_record_of_any_logger(self, lane, given, caplog, monkeypatch):
        caplog.set_level(logging.DEBUG)
        async with serving(self.healing()) as server:
            monkeypatch.setenv("FOXAPI_BASE_URL", server.url)
            monkeypatch.setenv("FOXAPI_API_KEY", SECRET if given == "environment" else "sk-another")
            ways = {"argument": {"api_key": SECRET}, "environment": {}}
            headers = {"headers": {"Authorization": f"Bearer {SECRET}", "X-Team": SECRET}}
            client = Client(transport=lane.transport(), **ways.get(given, headers))
            async with client:
                completion = await client.generate("a very private prompt", images=[PIXELS])
        assert completion.recovered
        carried = " ".join(f"{asked.headers}" for asked in server.asked)
        assert SECRET in carried
        seen = [f"{r.name} {r.getMessage()} {r.args} {r.exc_text}" for r in caplog.records]
        assert any(line.startswith("foxstream.healing") for line in seen)
        private = (SECRET, "private prompt", base64.b64encode(PIXELS).decode()[:30])
        assert [line for line in seen for word in private if word in line] == []

    async def test_a_signed_stream_url_is_not_told(self, lane, caplog):
        caplog.set_level(logging.DEBUG, "foxstream")
        async with serving(self.healing("/s/1?token=hunter2secret")) as server:
            async with lane.client(server.url) as client:
                await client.generate("hi")
        assert "GET /s/1: 200" in caplog.text
        assert "hunter2secret" not in caplog.text

    def test_a_url_with_a_password_or_a_token_is_refused_and_not_told(self, caplog):
        caplog.set_level(logging.DEBUG)
        for url in ("https://fox:hunter2secret@fox.test", "https://fox.test?token=hunter2secret"):
            with pytest.raises(FoxError) as caught:
                Client("sk-key", base_url=url)
            assert "hunter2secret" not in str(caught.value) + caplog.text

    def healing(self, stream: str = "/s"):
        """A service whose first stream is cut."""
        told: list[Asked] = []

        def answer(asked: Asked) -> Answer:
            if asked.method == "POST":
                body = accepted(stream={"url": stream}).parts
                return Answer(body, headers=dict(JSON), framing="length")
            if "/tasks/" in asked.target:
                body = task("completed", "Hello").parts
                return Answer(body, headers=dict(JSON), framing="length")
            told.append(asked)
            return Answer((HELLO[0], CUT) if len(told) == 1 else HELLO)

        return answer


# the other rooms


class TestGateway:
    @pytest.fixture
    def anyio_backend(self):
        return "asyncio"

    async def test_one_line_for_each_request(self, log):
        log.set_level(logging.INFO, "foxstream.gateway")
        async with running_gateway(ScriptedEngine(["ok"])) as url, Client(base_url=url) as client:
            upload = await client.upload(PIXELS, "a.png")
            task = await client.submit("hi")
            await client.wait(task.id)
            with pytest.raises(NotFoundError) as caught:
                await client.get_task("task-unknown")
        lines = [line for line in told(log) if line.startswith("gateway.")]
        assert "POST /v1/files/upload/stream: 200, task None" in lines[0]
        assert f"GET /v1/tasks/{{task_id}}: 200, task {task.id}, request " in lines[2]
        assert lines[-1].endswith(f"404, task task-unknown, request {caught.value.request_id}")
        assert upload.url.split("/")[-2] not in "\n".join(lines)
