"""What people use today, each at its best documented settings.

openai and anthropic run on aiohttp (their own `DefaultAioHttpClient`, which their documentation
recommends where many streams are open).
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.riders.rider import PROMPT, Hear, Listen

__all__ = ["aiohttp_sse_client", "anthropic", "httpx_sse", "openai"]

_ASKED = {"model": "m-1", "prompt": PROMPT, "stream": True}
_MESSAGES: Any = [{"role": "user", "content": PROMPT}]


@asynccontextmanager
async def openai(url: str) -> AsyncGenerator[Listen]:
    """`AsyncOpenAI().chat.completions.create(stream=True)`: one request."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    client = AsyncOpenAI(api_key="-", base_url=f"{url}/v1", http_client=DefaultAioHttpClient())
    async with client:

        async def listen(say: Hear, think: Hear) -> None:
            stream = await client.chat.completions.create(
                model="m-1", messages=_MESSAGES, stream=True
            )
            async for chunk in stream:
                for choice in chunk.choices:
                    say(choice.delta.content or "")
                    think(getattr(choice.delta, "reasoning_content", None) or "")

        yield listen


@asynccontextmanager
async def anthropic(url: str) -> AsyncGenerator[Listen]:
    """`AsyncAnthropic().messages.create(stream=True)`: one request."""
    from anthropic import AsyncAnthropic, DefaultAioHttpClient

    client = AsyncAnthropic(api_key="-", base_url=url, http_client=DefaultAioHttpClient())
    async with client:

        async def listen(say: Hear, think: Hear) -> None:
            stream = await client.messages.create(
                model="m-1", messages=_MESSAGES, max_tokens=1024, stream=True
            )
            async for event in stream:
                if event.type == "content_block_delta":
                    say(event.delta.text if event.delta.type == "text_delta" else "")
                    think(event.delta.thinking if event.delta.type == "thinking_delta" else "")

        yield listen


@asynccontextmanager
async def httpx_sse(url: str) -> AsyncGenerator[Listen]:
    """`aconnect_sse` and `json.loads`: submit and follow, two requests."""
    import httpx
    from httpx_sse import aconnect_sse

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:

        async def listen(say: Hear, think: Hear) -> None:
            submitted = await client.post("/v1/llm/generations", json=_ASKED)
            stream = httpx.URL(url).join(submitted.json()["stream"]["url"])
            async with aconnect_sse(client, "GET", stream) as source:
                async for event in source.aiter_sse():
                    if event.event != "done":
                        _hear(event.data, say, think)

        yield listen


@asynccontextmanager
async def aiohttp_sse_client(url: str) -> AsyncGenerator[Listen]:
    """`EventSource` and `json.loads`: submit and follow, two requests."""
    import aiohttp
    from aiohttp_sse_client.client import EventSource

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def listen(say: Hear, think: Hear) -> None:
            async with session.post(f"{url}/v1/llm/generations", json=_ASKED) as answer:
                path = (await answer.json())["stream"]["url"]
            async with EventSource(f"{url.rsplit('/', 1)[0]}{path}", session=session) as source:
                async for event in source:
                    if event.type == "done":
                        break
                    _hear(event.data, say, think)

        yield listen


def _hear(data: str, say: Hear, think: Hear) -> None:
    for choice in json.loads(data)["choices"]:
        delta = choice["delta"]
        say(delta.get("content") or "")
        think(delta.get("reasoning_content") or "")
