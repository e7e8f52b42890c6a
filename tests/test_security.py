"""An attacker with real sockets: a service that lies, echoes, redirects, floods and never ends."""

from __future__ import annotations

import gzip
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from foxstream import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    Client,
    FoxError,
    InternalServerError,
    InvalidInputError,
    ProtocolError,
    Timeouts,
)
from tests.conftest import BACKENDS
from tests.lanes import LANES, Lane
from tests.loopback import RESET, Answer, Asked, serving

pytestmark = pytest.mark.anyio

KEY = "sk-0123456789abcdef0123456789"
TEAM = "fox-team-secret"
SECRETS = (KEY, KEY[:20], TEAM)
TASK = "task-llm-1"
MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
DONE = b'event: chunk\ndata: {"choices":[{"delta":{"content":"hi"}}]}\n\nevent: done\ndata: {}\n\n'


@pytest.fixture(params=LANES.values(), ids=LANES.keys())
def lane(request: pytest.FixtureRequest) -> Lane:
    return request.param


@pytest.fixture
def anyio_backend(lane: Lane) -> tuple[str, dict[str, object]]:
    return BACKENDS[lane.backend]


def client_of(lane: Lane, url: str, **options: object) -> Client:
    options = {"headers": {"X-Team": TEAM}, "retries": 0, **options}
    return Client(KEY, base_url=url, transport=lane.transport(), **options)


# the key goes home only


def credentials(asked: Asked) -> set[str]:
    return {"authorization", "x-team"} & set(asked.headers)


def named_by(url: Callable[[], str]) -> Callable[[Asked], Answer]:
    """A service whose submit names that stream."""

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            body = b'{"id":"%b","stream":{"url":"%b"}}' % (TASK.encode(), url().encode())
            return Answer((body,), headers=JSON, framing="length")
        return Answer((DONE,))

    return answer


@pytest.mark.parametrize("kind", ["other port", "other name", "protocol-relative"])
async def test_a_stream_on_another_origin_is_asked_without_credentials(lane, kind):
    async with serving(lambda _: Answer((DONE,))) as other:
        named = {
            "other port": other.url,
            "other name": other.url.replace("127.0.0.1", "localhost"),
            "protocol-relative": other.url.removeprefix("http:"),
        }[kind]
        async with serving(named_by(lambda: f"{named}/stream")) as home:
            async with client_of(lane, home.url) as client:
                assert (await client.generate("hi")).text == "hi"
    assert [credentials(asked) for asked in other.asked] == [set()]
    assert credentials(home.asked[0]) == {"authorization", "x-team"}


async def test_an_origin_that_is_trusted_by_name_gets_them(lane):
    async with serving(lambda _: Answer((DONE,))) as other:
        async with serving(named_by(lambda: f"{other.url}/stream")) as home:
            async with client_of(lane, home.url, trusted_origins=[other.url]) as client:
                assert (await client.generate("hi")).text == "hi"
    assert [credentials(asked) for asked in other.asked] == [{"authorization", "x-team"}]


@pytest.mark.parametrize(
    "named",
    ["http://{home}@{other}/s", "http://{home}\\\\@{other}/s", "///{other}/s", "http:/\\\\{other}"],
)
async def test_a_stream_url_that_plays_tricks_is_asked_nowhere(lane, named):
    async with serving(lambda _: Answer((DONE,))) as other:
        parts = {"other": other.url[7:]}
        async with serving(named_by(lambda: named.format(**parts))) as home:
            parts["home"] = home.url[7:]
            async with client_of(lane, home.url) as client:
                with pytest.raises(ProtocolError, match="the service named a URL"):
                    async with client.stream("hi"):
                        pass
    assert other.asked == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_redirect_takes_the_credentials_elsewhere(lane, method):
    async with serving(lambda _: Answer((b"{}",), headers=JSON)) as other:

        def answer(asked: Asked) -> Answer:
            at_home = asked.method == "GET" and asked.target != "/second"
            to = "/second" if at_home else f"{other.url}/v1/tasks/{TASK}"
            return Answer((), 307, {"Location": to, "Content-Length": "0"}, framing="length")

        async with serving(answer) as home, client_of(lane, home.url) as client:
            with pytest.raises(FoxError, match="307"):
                await (client.get_task(TASK) if method == "GET" else client.submit("hi"))
    assert other.asked == []
    assert len(home.asked) == {"GET": 2, "POST": 1}[method]


