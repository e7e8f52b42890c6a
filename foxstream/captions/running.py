"""The work behind the cues of one video: a task of its own, from the first step to the last.

House rule: it begins when cues are first wanted, and nothing of it outlives `close`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from foxstream.captions.asking import Asker, Plan
from foxstream.captions.background import begin
from foxstream.captions.cue import Cue
from foxstream.captions.planning import Planner
from foxstream.captions.tally import Tally
from foxstream.client import Client
from foxstream.video import Cutter

__all__ = ["Run"]

_BUFFERED = 64  # cues that may wait for whoever reads them


class Run:
    """Captions what `cutter` cuts through `client`, or one of its own.

    `error` is what ended it, to be raised behind the last cue.
    """

    def __init__(self, cutter: Cutter, client: Client | None, plan: Plan) -> None:
        self.tally: Tally = Tally()
        self.error: Exception | None = None
        self._cutter = cutter
        self._client = client
        self._plan = plan
        self._planner = Planner(plan.at_once, plan.attempts)
        self._task: _Task | None = None
        self._closed = False

    def cues(self) -> MemoryObjectReceiveStream[Cue]:
        """Begin, unless that was done, and give the way the cues come.

        Raises `anyio.ClosedResourceError` where it was closed before.
        """
        if self._closed:
            raise anyio.ClosedResourceError
        if self._task is None:
            self._task = task = _Task()
            begin(lambda: self._whole(task))
        return self._task.cues

    def close(self) -> None:
        """End it, and take no cue any more."""
        self._closed = True
        if self._task is not None:
            self._task.end()

    async def over(self) -> None:
        """Wait until nothing goes on any more."""
        if self._task is not None:
            await self._task.over.wait()

    async def _whole(self, task: _Task) -> None:
        try:
            with task.scope:
                async with _connected(self._client) as client:
                    await self._caption(task, client)
        except Exception as error:  # noqa: BLE001 (raised again where the cues are read)
            self.error = error
        finally:
            if task.asker is not None:
                self.error = self.error or task.asker.error
            task.screen.close()
            task.over.set()

    async def _caption(self, task: _Task, client: Client) -> None:
        async with self._cutter, anyio.create_task_group() as group:
            asker = Asker(self._plan, self._planner, self.tally, client, group, task.screen)
            task.asker = asker
            await asker.ask_all(self._cutter)


class _Task:
    """What binds the task to the event loop it runs on."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.over = anyio.Event()
        self.asker: Asker | None = None
        self.screen, self.cues = anyio.create_memory_object_stream[Cue](_BUFFERED)

    def end(self) -> None:
        """Cancel it; where its event loop is gone, it is over."""
        self.cues.close()
        if not self.over.is_set():
            with suppress(RuntimeError):
                self.scope.cancel()


@asynccontextmanager
async def _connected(given: Client | None) -> AsyncGenerator[Client]:
    """The client that was given, which stays open, or one of its own."""
    if given is not None:
        yield given
        return
    async with Client() as client:
        yield client
