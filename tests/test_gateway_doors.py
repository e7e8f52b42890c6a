"""Who is let in, and in what words everybody else is turned away."""

from __future__ import annotations

import asyncio
import hmac
import socket
from hmac import compare_digest
from typing import Any

import aiohttp
import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from foxstream.errors import InvalidInputError
from foxstream.gateway import ScriptedEngine, create_app, running_gateway
from foxstream.gateway.settings import Options, Settings
from tests.gatewaykit import KEY, ON_ASYNCIO, SUBMIT, TEXT, bearer, gateway, refused, submit

pytestmark = ON_ASYNCIO

MODELS = "/v1/models"
DENIED = (403, "permission_denied", None)
UNAUTHORIZED = (401, "authentication_error", None)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {KEY}",
        KEY,
        "Bearer sk-ones",
        "Bearer sk-on",
        "Bearer sk-one,sk-one",
        "Bearer sk-\xf6ne",
    ],
)
async def test_a_wrong_key_is_refused(authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with gateway(api_key=KEY) as session:
        for method, path in [("POST", SUBMIT), ("GET", MODELS), ("GET", "/v1/nowhere")]:
            async with session.request(method, path, headers=headers) as response:
                assert await refused(response) == UNAUTHORIZED
                assert response.headers["WWW-Authenticate"] == "Bearer"
                assert KEY not in await response.text()


async def test_the_right_key_is_let_in() -> None:
    async with gateway(api_key=KEY) as session:
        for header in (f"Bearer {KEY}", f"bearer  {KEY} "):
            async with session.get(MODELS, headers={"Authorization": header}) as response:
                assert response.status == 200


async def test_a_task_is_visible_to_its_own_key_only() -> None:
    async with gateway(api_key={KEY, "sk-two"}) as session:
        async with session.post(
            SUBMIT, json={**TEXT, "stream": True}, headers=bearer(KEY)
        ) as response:
            task = await response.json()
        for path in (f"/v1/tasks/{task['id']}", task["stream"]["url"]):
            async with session.get(path, headers=bearer(KEY)) as response:
                assert response.status == 200
            async with session.get(path, headers=bearer("sk-two")) as response:
                assert await refused(response) == (404, "not_found", None)


@pytest.mark.parametrize("key", ["", [], "a key", "k\n", "sk-\xf6", ["sk-1", ""]])
async def test_a_key_that_is_none_is_refused_at_the_start(key: Any) -> None:
    with pytest.raises(InvalidInputError, match="api_key"):
        create_app(ScriptedEngine([]), key)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]", "[::1"],
)
async def test_a_foreign_host_is_refused(host: str) -> None:
    async with gateway() as session:
        port = session._base_url.port  # type: ignore[union-attr]
        told = await raw(port, f"GET {MODELS} HTTP/1.1\r\nHost: {host}\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 403 ")
    assert b'"type":"permission_denied"' in told


