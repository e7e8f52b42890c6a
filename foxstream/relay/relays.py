"""The relay: what comes from its source goes through the store into the log, for any viewer.

House rule: four tasks, all owned by the `async with` block: one produces, one reads the store,
one beats for the keep-alives of all viewers, one looks who has left. No task belongs to a viewer.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self
from weakref import WeakSet

import anyio
from anyio.abc import TaskGroup

from foxstream import logs
from foxstream.errors import InvalidInputError
from foxstream.relay.closing import cancel_all
from foxstream.relay.errors import RelayClosedError, RelayError, again
from foxstream.relay.log import Log
from foxstream.relay.memory_store import MemoryStore
from foxstream.relay.producing import Producer, Source
from foxstream.relay.pulse import Pulse
from foxstream.relay.stores import Store
from foxstream.relay.viewers import Policy, State, Viewer

__all__ = ["Relay"]

_WAIT = 1.0  # how long one read of the store waits for something new, in seconds
_LOOK = 0.2  # between two looks at the viewers, in seconds


class Relay:
    """Relays the deltas, or other encodable values, of one source to any number of viewers.

    `source` is an async iterable, or a function that opens one from its beginning, such as
    `lambda: client.attach(task_id)`: that is what a relay needs that may take over from another
    on the same `store`. It begins to be read on entering, viewers or not. A producer that was
    not heard of for `lease` seconds is replaced. `keepalive` is in seconds too. Raises
    `InvalidInputError` for a value out of range.
    """

    def __init__(
        self,
        source: Source,
        *,
        store: Store | None = None,
        keepalive: float = 15.0,
        lease: float = 10.0,
    ) -> None:
        for name, seconds in (("keepalive", keepalive), ("lease", lease)):
            if not seconds > 0:
                raise InvalidInputError(f"{name} is {seconds}: more than 0 seconds")
        if not callable(source) and not hasattr(source, "__aiter__"):
            kind = type(source).__name__
            raise InvalidInputError(f"{kind} cannot be relayed: `async for` does not read it")
        logs.show(os.environ.get(logs.VARIABLE))
        self._source = source
        self._store: Store = MemoryStore() if store is None else store
        self._keepalive = keepalive
        self._lease = lease
        self._viewers: WeakSet[Viewer] = WeakSet()
        self._running: _Running | None = None

    @property
    def ended(self) -> bool:
        """Whether the stream has come to its last event here."""
        return self._open.log.ended

    @property
    def viewers(self) -> int:
        """How many viewers are there now."""
        return len(self._viewers)

    def view(
        self,
        offset: int = 0,
        *,
        last_event_id: str | None = None,
        policy: Policy = "wait",
        max_lag: int = 1000,
        state: State | None = None,
    ) -> Viewer:
        """A viewer from event `offset` on, which may be to come yet, or after the one with that id.

        Events that are gone are told by a `snapshot`, and so is all where the id is of another
        stream; where none can tell them, reading raises `EventsGoneError`. `max_lag` is in
        events, see `Policy`. Values other than deltas have no snapshot, unless `state` gives one:
        then every viewer that brings no id begins with it. `InvalidInputError` for a value out of
        range.
        """
        log = self._open.log
        if policy not in {"wait", "snapshot", "disconnect"} or max_lag < 1:
            raise InvalidInputError(f"policy is {policy!r} and max_lag {max_lag}")
        if offset < 0:
            raise InvalidInputError(f"offset is {offset}: at least 0")
        start = log.after(last_event_id) if last_event_id else None if state else offset
        viewer = Viewer(
            log,
            self._open.pulse,
            self._viewers.discard,
            offset=start,
            policy=policy,
            max_lag=max_lag,
            state=state,
        )
        self._viewers.add(viewer)
        return viewer

    async def stop(self) -> None:
        """Stop the task for everybody: the last event is `stopped`, and the source is closed.

        Viewers are not needed for that and none can do it by leaving. It works from any relay of
        the stream. Raises `StoreError` where the store does not answer.
        """
        if not self.ended:
            await self._open.producer.stop()

    async def wait(self) -> None:
        """Wait until the last event is there; raises a `RelayError` where it cannot come."""
        running = self._open
        while not running.log.ended and running.log.failure is None:
            await running.pulse.wait()
        if not running.log.ended and running.log.failure is not None:
            raise again(running.log.failure)

    async def __aenter__(self) -> Self:
        if self._running is not None:
            raise RuntimeError("a relay is entered once")
        log = Log(await self._store.generation(), self._store.bounds)
        pulse = Pulse()
        producer = Producer(self._source, self._store, log, pulse, self._lease)
        tasks = await anyio.create_task_group().__aenter__()
        self._running = _Running(log, pulse, producer, tasks)
        for task in (self._produce, self._follow, self._beat, self._attend):
            tasks.start_soon(task)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._fail(RelayClosedError("the relay was closed before its stream ended"))
        return await cancel_all(self._open.tasks, kind, error, traceback)

    @property
    def _open(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the relay is not entered: async with Relay(...)")
        return self._running

    async def _produce(self) -> None:
        try:
            await self._open.producer.run()
        except RelayError as error:
            self._fail(error)

    async def _follow(self) -> None:
        """Read the store into the log, and wake the viewers."""
        log, pulse = self._open.log, self._open.pulse
        try:
            while not log.ended:
                page = await self._store.read(log.end, _WAIT)
                if page.snapshot is not None:
                    log.restore(page.snapshot)
                log.extend(page.entries)
                if page.entries or page.snapshot:
                    pulse.wake()
        except RelayError as error:
            self._fail(error)

    async def _beat(self) -> None:
        pulse = self._open.pulse
        while True:
            await anyio.sleep(self._keepalive)
            pulse.beat()

    async def _attend(self) -> None:
        while True:
            await anyio.sleep(_LOOK)
            for viewer in tuple(self._viewers):
                viewer.attend()

    def _fail(self, error: RelayError) -> None:
        log = self._open.log
        log.failure = log.failure or error
        self._open.pulse.wake()


class _Running:
    """What a relay has between its entering and its leaving."""

    def __init__(self, log: Log, pulse: Pulse, producer: Producer, tasks: TaskGroup) -> None:
        self.log = log
        self.pulse = pulse
        self.producer = producer
        self.tasks = tasks
