"""Work that goes on between two steps of an iterator, on asyncio and on trio.

House rule: whoever iterates is in none of its scopes, so that leaving a loop is leaving it. The
work ends with its `CancelScope`, and lets no exception out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

__all__ = ["begin"]

_tasks: set[asyncio.Task[None]] = set()  # asyncio itself holds on to no task


def begin(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run `work()` beside the task that calls this."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        from trio.lowlevel import spawn_system_task

        spawn_system_task(work)
        return
    task = loop.create_task(work())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
