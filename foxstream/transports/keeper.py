"""What is still open when the event loop ends is closed by it.

House rule: an async generator that is suspended when its loop ends is finalised there, on asyncio
(`loop.shutdown_asyncgens`) as on trio. It is the one notice that both give.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

__all__ = ["Keeper", "keep"]

Keeper = AsyncGenerator[None]
"""Closes what it keeps when it is closed, or when the event loop ends."""


async def keep(close: Callable[[], Awaitable[None]]) -> Keeper:
    """A keeper that will await `close` once; `close` must not hold whoever holds the keeper."""
    keeper = _keeper(close)
    await anext(keeper)
    return keeper


async def _keeper(close: Callable[[], Awaitable[None]]) -> Keeper:
    try:
        yield
    finally:
        await close()
