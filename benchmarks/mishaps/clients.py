"""Who reads: each client in the way of its own documentation, retries on, with one key.

House rule: what can be set is set to the same: half a second of silence is too much, and waits
between tries are short. Nothing is caught, nothing is mended: the loop gets what the library gives.
Libraries are imported where they are used, so that a process loads only its own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import msgspec

__all__ = ["CLIENTS", "FOXSTREAM", "Client", "Hear"]

FOXSTREAM = "foxstream"

PATIENCE = 0.5
"""Seconds of silence that are too much."""

_BACKOFF = 0.05
_KEY = "sk-mishaps"
_BEARER = {"Authorization": f"Bearer {_KEY}"}
_CHAT = "v1/chat/completions"
_SUBMIT = "v1/llm/generations"
_QUESTION = "What is happening?"
_ASKED = {"model": "m-1", "messages": [{"role": "user", "content": _QUESTION}], "stream": True}

Hear = Callable[[str], bool]
"""Called with each text that the loop gets; true when the loop shall be left."""


class Client(msgspec.Struct, frozen=True):
    """`connect` opens what lives long, `listen` is the user's loop around one answer.

    `follow` is the loop over a stream whose URL the service named; `None` where the library has
    no such thing. `Any`: every library has its own type.
    """

    module: str
    connect: Callable[[str], AbstractAsyncContextManager[Any]]
    listen: Callable[[Any, Hear], Awaitable[None]]
    follow: Callable[[Any, Hear], Awaitable[None]] | None

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return find_spec(self.module) is not None


def _foxstream(url: str) -> AbstractAsyncContextManager[Any]:
    import foxstream

    return foxstream.Client(
        _KEY,
        base_url=url,
        timeouts=foxstream.Timeouts(first_token=PATIENCE, stall=PATIENCE),
        retries=foxstream.Retries(backoff=_BACKOFF, poll_interval=_BACKOFF),
    )


async def _listen_foxstream(client: Any, hear: Hear) -> None:
    async for delta in client.stream(_QUESTION):
        if hear(delta.text):
            break


def _openai(url: str) -> AbstractAsyncContextManager[Any]:
    from openai import AsyncOpenAI

    return AsyncOpenAI(api_key=_KEY, base_url=f"{url}/v1", timeout=PATIENCE)


async def _listen_openai(client: Any, hear: Hear) -> None:
    stream = await client.chat.completions.create(**_ASKED)
    async for chunk in stream:
        if hear(chunk.choices[0].delta.content or ""):
            break


def _httpx(url: str) -> AbstractAsyncContextManager[Any]:
    import httpx

    return httpx.AsyncClient(base_url=url, headers=_BEARER, timeout=PATIENCE)


async def _listen_httpx_sse(client: Any, hear: Hear) -> None:
    await _read_httpx_sse(client, "POST", _CHAT, hear, json=_ASKED)


async def _follow_httpx_sse(client: Any, hear: Hear) -> None:
    submitted = await client.post(_SUBMIT, json=_ASKED)
    await _read_httpx_sse(client, "GET", submitted.json()["stream"]["url"], hear)


async def _read_httpx_sse(client: Any, method: str, url: str, hear: Hear, **body: Any) -> None:
    from httpx_sse import aconnect_sse

    async with aconnect_sse(client, method, url, **body) as source:
        async for event in source.aiter_sse():
            if _is_end(event.event, event.data) or hear(_content(event.data)):
                break


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Any]:
    import aiohttp

    silence = aiohttp.ClientTimeout(sock_read=PATIENCE)
    async with aiohttp.ClientSession(f"{url}/", headers=_BEARER, timeout=silence) as session:
        yield session


async def _listen_aiohttp_sse(session: Any, hear: Hear) -> None:
    await _read_aiohttp_sse(session, "POST", _CHAT, hear, json=_ASKED)


async def _follow_aiohttp_sse(session: Any, hear: Hear) -> None:
    async with session.post(_SUBMIT, json=_ASKED) as answer:
        submitted = await answer.json()
    await _read_aiohttp_sse(session, "GET", submitted["stream"]["url"], hear)


async def _read_aiohttp_sse(session: Any, method: str, url: str, hear: Hear, **body: Any) -> None:
    from aiohttp_sse_client.client import EventSource

    source = EventSource(
        url,
        option={"method": method},
        reconnection_time=timedelta(seconds=_BACKOFF),
        session=session,
        **body,
    )
    async with source:
        async for event in source:
            if _is_end(event.type, event.data) or hear(_content(event.data)):
                break


def _is_end(event: str | None, data: str) -> bool:
    return data == "[DONE]" or event == "done"


def _content(data: str) -> str:
    return json.loads(data)["choices"][0]["delta"].get("content") or ""


CLIENTS = {
    "openai": Client("openai", _openai, _listen_openai, None),
    "httpx-sse": Client("httpx_sse", _httpx, _listen_httpx_sse, _follow_httpx_sse),
    "aiohttp-sse-client": Client(
        "aiohttp_sse_client", _aiohttp, _listen_aiohttp_sse, _follow_aiohttp_sse
    ),
    FOXSTREAM: Client("foxstream", _foxstream, _listen_foxstream, _listen_foxstream),
}
"""By the name of their distribution; the last is ours."""
