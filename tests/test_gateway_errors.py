"""Whatever goes wrong is told in the error envelope, and without noise."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from foxstream.gateway import ScriptedEngine, create_app
from tests.gatewaykit import ON_ASYNCIO, SUBMIT, events, gateway, refused, submit

pytestmark = ON_ASYNCIO

MODELS = "/v1/models"


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/", (404, "not_found", None)),
        ("GET", "/v1/unknown\x1b[31m", (404, "not_found", None)),
        ("GET", "/v1/tasks/", (404, "not_found", None)),
        ("GET", "/v1/tasks/nobody", (404, "not_found", None)),
        ("GET", SUBMIT, (405, "invalid_request_error", None)),
        ("DELETE", "/v1/tasks/nobody", (405, "invalid_request_error", None)),
        ("PUT", "/uploads/a/b/c", (405, "invalid_request_error", None)),
    ],
)
async def test_what_is_not_here_is_told_in_the_envelope(
    method: str, path: str, told: tuple[int, str, str | None]
) -> None:
    async with gateway() as session, session.request(method, path) as response:
        assert await refused(response) == told
        assert ("Allow" in response.headers) == (told[0] == 405)


async def test_head_is_not_answered_by_a_stream() -> None:
    async with gateway() as session:
        task = await submit(session, stream=True)
        async with session.head(task["stream"]["url"]) as response:
            assert response.status == 405


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_submit_must_say_that_it_is_json(content_type: str) -> None:
    headers = {"Content-Type": content_type}
    async with (
        gateway() as session,
        session.post(SUBMIT, data=b"{}", headers=headers) as response,
    ):
        assert await refused(response) == (400, "invalid_request_error", None)


async def test_a_charset_is_tolerated() -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    body = b'{"model": "gpt-5.4", "prompt": "p"}'
    async with (
        gateway() as session,
        session.post(SUBMIT, data=body, headers=headers) as response,
    ):
        assert response.status == 200


async def test_a_body_over_the_limit_is_refused() -> None:
    async def endless() -> Any:
        while True:
            yield b" " * 100

    bomb = gzip.compress(b" " * 10_000)
    json_type = {"Content-Type": "application/json"}
    async with gateway(max_body_bytes=1000) as session:
        async with session.post(SUBMIT, data=b" " * 1001, headers=json_type) as response:
            assert await refused(response) == (413, "file_too_large_error", None)
        async with session.post(SUBMIT, data=endless(), headers=json_type) as response:
            assert await refused(response) == (413, "file_too_large_error", None)
        headers = {**json_type, "Content-Encoding": "gzip"}
        async with session.post(SUBMIT, data=bomb, headers=headers) as response:
            assert await refused(response) == (413, "file_too_large_error", None)


async def test_an_unforeseen_error_is_told_without_its_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        def __iter__(self) -> Any:
            raise RuntimeError("secret")

    class Models(Broken):
        def __len__(self) -> int:
            return 1

    with caplog.at_level(logging.ERROR):
        async with gateway(models=Models()) as session, session.get(MODELS) as response:
            assert await refused(response) == (500, "internal_error", None)
            assert "secret" not in await response.text()
    assert "GET '/v1/models' failed" in caplog.text


@asynccontextmanager
async def self_made(cancellation: bool, script: Any = ("ok",)) -> AsyncGenerator[Any]:
    """The application in a server of one's own."""
    app = create_app(ScriptedEngine(script))
    runner = web.AppRunner(app, handler_cancellation=cancellation, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        yield session, port
    await runner.cleanup()


@pytest.mark.alone
@pytest.mark.parametrize("cancellation", [True, False])
async def test_a_client_who_leaves_in_mid_body_makes_no_noise(
    cancellation: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with self_made(cancellation) as (session, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {SUBMIT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.02)
        await submit(session)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.alone
@pytest.mark.parametrize("cancellation", [True, False])
async def test_a_subscriber_who_leaves_makes_no_noise_in_any_server(
    cancellation: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with self_made(cancellation, ["x" * 100_000] * 50) as (session, _):
        task = await submit(session, stream=True)
        async with session.get(task["stream"]["url"]) as response:
            await response.content.readany()
        assert (await events(session, task["stream"]["url"]))[-1][0] == "done"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
