"""Running what a command has to do, and how that ends: an exit code for everything.

House rule: however it ends, nothing is left open.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from foxstream.cli.screen import Screen

__all__ = ["INTERRUPTED", "PIPE_CLOSED", "TERMINATED", "Job", "run_job"]

Job = Callable[[Screen], Awaitable[int | None]]
"""What a command has to do, once its options have been read; its exit code, `None` for 0."""

INTERRUPTED = 128 + 2
PIPE_CLOSED = 128 + 13
TERMINATED = 128 + 15


def run_job(job: Job, screen: Screen) -> int:
    """Do it, and return the exit code. Ctrl-C and SIGTERM cancel it, so that it can tidy up."""
    try:
        return asyncio.run(_cancellable(job, screen)) or 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    finally:
        screen.clear()


async def _cancellable(job: Job, screen: Screen) -> int | None:
    task = asyncio.current_task()
    if task is not None:
        with suppress(NotImplementedError):  # there is no such signal on Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await job(screen)
