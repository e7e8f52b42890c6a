"""What a piece of work does to the process that does it: memory beyond before, and a loop held.

House rule: memory is the system's own count of its peak (Linux), and the loop is watched by a timer
of its own, as any other task on it would be served.
"""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path

import msgspec

__all__ = ["Strain", "strain_of"]

_BEAT = 0.001
_PAGE = 4096
_STATUS = Path("/proc/self/status")
_CLEAR_PEAK = Path("/proc/self/clear_refs")


class Strain(msgspec.Struct, frozen=True):
    """`memory`: bytes at the peak beyond what was there; `held`: seconds, the longest."""

    memory: int
    held: float


async def strain_of(work: Awaitable[object]) -> Strain:
    """Do `work`, and tell what it took."""
    gc.collect()
    _forget_peak()
    before = _memory("VmRSS")
    heart = _Heart()
    await asyncio.sleep(10 * _BEAT)
    heart.longest = 0.0
    await work
    heart.stop()
    return Strain(max(_PAGE, _memory("VmHWM") - before), heart.longest)


class _Heart:
    """Beats every millisecond; `longest` is how many seconds a beat came late."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._plan()

    def stop(self) -> None:
        """No further beat; one that is overdue counts."""
        self._note()
        self._timer.cancel()

    def _plan(self) -> None:
        self._due = self._loop.time() + _BEAT
        self._timer = self._loop.call_later(_BEAT, self._beat)

    def _beat(self) -> None:
        self._note()
        self._plan()

    def _note(self) -> None:
        self.longest = max(self.longest, self._loop.time() - self._due)


def _forget_peak() -> None:
    """The peak begins anew; a kernel that does not allow it keeps that of the imports."""
    with suppress(OSError):
        _CLEAR_PEAK.write_text("5")


def _memory(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
