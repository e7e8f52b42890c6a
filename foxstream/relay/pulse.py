"""A wake-up call for all who wait, and a beat for those who wait long.

House rule: one timer for all of them, because timers are not free.
"""

from __future__ import annotations

import anyio

__all__ = ["Pulse"]


class Pulse:
    """Wakes everybody who waits; `beats` counts the calls that bring nothing but a sign of life.

    It belongs to the event loop on which it is made.
    """

    def __init__(self) -> None:
        self.beats: int = 0
        self._call = anyio.Event()

    def wake(self) -> None:
        """Wake all who wait now."""
        call, self._call = self._call, anyio.Event()
        call.set()

    def beat(self) -> None:
        """Wake all who wait, though there is nothing new."""
        self.beats += 1
        self.wake()

    async def wait(self) -> None:
        """Wait for the next call."""
        await self._call.wait()
