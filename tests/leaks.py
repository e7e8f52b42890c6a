"""What a block of code must not leave behind: sockets, tasks, complaints."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio.lowlevel
import sniffio
import trio

from tests.processes import open_sockets

__all__ = ["complaints", "nothing_left"]

_TURNS = 5
"""Turns of the event loop that closing may take."""


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """The block leaves no socket and no task behind, without the collector, and no complaint."""
    _be_patient()
    gc.collect()
    gc.disable()
    before = open_sockets(), _tasks()
    try:
        with complaints() as heard:
            yield
            for _ in range(_TURNS):
                await anyio.lowlevel.checkpoint()
            assert (left := (open_sockets(), _tasks())) == before, f"{left}, and before {before}"
            gc.collect()
            await anyio.lowlevel.checkpoint()
    finally:
        gc.enable()
    assert not heard, heard


@contextmanager
def complaints() -> Iterator[list[str]]:
    """What is told to no caller: by finalizers, by the event loop, to the log."""
    heard: list[str] = []
    ears = _Ears(heard)
    hook, sys.unraisablehook = sys.unraisablehook, lambda told: heard.append(repr(told))
    logging.getLogger().addHandler(ears)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(ears)
        sys.unraisablehook = hook


def _be_patient() -> None:
    """The debug mode of asyncio complains of slow steps, and the collector is one."""
    if sniffio.current_async_library() == "asyncio":
        asyncio.get_running_loop().slow_callback_duration = 60.0


class _Ears(logging.Handler):
    """asyncio tells its complaints to the log, as trio does those about generators."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(self.format(record))


def _tasks() -> set[object]:
    if sniffio.current_async_library() == "asyncio":
        return set(asyncio.all_tasks())
    root = trio.lowlevel.current_root_task()
    return set() if root is None else set(_with_children(root))


def _with_children(task: trio.lowlevel.Task) -> Iterator[object]:
    yield task
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _with_children(child)
