"""What the tests of the gateway share: real sockets, a plain HTTP client, the asyncio loops."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import msgspec
import pytest

from foxstream.gateway import Engine, ScriptedEngine, running_gateway
from foxstream.sse import Parser

ON_ASYNCIO = [
    pytest.mark.anyio,
    pytest.mark.parametrize(
        "anyio_backend",
        [("asyncio", {"debug": True}), ("asyncio", {"use_uvloop": True})],
        ids=["asyncio", "uvloop"],
    ),
]
"""The gateway is an aiohttp server: asyncio in debug mode and on uvloop."""

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20
FORM = "/v1/files/upload/stream"
SUBMIT = "/v1/llm/generations"
TEXT = {"model": "gemini-2.5-pro", "prompt": "hello"}
KEY = "sk-one"


@asynccontextmanager
async def gateway(script: Any = ("ok",), **options: Any) -> AsyncGenerator[aiohttp.ClientSession]:
    """A client session of a running gateway; `script` may be an engine."""
    engine: Engine = script if hasattr(script, "run") else ScriptedEngine(script)
    async with (
        running_gateway(engine, **options) as url,
        aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(10)) as session,
    ):
        yield session


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def submit(session: aiohttp.ClientSession, base: str = "", **fields: Any) -> dict[str, Any]:
    """Submit `TEXT` with more fields; the task."""
    async with session.post(base + SUBMIT, json={**TEXT, **fields}) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def poll(session: aiohttp.ClientSession, task_id: str) -> dict[str, Any]:
    async with session.get(f"/v1/tasks/{task_id}?sync_upstream=true") as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def ended(session: aiohttp.ClientSession, task_id: str) -> dict[str, Any]:
    """The task, as soon as it is completed or failed."""
    return await until(lambda: poll(session, task_id), lambda t: t["status"] in ENDS)


ENDS = ("completed", "failed")


async def until(look: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool]) -> Any:
    """Look again and again until the wanted is seen."""
    for _ in range(2000):
        if wanted(seen := await look()):
            return seen
        await anyio.sleep(0.002)
    raise AssertionError(f"in vain: {seen}")


async def events(session: aiohttp.ClientSession, url: str) -> list[tuple[str, Any]]:
    """All events of a stream, with their data decoded."""
    async with session.get(url) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"] == "text/event-stream"
        return decoded(await response.read())


def decoded(body: bytes) -> list[tuple[str, Any]]:
    return [(event.event, msgspec.json.decode(event.data)) for event in Parser().feed(body)]


def text_of(stream: list[tuple[str, Any]]) -> str:
    """The answer text of all chunks."""
    choices = [choice for name, data in stream if name == "chunk" for choice in data["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


async def refused(response: aiohttp.ClientResponse) -> tuple[int, str, str | None]:
    """Status, type and code of an answer, which must be an error envelope."""
    body = await response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) <= {"message", "type", "code"}
    assert body["error"]["message"]
    assert response.headers["x-request-id"]
    return response.status, body["error"]["type"], body["error"].get("code")


def form(data: bytes = PNG, name: str | None = "photo.png", **fields: str) -> aiohttp.FormData:
    """The parts in the order that is hardest: the file first."""
    body = aiohttp.FormData()
    body.add_field("file", io.BytesIO(data), filename=name, content_type="application/octet-stream")
    for key, value in fields.items():
        body.add_field(key, value)
    return body


async def upload(session: aiohttp.ClientSession, data: bytes = PNG, **fields: str) -> Any:
    async with session.post(FORM, data=form(data, **fields)) as response:
        assert response.status == 200, await response.text()
        return await response.json()
