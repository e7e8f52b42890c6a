"""One contract for every transport, on real sockets and every event loop it runs on."""

from __future__ import annotations

import asyncio
import gc
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest
from sniffio import current_async_library

from foxstream import APIConnectionError, APITimeoutError
from foxstream.exchange import Request, Response, Transport
from foxstream.transports import AiohttpTransport, HttpxTransport
from foxstream.transports.capped import CappedSocket
from foxstream.transports.native import NativeTransport
from tests.conftest import BACKENDS
from tests.lanes import EVERY_LANE, Lane
from tests.loopback import CUT, HANG, RESET, Answer, serving
from tests.noise import best_of_tries, within

pytestmark = pytest.mark.anyio


class OnTheAppsClient(HttpxTransport):
    """On a client that an app makes, with its own way to this machine, and closes."""

    client: httpx.AsyncClient | None = None

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        if self.client is None:  # it reads the environment's proxies when it is made
            straight = dict.fromkeys(("all://127.0.0.1", "all://localhost"))
            options = {"timeout": 0.001, "follow_redirects": True, "verify": False}
            self.client = httpx.AsyncClient(mounts=straight, **options)
            super().__init__(self.client)
        return await super().send(request, deadline)

    async def aclose(self) -> None:
        await super().aclose()
        if self.client is not None:
            assert not self.client.is_closed
            await self.client.aclose()


LANES = EVERY_LANE | {
    "httpx-own-asyncio": Lane(OnTheAppsClient, "asyncio"),
    "httpx-own-uvloop": Lane(OnTheAppsClient, "uvloop"),
    "httpx-own-trio": Lane(OnTheAppsClient, "trio"),
    "native-asyncio": Lane(NativeTransport, "asyncio"),
    "native-trio": Lane(NativeTransport, "trio"),
}


@pytest.fixture(params=LANES.values(), ids=LANES.keys())
def lane(request):
    return request.param


@pytest.fixture
def anyio_backend(lane):
    return BACKENDS[lane[1]]


@pytest.fixture
def kind(lane):
    return lane[0]


@asynccontextmanager
async def opened(kind: type[Transport]) -> AsyncIterator[Transport]:
    transport = kind()
    try:
        yield transport
    finally:
        await transport.aclose()


async def read_all(response) -> bytes:
    blocks = []
    while block := await response.read():
        blocks.append(block)
    await response.aclose()
    return b"".join(blocks)


def get(url: str, **fields: object) -> Request:
    return Request("GET", url, **fields)


class Pieces:
    """A streamed request body."""

    length = 9

    async def blocks(self):
        yield b"abc"
        yield b"def"
        yield b"ghi"


async def test_status_headers_and_body_come_through(kind):
    answer = Answer((b"one", b"two"), status=418, headers={"X-Kettle": "Short"})
    async with serving(lambda _: answer) as server, opened(kind) as transport:
        response = await transport.send(get(f"{server.url}/a?b=c"))
        assert response.status == 418
        assert response.headers["x-kettle"] == "Short"
        assert await read_all(response) == b"onetwo"
        assert server.asked[0].target == "/a?b=c"


@pytest.mark.parametrize("event_stream", [False, True])
async def test_the_request_is_sent_as_it_is(kind, event_stream):
    headers = {"Authorization": "Bearer k", "Accept-Encoding": "identity", "User-Agent": "me"}
    async with serving(lambda _: Answer()) as server, opened(kind) as transport:
        url = f"{server.url}/x"
        request = Request("POST", url, headers, b'{"a":1}', event_stream=event_stream)
        await read_all(await transport.send(request))
    asked = server.asked[0]
    assert (asked.method, asked.body) == ("POST", b'{"a":1}')
    assert headers.items() <= {k.title(): v for k, v in asked.headers.items()}.items()
    assert "cookie" not in asked.headers


async def test_a_large_body_is_whole(kind):
    body = b"0123456789" * 300_000
    async with serving(lambda _: Answer()) as server, opened(kind) as transport:
        await read_all(await transport.send(Request("POST", server.url, body=body)))
    assert server.asked[0].body == body
    assert server.asked[0].headers["content-length"] == str(len(body))


