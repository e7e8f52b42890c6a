"""Waiting, and trying again.

House rule: `recovery` decides whether and when, this room only awaits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from foxstream import records
from foxstream.clocks import Clocks
from foxstream.errors import FoxError
from foxstream.exchange import Transport
from foxstream.progress import OnStatus, Status, unheard
from foxstream.recovery import Attempts

__all__ = ["retried", "sleep"]

T = TypeVar("T")


async def retried(
    call: Callable[[], Awaitable[T]],
    attempts: Attempts,
    transport: Transport,
    clocks: Clocks,
    on_status: OnStatus = unheard,
) -> T:
    """The result of `call`, made again while `attempts` allow and `clocks` leave time for it."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return await call()
        except FoxError as error:
            seconds = attempts.failed(error)
            deadline = clocks.deadline
            if deadline is not None and transport.now() + seconds * 1e9 >= deadline:
                raise
            records.retried(error, attempt, seconds)
        on_status(Status("reconnecting"))
        await transport.sleep(seconds)


async def sleep(transport: Transport, seconds: float, clocks: Clocks) -> None:
    """Wait for `seconds`; `APITimeoutError` where the deadline comes first."""
    deadline = clocks.deadline
    left = seconds if deadline is None else (deadline - transport.now()) / 1e9
    await transport.sleep(max(0.0, min(seconds, left)))
    if left < seconds or (deadline is not None and transport.now() >= deadline):
        raise clocks.ran_out()