async def test_a_get_follows_three_redirects_and_no_more(lane):
    def answer(asked: Asked) -> Answer:
        return Answer((), 302, {"Location": f"{asked.target}x"}, framing="length")

    async with serving(answer) as home, client_of(lane, home.url) as client:
        with pytest.raises(FoxError, match="302"):
            await client.get_task(TASK)
    assert len(home.asked) == 4


async def test_an_upload_is_sent_home_and_its_url_is_asked_by_nobody(lane):
    async with serving(lambda _: Answer()) as other:

        def answer(asked: Asked) -> Answer:
            name = "url" if "upload" in asked.target else "id"
            body = f'{{"{name}":"{other.url + "/a.mp4" if name == "url" else TASK}"}}'
            return Answer((body.encode(),), headers=JSON, framing="length")

        async with serving(answer) as home, client_of(lane, home.url, inline_limit=0) as client:
            await client.submit("hi", videos=[b"\0\0\0\x18ftypmp42" + bytes(16)])
    assert other.asked == []
    assert other.url.encode() in home.asked[1].body


async def test_every_request_asks_for_no_compression(lane):
    async with serving(named_by(lambda: "/s")) as home, client_of(lane, home.url) as client:
        await client.generate("hi")
    assert [asked.headers["accept-encoding"] for asked in home.asked] == ["identity"] * 3


# nothing shows the key