async def raw(port: int, request: str) -> bytes:
    """The first bytes of the answer to a request that no client would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    answer = await reader.readuntil(b"}}")
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:9"])
async def test_loopback_hosts_are_answered(host: str) -> None:
    async with gateway() as session, session.get(MODELS, headers={"Host": host}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://evil.example", 403), ("null", 403), ("http://localhost:3000", 200)],
)
async def test_a_page_from_elsewhere_is_refused(origin: str, status: int) -> None:
    async with gateway() as session, session.get(MODELS, headers={"Origin": origin}) as response:
        assert response.status == status


async def test_hosts_can_be_named_or_left_open() -> None:
    async with gateway(allowed_hosts={"fox.example"}) as session:
        async with session.get(MODELS) as response:
            assert await refused(response) == DENIED
        async with session.get(MODELS, headers={"Host": "fox.example:1"}) as response:
            assert response.status == 200
    async with (
        gateway(allowed_hosts=None) as session,
        session.get(MODELS, headers={"Host": "evil.example"}) as response,
    ):
        assert response.status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "fox.example", ""])
async def test_an_open_door_needs_a_key(host: str) -> None:
    with pytest.raises(InvalidInputError, match="api_key"):
        async with running_gateway(ScriptedEngine([]), host=host):
            pass


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
        ("localhost", "http://"),
        ("127.0.0.2", "http://127.0.0.2:"),
    ],
)
async def test_the_base_url_can_be_reached(host: str, url: str) -> None:
    async with (
        running_gateway(ScriptedEngine([]), host=host, api_key=KEY) as base,
        aiohttp.ClientSession(base, headers=bearer(KEY)) as session,
        session.get(MODELS) as response,
    ):
        assert base.startswith(url)
        assert response.status == 200


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInputError, match=str(port)):
            async with running_gateway(ScriptedEngine([]), port=port):
                pass


@pytest.mark.parametrize("option", ["retention", "max_body_bytes", "max_tasks", "keepalive"])
async def test_a_limit_of_nothing_is_refused(option: str) -> None:
    for value in (0, -1.0, float("nan")):
        with pytest.raises(InvalidInputError, match=option):
            create_app(ScriptedEngine([]), **{option: value})


async def test_without_an_engine_it_measures() -> None:
    pytest.importorskip("av")
    async with running_gateway() as url, aiohttp.ClientSession(url) as session:
        completion = await submit(session, sync=True, max_tokens=5)
    assert completion["choices"][0]["message"]["content"].startswith("I am")


async def test_the_options_are_those_of_the_settings() -> None:
    assert set(Options.__annotations__) == set(Settings.__struct_fields__)


def serve_in_a_thread() -> int:
    engine = ScriptedEngine(["ok"])
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_gateway(engine)) as url,
    ):
        return httpx.post(url + SUBMIT, json={**TEXT, "sync": True}).status_code


async def test_it_can_be_run_beside_any_event_loop() -> None:
    assert await asyncio.to_thread(serve_in_a_thread) == 200


INNER = f"GET {MODELS} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CHUNKED = f"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}"


@pytest.mark.parametrize(
    "head",
    [
        f"Content-Length: {5 + len(INNER)}\r\n{CHUNKED}",
        f"Content-Length: 0\r\nContent-Length: {len(INNER)}\r\n\r\n{INNER}",
        f"Content-Length: 0, {len(INNER)}\r\n\r\n{INNER}",
        f"Content-Length: +5\r\n\r\nhello{INNER}",
        f"Content-Length: -5\r\n\r\nhello{INNER}",
        f"Transfer-Encoding: xchunked\r\n\r\n{INNER}",
        f"Transfer-Encoding: chunked\r\n{CHUNKED}",
        CHUNKED.replace("Encoding:", "Encoding :"),
        CHUNKED.replace("0\r\n\r\n", "0x0\r\n\r\n", 1),
        f"X-A: a\r\n Content-Length: 5\r\n\r\n{INNER}",
        f"X-A: a\rContent-Length: 5\r\n\r\n{INNER}",
        f"X-A: a\0\r\n\r\n{INNER}",
        f"Host: evil.example\r\n\r\n{INNER}",
        f"Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n{INNER}",
    ],
)
async def test_a_request_whose_end_is_in_doubt_ends_the_connection(head: str) -> None:
    """Otherwise something in front might see one request where there are two."""
    start = f"POST {SUBMIT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    async with gateway() as session:
        port = session._base_url.port  # type: ignore[union-attr]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{start}{head}".encode())
        told = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert told.startswith(b"HTTP/1.0 400 ")
    assert b"HTTP/1.1 200" not in told


async def test_every_key_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    keys = {KEY, "sk-two", "sk-three"}
    async with gateway(api_key=keys) as session:
        for given in (KEY, "sk-three", "wrong"):
            compared.clear()
            async with session.get(MODELS, headers=bearer(given)) as response:
                assert response.status == (200 if given in keys else 401)
            assert {one.decode() for one, _ in compared} == keys
            assert {other.decode() for _, other in compared} == {given}
