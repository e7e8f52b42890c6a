"""Many relays, each under a name: what a web application keeps for as long as it runs.

House rule: every relay lives in a task of the hub, so that the request that opened it can end. One
whose stream has ended stays for a while, for viewers that were away.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup, TaskStatus

from foxstream.errors import InvalidInputError
from foxstream.relay.closing import cancel_all
from foxstream.relay.errors import RelayError
from foxstream.relay.producing import Source
from foxstream.relay.relays import Relay
from foxstream.relay.stores import Store

__all__ = ["Hub"]


class Hub:
    """Opens and keeps relays; an async context manager, whose end closes them all.

    `store(name)` makes the store of a relay, in memory unless told otherwise. A relay is kept for
    `retention` seconds after its stream has ended, also with an `error` of its source; one whose
    store failed is not, so that it can be opened again. `keepalive` and `lease` are those of
    `Relay`, in seconds.
    """

    def __init__(
        self,
        *,
        store: Callable[[str], Store] | None = None,
        retention: float = 60.0,
        keepalive: float = 15.0,
        lease: float = 10.0,
    ) -> None:
        if not retention >= 0:
            raise InvalidInputError(f"retention is {retention}: at least 0 seconds")
        self._store = store
        self._retention = retention
        self._keepalive = keepalive
        self._lease = lease
        self._relays: dict[str, Relay] = {}
        self._opening: dict[str, anyio.Event] = {}
        self._tasks: TaskGroup | None = None

    async def open(self, name: str, source: Source) -> Relay:
        """The relay of that name; where there is none, one of `source` begins.

        Raises `StoreError` where its store does not answer.
        """
        while (relay := self.get(name)) is None:
            if name in self._opening:
                await self._opening[name].wait()
            else:
                await self._begin(name, source)
        return relay

    def get(self, name: str) -> Relay | None:
        """The relay of that name, if it is here."""
        return self._relays.get(name)

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise RuntimeError("a hub is entered once")
        self._tasks = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await cancel_all(self._entered, kind, error, traceback)

    @property
    def _entered(self) -> TaskGroup:
        if self._tasks is None:
            raise RuntimeError("the hub is not entered: async with Hub()")
        return self._tasks

    async def _begin(self, name: str, source: Source) -> None:
        tasks = self._entered
        opened = self._opening[name] = anyio.Event()
        try:
            await tasks.start(self._keep, name, source)
        finally:
            del self._opening[name]
            opened.set()

    async def _keep(self, name: str, source: Source, *, task_status: TaskStatus[None]) -> None:
        store = self._store(name) if self._store else None
        relay = Relay(source, store=store, keepalive=self._keepalive, lease=self._lease)
        async with relay:
            self._relays[name] = relay
            task_status.started()
            try:
                await relay.wait()
                await anyio.sleep(self._retention)
            except RelayError:  # its viewers were told
                return
            finally:
                del self._relays[name]
