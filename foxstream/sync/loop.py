"""The event loop of all synchronous calls: one in a thread of its own, for as long as the process.

House rule: a caller waits for one call at a time and may be interrupted; whatever is closed, is
closed in the loop.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

__all__ = ["LoopThread", "running_loop"]

T = TypeVar("T")

_PATIENCE = 2.0
"""Seconds that a program waits at its end for the connections to be closed."""
_ENDED = "the event loop of this client has ended: make a new client"


class LoopThread:
    """An event loop in a daemon thread of its own."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._users: WeakSet[object] = WeakSet()
        self._inherited: list[object] = []
        self._waited_for: set[Future[Any]] = set()
        self._ended = False
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._ending = asyncio.Event()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="foxstream", daemon=True
        )
        self._thread.start()
        self._loop = started.result()

    @property
    def usable(self) -> bool:
        """Whether it runs, and in this process."""
        return not self._ended and self._process == os.getpid()

    def call(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        """The result of `work`, awaited in the loop; Ctrl-C cancels it there.

        Raises `RuntimeError` where it would never come: in the loop itself, after its end, and in
        a process that was forked off.
        """
        self._check()
        future = self._begun(work())
        try:
            return future.result()
        except CancelledError:
            raise RuntimeError(_ENDED) from None
        finally:
            self._waited_for.discard(future)
            future.cancel()
            del future  # it holds the error, whose traceback holds this frame

    def note(self, user: object) -> None:
        """Know of `user`, which has connections in the loop."""
        self._users.add(user)

    def soon(self, close: Callable[[], object]) -> None:
        """Begin to `close` something in the loop, without waiting; it may be said anywhere.

        After the end of the loop all is closed already. What came with a fork is the parent's.
        """
        if self._process == os.getpid():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(close)

    def inherit(self) -> None:
        """In a forked process: let nothing be finalised that would close the parent's connections.

        The frames of a thread that a fork has left behind are never freed, nor is `self` with them.
        """
        self._inherited = list(self._users)

    def end(self) -> None:
        """End the loop, which closes what is still open."""
        if self.usable:
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(_PATIENCE)

    def _check(self) -> None:
        if self._process != os.getpid():
            raise RuntimeError("this client came with a fork: make a new one in this process")
        if threading.current_thread() is self._thread:
            raise RuntimeError(
                "a synchronous call in foxstream's own event loop, such as in on_status, would "
                "wait for itself"
            )
        if self._ended:
            raise RuntimeError(_ENDED)

    def _begun(self, work: Coroutine[object, object, T]) -> Future[T]:
        """`work`, which has begun in the loop; it fails where the loop ends before it does."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            raise RuntimeError(_ENDED) from None
        self._waited_for.add(future)
        if self._loop.is_closed():
            _give_up(future)
        return future

    def _run(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        try:
            with asyncio.Runner() as runner:
                try:
                    runner.run(self._serve(started))
                finally:
                    self._ended = True
        except BaseException as error:  # noqa: BLE001  (a caller has it, also an exit in a callback)
            if not started.done():
                started.set_exception(error)
        for future in list(self._waited_for):
            _give_up(future)

    async def _serve(self, started: Future[asyncio.AbstractEventLoop]) -> None:
        started.set_result(asyncio.get_running_loop())
        await self._ending.wait()


def _give_up(future: Future[Any]) -> None:
    """Let nobody wait for what a closed loop would never bring."""
    with suppress(InvalidStateError):
        future.set_exception(RuntimeError(_ENDED))


class _Current:
    """The loop of this process, once one was needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: LoopThread | None = None

    def running(self) -> LoopThread:
        with self._lock:
            if self._loop is None or not self._loop.usable:
                self._loop = LoopThread()
            return self._loop

    def forget(self) -> None:
        """In a forked process: another thread may have held the lock, and there is no loop."""
        self._lock = threading.Lock()
        if self._loop is not None:
            self._loop.inherit()
            self._loop = None

    def end(self) -> None:
        if self._loop is not None:
            self._loop.end()


_current = _Current()
atexit.register(_current.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_current.forget)


def running_loop() -> LoopThread:
    """The loop of this process, which starts when it is first needed."""
    return _current.running()