@dataclass
class Raw:
    url: str
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def raw(*answer: bytes, flood: bytes = b"", echo: bool = False) -> AsyncIterator[Raw]:
    """A server that sends these bytes to every request; the last ones for ever with `flood`."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server = Raw(f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}")

    async def handle(stream: SocketStream) -> None:
        try:
            async with stream:
                while head := await stream.receive():
                    server.heads.append(head)
                    await stream.send(b"".join(answer) + (head if echo else b""))
                    if echo:
                        return
                    while flood:
                        await stream.send(flood)
        except (anyio.BrokenResourceError, anyio.EndOfStream):
            pass

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield server
        tasks.cancel_scope.cancel()


def chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]


def said_by(error: BaseException) -> str:
    """Messages and attributes along the whole chain."""
    return "\n".join(f"{link} {link!r} {vars(link)}" for link in chain(error))


def shown_by(error: BaseException) -> str:
    """The same with the local variables of every frame: all that a report can find."""
    told = [said_by(error)]
    for link in chain(error):
        stack = traceback.TracebackException(
            type(link), link, link.__traceback__, capture_locals=True
        ).stack
        for frame in stack:
            if "/tests/" not in frame.filename:
                told += [f"{frame.name} {name} = {value}" for name, value in frame.locals.items()]
    return "\n".join(told)


CALLS = {
    "get": lambda client: client.get_task(TASK),
    "submit": lambda client: client.submit("hi"),
    "upload": lambda client: client.upload(b"x" * 300_000, "a.bin"),
    "stream": lambda client: client.attach(TASK).get_final_completion(),
}


async def failure(client: Client, call: str) -> FoxError:
    with pytest.raises(FoxError) as caught:
        await CALLS[call](client)
    return caught.value


ECHOED = KEY.encode()
CLOSING = b"Connection: close\r\n\r\n"
ECHOES = {
    "refused": (b"HTTP/1.1 401 No\r\nx-request-id: %b\r\n" % ECHOED, CLOSING),
    "cut at 200": (b"HTTP/1.1 401 No\r\n", CLOSING, b"y" * 190, ECHOED),
    "in no task": (b"HTTP/1.1 200 OK\r\n", CLOSING, ECHOED),
    "bad header": (b"HTTP/1.1 200 OK\r\nX Echo %b\r\n\r\n" % ECHOED,),
    "bad status": (b"HTTP/1.1 %b\r\n\r\n" % ECHOED,),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("echo", ECHOES)
async def test_a_key_that_is_echoed_is_not_shown(lane, call, echo, caplog):
    with caplog.at_level(logging.DEBUG):
        async with raw(*ECHOES[echo], echo=True) as server:
            async with client_of(lane, server.url) as client:
                error = await failure(client, call)
    assert KEY.encode() in b"".join(server.heads)
    assert [secret for secret in SECRETS if secret in said_by(error)] == []
    logged = [r.getMessage() for r in caplog.records if r.name != "httpcore.http11"]
    assert [line for line in logged for secret in SECRETS if secret in line] == []


@pytest.mark.parametrize("call", CALLS)
async def test_a_connection_that_breaks_shows_no_key(lane, call):
    async with serving(lambda _: Answer((RESET,), framing="none")) as server:
        async with client_of(lane, server.url) as client:
            broken = await failure(client, call)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with client_of(lane, f"http://127.0.0.1:{port_of(listener)}") as client:
        await listener.aclose()
        refused = await failure(client, call)
    for error in (broken, refused):
        assert isinstance(error, FoxError)
        assert [secret for secret in SECRETS if secret in shown_by(error)] == []


def port_of(listener) -> int:
    return listener.extra(SocketAttribute.local_port)


async def test_a_whole_answer_logs_no_key(lane, caplog):
    with caplog.at_level(logging.DEBUG):
        async with serving(named_by(lambda: "/s")) as home, client_of(lane, home.url) as client:
            await client.generate("hi")
            logging.getLogger("app").debug("%r %r", client, vars(client))
    assert caplog.records
    assert [secret for secret in SECRETS if secret in caplog.text] == []


async def test_the_password_of_a_proxy_is_not_shown(lane, monkeypatch):
    async with raw(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as server:
        proxy = server.url.replace("//", "//fox:hunter2secret@")
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy)
        async with client_of(lane, "https://fox.test") as client:
            error = await failure(client, "get")
    assert server.heads[0].startswith(b"CONNECT fox.test:443 ")
    assert [secret for secret in SECRETS if secret.encode() in server.heads[0]] == []
    assert "hunter2secret" not in said_by(error)


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": KEY.encode()},
        {"api_key": f"{KEY}\r\nX-Evil: 1"},
        {"headers": {"X-Key": KEY.encode()}},
        {"headers": {"X-Key": f"{KEY}\r\nX-Evil: 1"}},
        {"headers": {"X-Key": f"{KEY}\0"}},
        {"headers": {"X-Key": KEY, "X\r\nEvil": "1"}},
        {"headers": [("X-Key", KEY)]},
    ],
)
async def test_credentials_that_are_refused_are_not_shown(lane, options):
    with pytest.raises(InvalidInputError) as caught:
        Client(**{"base_url": "https://fox.test", **options})
    assert [secret for secret in SECRETS if secret in shown_by(caught.value)] == []


@pytest.mark.parametrize("text", ["research-team", "completed", "content"])
async def test_words_of_a_header_are_no_secrets_in_an_answer(lane, text):
    result = b'{"message":{"content":"%b"}}' % text.encode()
    body = b'{"id":"t","status":"completed","results":[%b]}' % result
    async with serving(lambda _: Answer((body,), headers=JSON)) as home:
        async with client_of(lane, home.url, headers={"X-Project": text}) as client:
            task = await client.get_task("t")
    assert task.status == "completed"
    assert task.completion.text == text


# nothing is put into a request


@pytest.mark.parametrize(
    "task_id", ["..", "../models", "a/b", "a%2fb", "a\r\nX: 1", "a?b", "a#b", "a\0", "", "\u0661"]
)
async def test_a_task_id_that_is_none_enters_no_path(lane, task_id):
    body = b'{"id":%b}' % str(task_id).encode("unicode_escape").join((b'"', b'"'))
    async with serving(lambda _: Answer((body,), headers=JSON)) as home:
        async with client_of(lane, home.url) as client:
            for call in (client.get_task, client.wait):
                with pytest.raises(InvalidInputError):
                    await call(task_id)
            with pytest.raises(InvalidInputError):
                client.attach(task_id)
            assert home.asked == []
            with pytest.raises(ProtocolError):
                await client.submit("hi")
    assert len(home.asked) == 1


async def test_a_file_name_adds_no_part_and_no_header(lane):
    name = 'a"; filename="b\r\nX-Evil: 1\r\n\r\n--x--\r\n.mp4'
    async with serving(lambda _: Answer((b'{"url":"http://h/a"}',), headers=JSON)) as home:
        async with client_of(lane, home.url) as client:
            await client.upload(b"x", name)
    asked = home.asked[0]
    boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
    head = asked.body.split(b"--" + boundary)[2].partition(b"\r\n\r\n")[0]
    assert asked.body.count(boundary) == 3
    assert head.count(b"\r\n") == 2
    assert b"X-Evil" not in asked.headers


# every answer has bounds

BOMB = gzip.compress(bytes(100 * MIB))
CODED = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
OK = b"HTTP/1.1 200 OK\r\n"
AS_JSON = OK + b"Content-Type: application/json\r\n"
AS_STREAM = OK + b"Content-Type: text/event-stream\r\n"
LIMITS = {"max_response_bytes": MIB, "max_event_bytes": MIB}


@pytest.mark.parametrize("call", ["get", "stream"])
@pytest.mark.parametrize("head", [AS_JSON, AS_STREAM, b"HTTP/1.1 500 No\r\n"])
async def test_what_is_compressed_is_not_unpacked(lane, call, head):
    async with raw(head, CODED, BOMB) as server, client_of(lane, server.url, **LIMITS) as client:
        error = await failure(client, call)
    assert isinstance(error, InternalServerError if b"500" in head else ProtocolError)


@pytest.mark.parametrize(
    ("call", "head", "flood", "kind"),
    [
        ("get", AS_JSON + b"\r\n", b" " * 65536, ProtocolError),
        ("get", b"HTTP/1.1 401 No\r\n\r\n", b" " * 65536, AuthenticationError),
        ("get", OK, b"X-Header: y\r\n" * 1000, APIConnectionError),
        ("get", OK + b"X-Header: ", b"y" * 65536, APIConnectionError),
        ("get", b"HTTP/1.1 103 Hints\r\n\r\n", b"HTTP/1.1 103 Hints\r\n\r\n", APITimeoutError),
        ("stream", AS_STREAM + b"\r\n", b"data: " + b"x" * 65536, ProtocolError),
        ("stream", AS_STREAM + b"\r\n", b": keep-alive\n\n" * 1000, APITimeoutError),
        ("stream", AS_STREAM + b"\r\n", b'data: {"choices":[]}\n\n' * 1000, APITimeoutError),
    ],
)
async def test_what_never_ends_is_ended(lane, call, head, flood, kind):
    clocks = Timeouts(submit=0.5, first_token=0.5)
    async with (
        raw(head, flood=flood) as server,
        client_of(lane, server.url, timeouts=clocks, **LIMITS) as client,
    ):
        with anyio.fail_after(10):
            assert isinstance(await failure(client, call), kind)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"error":' * 100_000,
        b'{"usage":' * 100_000,
        b'{"created":%b}' % (b"9" * 500_000),
        b'{"progress":1e999999}',
        b'{"id":"' + b"\\ud800" * 1000 + b'"}',
        b'{"id":"\xff"}',
        b'{"id":"t","results":[' + b"{}," * 100_000 + b"{}]}",
    ],
)
async def test_hostile_json_is_refused_or_read(lane, body):
    head = AS_JSON + b"Content-Length: %d\r\n\r\n" % len(body)
    async with raw(head, body) as server, client_of(lane, server.url) as client:
        with anyio.fail_after(10):
            with suppress(ProtocolError):
                assert (await client.get_task(TASK)).id == "t"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    ],
)
async def test_an_answer_of_two_lengths_is_none(lane, head):
    async with raw(OK, head, b'{"id":"t"}', echo=True) as server:
        async with client_of(lane, server.url) as client:
            assert isinstance(await failure(client, "get"), APIConnectionError)
