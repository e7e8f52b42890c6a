"""An app's own httpx client: what it brings, what it must not change, and HTTP/2."""

from __future__ import annotations

import anyio
import httpx
import pytest

from foxstream import AuthenticationError, Client, FoxError, InvalidInputError
from foxstream.transports import HttpxTransport
from tests.conftest import BACKENDS
from tests.http2server import serving_http2
from tests.loopback import HANG, Answer, Asked, serving
from tests.script import TASK, as_json, chunk, done

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
KEY = "sk-of-foxstream"


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
def anyio_backend(request):
    return request.param


def of_the_app(**options: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=False, trust_env=False, **options)


def service(stream_url: str = f"/v1/llm/generations/{TASK}/stream", *parts: object):
    """A submit names `stream_url`; streams say `parts`."""
    task = {"id": TASK, "status": "pending", "stream": {"url": stream_url}}

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return Answer((as_json(task),), headers=JSON)
        return Answer(parts or (chunk("a"), done(1)))

    return serving(answer)


async def said(app: httpx.AsyncClient, url: str, key: str | None = KEY, **options: object) -> str:
    """The answer of a client on the app's own, which is left open."""
    async with Client(key, base_url=url, transport=HttpxTransport(app), **options) as client:
        completion = await client.generate("hi")
    assert not app.is_closed
    return completion.text


async def test_the_apps_headers_ride_home_and_ours_count_before_them():
    headers = {
        "X-App": "mine",
        "User-Agent": "app",
        "Accept-Encoding": "gzip",
        "Accept": "text/css",
    }
    async with service() as server, of_the_app(headers=headers) as app:
        assert await said(app, server.url) == "a"
    submit, stream, *_ = server.asked
    for asked in (submit, stream):
        assert asked.headers["x-app"] == "mine"
        assert asked.headers["accept-encoding"] == "identity"
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        assert "foxstream" in asked.headers["user-agent"]
    assert stream.headers["accept"] == "text/event-stream"


async def test_nothing_of_the_app_goes_anywhere_else():
    headers = {"X-App": "mine", "Authorization": "Bearer app"}
    async with (
        service() as elsewhere,
        service(f"{elsewhere.url}/s") as server,
        of_the_app(headers=headers, auth=("app", "password"), cookies={"app": "1"}) as app,
    ):
        assert await said(app, server.url, key=None) == "a"
    (asked,) = elsewhere.asked
    assert not {"x-app", "authorization", "cookie"} & asked.headers.keys()
    assert asked.headers["accept-encoding"] == "identity"


async def test_the_apps_authentication_counts_where_there_is_no_key():
    async with service() as server, of_the_app(auth=("app", "password")) as app:
        await said(app, server.url, key=None)
        await said(app, server.url)
    spoken = [asked.headers["authorization"].split()[0] for asked in server.asked]
    assert spoken == ["Basic"] * 3 + ["Bearer"] * 3


async def test_a_digest_is_answered_with_the_whole_body_again():
    challenge = {"WWW-Authenticate": 'Digest realm="fox", nonce="n", qop="auth", algorithm=MD5'}
    task = {"id": TASK, "status": "pending"}

    def answer(asked: Asked) -> Answer:
        if "authorization" not in asked.headers:
            return Answer(status=401, headers=challenge)
        if asked.method == "POST":
            return Answer((as_json(task),), headers=JSON)
        return Answer((chunk("a"), done(1)))

    async with serving(answer) as server, of_the_app(auth=httpx.DigestAuth("a", "b")) as app:
        assert await said(app, server.url, key=None) == "a"
    first, again, *_ = server.asked
    assert first.body == again.body != b""


async def test_its_params_base_url_cookies_and_redirects_are_left_out():
    moved = Answer(status=307, headers={"Location": "/elsewhere", "Set-Cookie": "kept=1; Path=/"})
    options = {"params": {"q": "1"}, "base_url": "http://127.0.0.1:9", "cookies": {"app": "1"}}
    async with serving(lambda _: moved) as server:
        async with of_the_app(follow_redirects=True, **options) as app:
            for _ in range(2):
                with pytest.raises(Exception, match="307"):
                    await said(app, server.url)
    assert [asked.target for asked in server.asked] == ["/v1/llm/generations"] * 2
    assert not any("cookie" in asked.headers for asked in server.asked)


async def test_its_hooks_run_and_its_timeouts_do_not():
    seen: list[str] = []

    async def on_request(request: httpx.Request) -> None:
        seen.append(request.method)

    async def on_response(response: httpx.Response) -> None:
        seen.append(f"{response.status_code}")

    hooks = {"request": [on_request], "response": [on_response]}
    async with service(f"/{TASK}", chunk("a"), 0.2, chunk("b"), done(2)) as server:
        async with of_the_app(event_hooks=hooks, timeout=0.05) as app:
            assert await said(app, server.url) == "ab"
    assert seen[:4] == ["POST", "200", "GET", "200"]


@pytest.mark.parametrize("reads", [False, True])
async def test_a_hook_that_raises_for_a_status_makes_no_connection_error_of_it(reads):
    async def refuse(response: httpx.Response) -> None:
        if reads:
            await response.aread()
        response.raise_for_status()

    refused = Answer((b'{"error": {"message": "no"}}',), status=401, headers=JSON)
    async with serving(lambda _: refused) as server:
        async with of_the_app(event_hooks={"response": [refuse]}) as app:
            with pytest.raises(AuthenticationError):
                await said(app, server.url)