async def test_a_streamed_body_has_its_length_and_is_whole(kind):
    async with serving(lambda _: Answer()) as server, opened(kind) as transport:
        await read_all(await transport.send(Request("POST", server.url, body=Pieces())))
    asked = server.asked[0]
    assert asked.body == b"abcdefghi"
    assert asked.headers["content-length"] == "9"
    assert "transfer-encoding" not in asked.headers


async def test_a_read_brings_what_is_there_without_waiting_for_more(kind):
    async with serving(lambda _: Answer((b"now", HANG))) as server, opened(kind) as transport:
        response = await transport.send(get(server.url, event_stream=True))
        with anyio.fail_after(2):
            assert await response.read() == b"now"
        await response.aclose()


@best_of_tries
async def test_a_read_that_has_to_wait_ends_at_its_deadline(kind):
    drip = (b": still here\n",) + (0.05, b": still here\n") * 40
    async with serving(lambda _: Answer(drip)) as server, opened(kind) as transport:
        response = await transport.send(get(server.url, event_stream=True))
        start = transport.now()
        deadline = start + 300_000_000
        with pytest.raises(TimeoutError):
            while True:
                await response.read(deadline)
        assert (transport.now() - start) / 1e9 >= 0.29
        within((transport.now() - start) / 1e9, 0.3 * 1.1 + 0.05)
        await response.aclose()
        within(await server.client_left(), 0.5)


async def test_a_deadline_may_move_from_read_to_read(kind):
    parts = (b"a", 0.15, b"b", 0.15, b"c", HANG)
    async with serving(lambda _: Answer(parts)) as server, opened(kind) as transport:
        response = await transport.send(get(server.url))
        said = [await response.read(transport.now() + 250_000_000) for _ in "abc"]
        assert said == [b"a", b"b", b"c"]
        await response.aclose()


@best_of_tries
async def test_a_deadline_may_come_nearer_from_read_to_read(kind):
    async with (
        serving(lambda _: Answer((b"a", 0.1, b"b", HANG))) as server,
        opened(kind) as transport,
    ):
        response = await transport.send(get(server.url))
        assert [await response.read(), await response.read(transport.now() + 60 * 10**9)] == [
            b"a",
            b"b",
        ]
        start = transport.now()
        with pytest.raises(TimeoutError):
            await response.read(start + 200_000_000)
        within((transport.now() - start) / 1e9, 0.2 * 1.1 + 0.05)
        await response.aclose()


@best_of_tries
async def test_headers_that_do_not_come_end_at_the_deadline(kind):
    async with serving(lambda _: Answer(delay=5)) as server, opened(kind) as transport:
        start = transport.now()
        with pytest.raises(TimeoutError):
            await transport.send(get(server.url), start + 200_000_000)
        within((transport.now() - start) / 1e9, 0.2 * 1.1 + 0.05)


async def test_nobody_listening_is_a_connection_error(kind):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with opened(kind) as transport:
        with pytest.raises(APIConnectionError, match=f"127.0.0.1:{port}"):
            await transport.send(get(f"http://127.0.0.1:{port}/", connect=5.0))


async def test_a_connection_that_is_never_made_is_a_connect_timeout(kind):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        async with opened(kind) as transport:
            with pytest.raises(APITimeoutError, match=r"within 0\.2 s") as caught:
                await transport.send(get(url, connect=0.2))
        assert caught.value.phase == "connect"
        for caller in callers:
            caller.close()


@pytest.mark.parametrize(
    "answer",
    [
        Answer((b"some", 0.05, RESET)),
        Answer((b"some", 0.05, CUT)),
        Answer(
            (b"4\r\nsome\r\n", 0.05, b"zz\r\nbroken"),
            headers={"Transfer-Encoding": "chunked"},
            framing="close",
        ),
        Answer((b"some", 0.05, CUT), headers={"Content-Length": "100"}, framing="length"),
    ],
    ids=["reset", "cut chunks", "broken chunk", "short of its length"],
)
async def test_a_broken_body_is_a_connection_error(kind, answer):
    async with serving(lambda _: answer) as server, opened(kind) as transport:
        response = await transport.send(get(server.url))
        assert await response.read() == b"some"
        with pytest.raises(APIConnectionError):
            await response.read()
        await response.aclose()


