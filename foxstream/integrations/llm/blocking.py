"""An asynchronous generator, stepped through by a program that is not.

House rule: the one place that knows how that is done.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

__all__ = ["stepped"]

T = TypeVar("T")


def stepped(items: AsyncGenerator[T]) -> Iterator[T]:
    """Each item when it is there; leaving early, also by Ctrl-C, cancels and closes `items`."""
    with start_blocking_portal() as portal:
        while (item := portal.call(_next, items)) is not None:
            yield item[0]


async def _next(items: AsyncGenerator[T]) -> tuple[T] | None:
    async for item in items:
        return (item,)
    return None
