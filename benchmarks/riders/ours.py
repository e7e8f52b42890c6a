"""foxstream as it is shipped: default timeouts, recovery and timings on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from benchmarks.riders.rider import PROMPT, Hear, Listen, Mount

__all__ = ["direct", "foxstream"]


@asynccontextmanager
async def foxstream(url: str, *, direct: bool = False) -> AsyncGenerator[Listen]:
    """Submit and follow; `direct` is one request."""
    from foxstream import Client

    async with Client(base_url=url) as client:

        async def listen(say: Hear, think: Hear) -> None:
            async with client.stream(PROMPT, direct=direct) as answer:
                async for delta in answer:
                    say(delta.text)
                    think(delta.reasoning)

        yield listen


direct: Mount = partial(foxstream, direct=True)