async def test_a_connection_that_breaks_before_the_headers(kind):
    async with serving(lambda _: Answer((CUT,), delay=0)) as server, opened(kind) as transport:
        server_gone = f"{server.url}/"
        await read_all_or_break(transport, server_gone)


async def read_all_or_break(transport: Transport, url: str) -> None:
    response = await transport.send(get(url))
    with pytest.raises(APIConnectionError):
        await read_all(response)
    await response.aclose()


async def test_redirects_are_not_followed(kind):
    answer = Answer(status=307, headers={"Location": "/elsewhere"})
    async with serving(lambda _: answer) as server, opened(kind) as transport:
        response = await transport.send(get(server.url))
        await read_all(response)
        assert response.status == 307
    assert len(server.asked) == 1


async def test_a_compressed_body_is_not_unpacked(kind):
    answer = Answer((b"\x1f\x8bnot really",), headers={"Content-Encoding": "gzip"})
    async with serving(lambda _: answer) as server, opened(kind) as transport:
        response = await transport.send(get(server.url, event_stream=True))
        assert response.headers["content-encoding"] == "gzip"
        assert await read_all(response) == b"\x1f\x8bnot really"


async def test_a_connection_is_used_again_after_the_end_of_a_body(kind):
    async with serving(lambda _: Answer((b"x",))) as server, opened(kind) as transport:
        await read_all(await transport.send(Request("POST", server.url, body=b"{}")))
        await read_all(await transport.send(get(server.url, event_stream=True)))
    assert [asked.connection for asked in server.asked] == [0, 0]


async def test_a_connection_is_not_used_again_after_leaving_early(kind):
    async with serving(lambda _: Answer((b"x", 0.2, b"y"))) as server, opened(kind) as transport:
        response = await transport.send(get(server.url))
        await response.read()
        await response.aclose()
        await read_all(await transport.send(get(server.url)))
    assert [asked.connection for asked in server.asked] == [0, 1]


@best_of_tries
async def test_aclose_closes_the_socket_at_once_without_the_collector(kind):
    async with serving(lambda _: Answer((b"x", HANG))) as server, opened(kind) as transport:
        response = await transport.send(get(server.url, event_stream=True))
        await response.read()
        gc.disable()
        try:
            await response.aclose()
            within(await server.client_left(), 0.05)
        finally:
            gc.enable()


@best_of_tries
async def test_aclose_from_elsewhere_ends_a_read_that_waits(kind):
    async with serving(lambda _: Answer((b"x", HANG))) as server, opened(kind) as transport:
        response = await transport.send(get(server.url))
        await response.read()
        ended = []

        async def reader() -> None:
            with pytest.raises(APIConnectionError):
                await response.read()
            ended.append(True)

        with anyio.fail_after(2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reader)
                await anyio.wait_all_tasks_blocked()
                await response.aclose()
        assert ended == [True]
        within(await server.client_left(), 0.5)


@best_of_tries
async def test_a_cancelled_read_leaves_nothing_behind(kind):
    async with serving(lambda _: Answer((b"x", HANG))) as server, opened(kind) as transport:
        response = await transport.send(get(server.url, event_stream=True))
        await response.read()
        with anyio.move_on_after(0.05) as scope:
            await response.read()
        assert scope.cancelled_caught
        await response.aclose()
        within(await server.client_left(), 0.05)


async def test_a_cancelled_send_leaves_nothing_behind(kind):
    async with serving(lambda _: Answer(delay=30)) as server, opened(kind) as transport:
        with anyio.move_on_after(0.2) as scope:
            await transport.send(get(server.url))
        assert scope.cancelled_caught
        assert len(server.left) == 1