async def test_a_hook_may_read_what_was_answered():
    async def read(response: httpx.Response) -> None:
        await response.aread()

    async with service() as server, of_the_app(event_hooks={"response": [read]}) as app:
        assert await said(app, server.url) == "a"


async def test_an_error_that_a_hook_has_read_keeps_its_words():
    async def refuse(response: httpx.Response) -> None:
        await response.aread()
        response.raise_for_status()

    refused = Answer((b'{"error": {"message": "not you"}}',), status=401, headers=JSON)
    async with serving(lambda _: refused) as server:
        async with of_the_app(event_hooks={"response": [refuse]}) as app:
            with pytest.raises(AuthenticationError, match="not you"):
                await said(app, server.url)


async def test_an_authentication_may_read_what_was_answered():
    class Reading(httpx.Auth):
        requires_request_body = requires_response_body = True

        def auth_flow(self, request: httpx.Request):
            request.headers["Authorization"] = f"Signed {len(request.content)}"
            yield request

    async with service() as server, of_the_app(auth=Reading()) as app:
        assert await said(app, server.url, key=None) == "a"
    assert server.asked[0].headers["authorization"] == f"Signed {len(server.asked[0].body)}"


async def test_an_app_may_answer_by_itself():
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"Content-Type": "text/event-stream"}
        return httpx.Response(200, headers=headers, content=chunk("a") + done(1))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as app:
        async with Client(
            KEY, base_url="https://fox.test", transport=HttpxTransport(app)
        ) as client:
            assert (await client.generate("hi", direct=True)).text == "a"


async def test_closing_the_client_closes_its_streams_and_not_the_apps_client():
    async with service(f"/{TASK}", chunk("a"), HANG) as server, of_the_app() as app:
        client = Client(KEY, base_url=server.url, transport=HttpxTransport(app))
        answer = client.stream("hi")
        assert (await anext(answer)).text == "a"
        await client.aclose()
        await server.client_left(within=2)
        assert not app.is_closed


def test_a_pool_of_our_own_belongs_to_one_event_loop():
    client = Client(KEY, base_url="http://127.0.0.1:9", transport=HttpxTransport(), retries=0)
    for kind, words in ((FoxError, "127.0.0.1:9"), (RuntimeError, "bound to the event loop")):
        with pytest.raises(kind, match=words):
            anyio.run(client.models)


async def test_a_client_that_is_closed_or_none_is_refused():
    app = of_the_app()
    await app.aclose()
    with pytest.raises(InvalidInputError, match="is closed"):
        await said(app, "http://127.0.0.1:9")
    with pytest.raises(InvalidInputError, match=r"client is Client: an httpx\.AsyncClient"):
        HttpxTransport(httpx.Client(verify=False))


@pytest.mark.parametrize(
    ("transport", "what"),
    [(of_the_app(), "AsyncClient"), (HttpxTransport, "the class HttpxTransport"), ("", "str")],
)
def test_what_is_no_transport_is_refused_at_once(transport, what):
    with pytest.raises(InvalidInputError, match=f"transport is {what}: .* HttpxTransport"):
        Client(KEY, base_url="https://fox.test", transport=transport)


class Speaker:
    """Says two chunks; the model `slow` then says nothing more until its client is gone."""

    def __init__(self) -> None:
        self.waiting = 0
        self.empty = anyio.Event()

    async def __call__(self, scope, receive, send) -> None:
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event["body"]
            if not event["more_body"]:
                break
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        said = b"".join(chunk(text) for text in "ab")
        await send({"type": "http.response.body", "body": said, "more_body": True})
        if b"slow" in body:
            await self._wait(receive)
        else:
            await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})

    async def _wait(self, receive) -> None:
        self.waiting += 1
        while (await receive())["type"] != "http.disconnect":
            pass
        self.waiting -= 1
        if not self.waiting:
            self.empty.set()


async def test_http2_many_streams_and_early_leaving_on_one_connection(tmp_path):
    versions: list[tuple[str, object]] = []
    speaker = Speaker()

    async def note(response: httpx.Response) -> None:
        network = response.extensions["network_stream"]
        versions.append((response.http_version, network.get_extra_info("client_addr")))

    with anyio.fail_after(30):
        async with serving_http2(speaker, tmp_path) as server:
            async with httpx.AsyncClient(
                http2=True, verify=server.trust, trust_env=False, event_hooks={"response": [note]}
            ) as app:
                async with Client(
                    KEY,
                    base_url=f"{server.url}/v1",
                    protocol="openai",
                    transport=HttpxTransport(app),
                ) as client:
                    await many_and_early(client)
            await speaker.empty.wait()
    assert {version for version, _ in versions} == {"HTTP/2"}
    assert len(versions) == 24
    assert len({address for _, address in versions}) == 1


async def many_and_early(client: Client) -> None:
    assert (await client.generate("hi")).text == "ab"
    async with client.stream("hi", model="slow") as slow:
        assert (await anext(slow)).text == "a"
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(client.generate, "hi")
    with anyio.CancelScope() as scope:
        async for delta in client.stream("hi", model="slow"):
            if delta.text == "b":
                scope.cancel()
    assert scope.cancelled_caught
    assert (await client.generate("hi")).text == "ab"
