"""What stands between foxstream and the raw floor: aiohttp alone, with msgspec behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.riders.rider import PROMPT, Hear, Listen
from foxstream import wire

__all__ = ["aiohttp_and_msgspec"]

_PREFIX = len(b"event: chunk\ndata: ")
_ASKED = {"model": "m-1", "prompt": PROMPT, "stream": True}


@asynccontextmanager
async def aiohttp_and_msgspec(url: str) -> AsyncGenerator[Listen]:
    """`readany`, `split`, `msgspec`: no limits, no clocks, no errors, no recovery."""
    import aiohttp

    no_limit = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=no_limit) as session:

        async def listen(say: Hear, think: Hear) -> None:
            async with session.post(f"{url}/v1/llm/generations", json=_ASKED) as answer:
                path = (await answer.json())["stream"]["url"]
            rest = b""
            async with session.get(f"{url.rsplit('/', 1)[0]}{path}") as answer:
                while block := await answer.content.readany():
                    *frames, rest = (rest + block).split(b"\n\n")
                    for frame in frames:
                        if frame.startswith(b"event: done"):
                            continue
                        for choice in wire.decode_chunk(frame[_PREFIX:]).choices or ():
                            if choice.delta is not None:
                                say(choice.delta.content or "")
                                think(choice.delta.reasoning_content or "")

        yield listen