async def test_150_responses_are_open_at_once(kind):
    async with serving(lambda _: Answer((b"x", 0.2, b"y"))) as server, opened(kind) as transport:
        bodies = []

        async def fetch() -> None:
            bodies.append(await read_all(await transport.send(get(server.url))))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                for _ in range(150):
                    tasks.start_soon(fetch)
    assert bodies == [b"xy"] * 150


async def test_the_proxy_of_the_environment_is_used_and_no_netrc(kind, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine far.test login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with serving(lambda _: Answer((b"via proxy",))) as proxy, opened(kind) as transport:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "near.test")
        assert await read_all(await transport.send(get("http://far.test/x"))) == b"via proxy"
    assert proxy.asked[0].target == "http://far.test/x"
    assert "authorization" not in proxy.asked[0].headers


async def test_a_proxy_gets_its_own_password(kind, monkeypatch):
    async with serving(lambda _: Answer((b"ok",))) as proxy, opened(kind) as transport:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//fox:p%40ss@"))
        assert await read_all(await transport.send(get("http://far.test/x"))) == b"ok"
    basic = b64encode(b"fox:p@ss").decode()
    assert proxy.asked[0].headers["proxy-authorization"] == f"Basic {basic}"


async def test_no_proxy_is_asked_for_this_machine(kind, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with serving(lambda _: Answer((b"straight",))) as server, opened(kind) as transport:
        assert await read_all(await transport.send(get(server.url))) == b"straight"
        named = server.url.replace("127.0.0.1", "localhost")
        assert await read_all(await transport.send(get(named))) == b"straight"


async def test_a_proxy_for_everything_is_used(kind, monkeypatch):
    async with serving(lambda _: Answer((b"via proxy",))) as proxy, opened(kind) as transport:
        monkeypatch.setenv("all_proxy", proxy.url)
        assert await read_all(await transport.send(get("http://far.test/x"))) == b"via proxy"


@pytest.mark.parametrize("lane", [LANES["aiohttp-asyncio"]], ids=["aiohttp"])
async def test_aiohttp_takes_a_proxy_without_a_scheme_and_refuses_socks(lane, monkeypatch):
    async with serving(lambda _: Answer((b"via proxy",))) as proxy:
        async with opened(AiohttpTransport) as transport:
            monkeypatch.setenv("http_proxy", proxy.url.removeprefix("http://"))
            assert await read_all(await transport.send(get("http://far.test/"))) == b"via proxy"
        async with opened(AiohttpTransport) as transport:
            monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
            with pytest.raises(APIConnectionError, match="HttpxTransport"):
                await transport.send(get("http://far.test/"))


async def test_cookies_are_not_kept(kind):
    answer = Answer(headers={"Set-Cookie": "a=b; Path=/"})
    async with serving(lambda _: answer) as server, opened(kind) as transport:
        for _ in range(2):
            await read_all(await transport.send(get(server.url)))
    assert ["cookie" in asked.headers for asked in server.asked] == [False, False]


async def test_sleep_and_now_share_a_clock(kind):
    async with opened(kind) as transport:
        start = transport.now()
        await transport.sleep(0.02)
        # libuv counts in whole milliseconds, from the last turn of its loop
        assert 0.019e9 <= transport.now() - start < 1e9


async def test_closing_twice_and_before_use_is_harmless(kind):
    transport = kind()
    transport.close()
    await transport.aclose()
    await transport.aclose()


@best_of_tries
async def test_letting_go_of_a_transport_closes_its_idle_connections(kind):
    if kind is OnTheAppsClient:
        pytest.skip("the connections are the app's")
    async with serving(lambda _: Answer((b"x",))) as server:
        transport = kind()
        await read_all(await transport.send(get(server.url)))
        if is_trio():
            with pytest.warns(ResourceWarning, match="async with"):
                transport.close()
            await transport.aclose()
        else:
            transport.close()
            within(await server.client_left(), 0.5)
            transport.close()


@best_of_tries
async def test_letting_go_of_a_response_closes_it_at_the_next_turn(kind):
    async with serving(lambda _: Answer((b"x", HANG))) as server, opened(kind) as transport:
        response = await transport.send(get(server.url, event_stream=True))
        await response.read()
        if is_trio():
            with pytest.warns(ResourceWarning, match="async with"):
                response.close()
        else:
            response.close()
            within(await server.client_left(), 0.5)
            with pytest.raises(APIConnectionError):
                await response.read()
        await response.aclose()
        response.close()


def is_trio() -> bool:
    return current_async_library() == "trio"


@pytest.mark.parametrize("lane", [LANES["aiohttp-asyncio"]], ids=["aiohttp"])
async def test_aiohttp_is_bound_to_its_first_loop(lane):
    async with serving(lambda _: Answer()) as server, opened(AiohttpTransport) as transport:
        await read_all(await transport.send(get(server.url)))

        def elsewhere() -> None:
            asyncio.run(transport.send(get(server.url)))

        with pytest.raises(RuntimeError, match="bound to the event loop"):
            await anyio.to_thread.run_sync(elsewhere)


@pytest.mark.parametrize("lane", [LANES["httpx-trio"]], ids=["trio"])
async def test_aiohttp_names_the_transport_for_trio(lane):
    with pytest.raises(RuntimeError, match="HttpxTransport runs on trio"):
        await AiohttpTransport().send(get("http://127.0.0.1/"))


def test_a_loop_that_has_ended_needs_no_closing():
    async def use() -> AiohttpTransport:
        transport = AiohttpTransport()
        async with serving(lambda _: Answer(framing="close")) as server:
            await read_all(await transport.send(get(server.url)))
        return transport

    transport = asyncio.run(use())
    transport.close()


async def test_a_refused_connection_was_never_sent(kind):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with opened(kind) as transport:
            with pytest.raises(APIConnectionError) as caught:
                await transport.send(Request("POST", f"http://127.0.0.1:{port}/", body=b"{}"))
    assert not caught.value.sent


async def test_a_connection_that_broke_may_have_been_used(kind):
    async with serving(lambda _: Answer((RESET,))) as server, opened(kind) as transport:
        with pytest.raises(APIConnectionError) as caught:
            response = await transport.send(Request("POST", server.url, body=b"{}"))
            await response.read()
        assert caught.value.sent


async def test_closing_the_transport_closes_its_open_responses(kind):
    async with serving(lambda _: Answer((b"a", HANG))) as server:
        transport = kind()
        response = await transport.send(Request("GET", server.url))
        assert await response.read() == b"a"
        await transport.aclose()
        await server.client_left()
        with pytest.raises(APIConnectionError):
            await response.read()


@pytest.mark.parametrize("lane", [lane for lane in LANES.values() if lane[1] != "trio"])
async def test_closing_it_at_once_closes_its_open_responses(lane):
    async with serving(lambda _: Answer((b"a", HANG))) as server:
        transport = lane[0]()
        response = await transport.send(Request("GET", server.url))
        assert await response.read() == b"a"
        transport.close()
        await server.client_left()
        await anyio.lowlevel.checkpoint()


def test_a_capped_socket_brings_64_kib_at_most():
    here, there = socket.socketpair()
    with there, CappedSocket(fileno=here.detach()) as capped:
        there.setblocking(False)
        sent = there.send(b"x" * 200_000)
        assert sent > 65_536
        assert len(capped.recv(1 << 18)) == 65_536
        assert len(capped.recv(10)) == 10


async def test_an_apps_own_session_is_used_and_left_open(kind):
    if kind is not AiohttpTransport:
        pytest.skip("the session is aiohttp's")
    async with serving(lambda _: Answer((b"one",))) as server, aiohttp.ClientSession() as session:
        session.headers["X-App"] = "mine"
        for _ in range(2):
            async with opened(lambda: AiohttpTransport(session)) as transport:
                assert await read_all(await transport.send(get(server.url))) == b"one"
            transport.close()
            assert not session.closed
        assert [asked.headers["x-app"] for asked in server.asked] == ["mine"] * 2
        assert len(server.left) == 1
