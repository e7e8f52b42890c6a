"""The one that reads the source and appends to the store, for as long as it holds the lease.

House rule: at most one producer of a stream appends at any time, whatever the others believe. One
that comes after another compares the source with the log and goes on where that ends.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Protocol, runtime_checkable

import anyio

from foxstream.answer import Choice, Completion
from foxstream.relay.entries import (
    DONE,
    ERROR,
    SNAPSHOT,
    STOPPED,
    Entry,
    encoded,
    failure_data,
    snapshot_data,
)
from foxstream.relay.errors import LeaseLostError, RelayError, StoreError
from foxstream.relay.log import Log
from foxstream.relay.pulse import Pulse
from foxstream.relay.resuming import Resuming
from foxstream.relay.said import Said
from foxstream.relay.stores import Lease, Store

__all__ = ["Producer", "Source"]

_RELEASE = 2.0  # seconds to wait for a store that may be gone
_logger = logging.getLogger("foxstream.relay")

Source = AsyncIterable[object] | Callable[[], AsyncIterable[object]]
"""What is relayed, or a function that opens it from its beginning."""


class Producer:
    """Reads `source` into `store`; `log` is what this relay has read of the store so far."""

    def __init__(self, source: Source, store: Store, log: Log, pulse: Pulse, lease: float) -> None:
        self._source = source
        self._store = store
        self._log = log
        self._pulse = pulse
        self._seconds = lease
        self._spent = False
        self._scope = anyio.CancelScope()

    async def run(self) -> None:
        """Wait for the lease, then read the source to its end; returns when there is no more to do.

        Raises `StoreError` where the store does not answer, and `LeaseLostError` where the lease
        was lost, nobody else goes on, and the source cannot be opened again.
        """
        with self._scope:
            while not self._log.ended:
                lease = await self._store.lease(self._seconds)
                if lease is None:
                    await anyio.sleep(self._seconds / 3)
                elif self._spent:
                    await self._give_up(lease)
                else:
                    _logger.info("the lease is won, the source is read")
                    await self._produce(lease)

    async def stop(self) -> None:
        """End the stream with `stopped`, whoever produces it; the source is closed."""
        self._scope.cancel()
        while not self._log.ended:
            try:
                await self._end()
            except LeaseLostError:  # whoever has it now may be stopping it too
                await self._wait_for_end(self._seconds / 3)

    async def _end(self) -> None:
        lease = await self._store.lease(self._seconds, seize=True)
        if lease is None:
            raise StoreError("the store does not give its lease away")
        try:
            await self._catch_up()
            if not self._log.ended:
                pen = _Pen(self._store, self._log, lease)
                await pen.write(STOPPED, snapshot_data(pen.choices))
                await self._catch_up()
        finally:
            await self._let_go(lease)

    async def _wait_for_end(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            while not self._log.ended:
                await self._pulse.wait()

    async def _give_up(self, lease: Lease) -> None:
        """Nobody goes on with the stream: its viewers are told, rather than left waiting."""
        try:
            await self._catch_up()
        finally:
            await self._let_go(lease)
        if not self._log.ended:
            raise LeaseLostError(
                "the lease was lost in mid-stream, and the source cannot be read again: "
                "give the relay a function that opens it"
            )

    async def _produce(self, lease: Lease) -> None:
        try:
            failure = await self._write_while_held(lease)
        finally:
            await self._let_go(lease)
        if failure is not None:
            raise failure
        if self._spent:  # another has the time that a lease lasts to take the stream over
            await self._wait_for_end(self._seconds)

    async def _write_while_held(self, lease: Lease) -> StoreError | None:
        """Returns what the store failed with, because a task group would wrap it."""
        failure: StoreError | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._renew, lease, tasks.cancel_scope)
            try:
                await self._write_all(lease)
            except LeaseLostError:
                _logger.warning("the lease was lost in mid-stream")
            except StoreError as error:
                failure = error
            tasks.cancel_scope.cancel()
        return failure

    async def _let_go(self, lease: Lease) -> None:
        """Another need not wait for the lease to run out; where the store is gone, it must."""
        with suppress(StoreError), anyio.move_on_after(_RELEASE, shield=True):
            await self._store.release(lease)

    async def _renew(self, lease: Lease, producing: anyio.CancelScope) -> None:
        held = True
        while held:
            await anyio.sleep(self._seconds / 3)
            try:
                held = await self._store.renew(lease, self._seconds)
            except StoreError as error:
                _logger.warning("the lease could not be renewed: %s", error)
                held = False
        producing.cancel()

    async def _write_all(self, lease: Lease) -> None:
        await self._catch_up()
        if self._log.ended:
            return
        pen = _Pen(self._store, self._log, lease)
        try:
            await self._relay(pen)
        except Exception as error:
            if error is pen.failure:
                raise
            _logger.warning("the source of a relay failed", exc_info=error)
            await pen.write(ERROR, failure_data(error, pen.choices))
        else:
            await pen.write(DONE, b"{}")
        await self._catch_up()

    async def _relay(self, pen: _Pen) -> None:
        async with AsyncExitStack() as stack:
            source = self._opened()
            if isinstance(source, _Closes):
                stack.push_async_callback(_closed, source)
            resuming = Resuming(self._log)
            async for value in source:
                new = resuming.beyond(value, reasoning_complete=_has_reasoning(source))
                if new is not None:
                    await pen.write(*encoded(new))
            resuming.check_end(reasoning_complete=_has_reasoning(source))

    def _opened(self) -> AsyncIterable[object]:
        if callable(self._source):
            return self._source()
        self._spent = True  # it cannot be read from its beginning again
        return self._source

    async def _catch_up(self) -> None:
        """Wait until the log has all that is in the store."""
        end = await self._store.end()
        while self._log.end < end and self._log.failure is None:
            await self._pulse.wait()
        if self._log.failure is not None:
            raise StoreError(str(self._log.failure))


class _Pen:
    """Appends one entry after another, with a snapshot wherever the store will need one."""

    def __init__(self, store: Store, log: Log, lease: Lease) -> None:
        self.failure: RelayError | None = None
        self._store = store
        self._lease = lease
        self._offset = log.end
        self._said = Said(store.bounds.max_bytes, log.said.choices)
        if not log.said.whole:
            self._said.give_up()
        self._events = 0
        self._bytes = 0

    @property
    def choices(self) -> tuple[Choice, ...]:
        return self._said.choices

    async def write(self, event: str, data: bytes) -> None:
        entry = Entry(self._offset, event, data)
        self._said.add(entry)
        try:
            await self._store.append(self._lease, entry, self._snapshot_after(entry))
        except RelayError as error:
            self.failure = error
            raise
        self._offset += 1

    def _snapshot_after(self, entry: Entry) -> Entry | None:
        """Twice in what the store keeps, so that one always reaches to the oldest entry."""
        self._events += 1
        self._bytes += entry.size
        bounds = self._store.bounds
        due = 2 * self._events >= bounds.max_events or 2 * self._bytes >= bounds.max_bytes
        if not due or entry.last or not self._said.whole:
            return None
        self._events = self._bytes = 0
        return Entry(entry.offset, SNAPSHOT, snapshot_data(self._said.choices))


@runtime_checkable
class _Closes(Protocol):
    async def aclose(self) -> None: ...


async def _closed(source: _Closes) -> None:
    with anyio.CancelScope(shield=True):
        await source.aclose()


def _has_reasoning(source: object) -> bool:
    """Only an answer that was finished from its task says that it has lost its reasoning."""
    completion = getattr(source, "completion", None)
    return not isinstance(completion, Completion) or completion.reasoning_complete
