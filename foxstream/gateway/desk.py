"""Where a request becomes a task, whichever API it came by."""

from __future__ import annotations

from aiohttp import web

from foxstream.gateway.engine import Engine, Generation, Media
from foxstream.gateway.framing import Framing
from foxstream.gateway.keyring import Keyring
from foxstream.gateway.settings import Settings
from foxstream.gateway.tasks import Task, TaskTable

__all__ = ["Desk"]


class Desk:
    """The engine, what it may read, and the tasks that it works on, each with its owner."""

    def __init__(
        self,
        engine: Engine,
        media: Media,
        keyring: Keyring,
        tasks: TaskTable,
        settings: Settings,
    ) -> None:
        self.tasks: TaskTable = tasks
        self.settings: Settings = settings
        self._engine = engine
        self._media = media
        self._keyring = keyring

    def start(
        self, request: web.Request, generation: Generation, framing: Framing | None, size: int
    ) -> Task:
        """Begin to answer a request of `size` bytes; without `framing` it has no stream."""
        return self.tasks.start(
            self._engine,
            generation,
            self._media,
            owner=self._keyring.owner(request),
            framing=framing,
            size=size,
        )

    def find(self, request: web.Request) -> Task:
        """The task that the path of `request` names, if its key owns it."""
        return self.tasks.find(request.match_info["task_id"], self._keyring.owner(request))
