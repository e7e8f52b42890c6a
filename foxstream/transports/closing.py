"""Closing that goes on though nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import anyio

__all__ = ["Close", "start", "uninterrupted"]

Close = Callable[[], Coroutine[object, object, None]]

_running: set[asyncio.Task[None]] = set()


def start(close: Close, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
    """Begin to close at the next turn of `loop`; the task is kept alive until it is done."""
    task = loop.create_task(close())
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def uninterrupted(close: Close) -> None:
    """Close to the end, also where the caller is cancelled: by a scope, or as a task of asyncio."""
    with anyio.CancelScope(shield=True):
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            await close()
        else:
            await asyncio.shield(start(close, loop))
