"""What is broadcast: numbered, stamped events at a steady pace.

House rule: the schedule is absolute, so that a source that was held up catches up.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import msgspec

from benchmarks.referee import WrongAnswerError
from foxstream import Delta

__all__ = ["ALL", "Beat", "Ear"]

ALL = "every event once and in order, for every viewer"

_SAID = re.compile(rb'"(\d+):(\d+) "')


class Beat(msgspec.Struct, frozen=True):
    """`events` events, `rate` a second."""

    events: int
    rate: float

    async def __call__(self) -> AsyncIterator[Delta]:
        """Tell them: `17:123456789 ` is the 18th, made at that monotonic nanosecond."""
        due = time.monotonic()
        for number in range(self.events):
            await asyncio.sleep(due - time.monotonic())
            yield Delta(text=f"{number}:{time.monotonic_ns()} ")
            due += 1 / self.rate


class Ear:
    """One viewer's count of what it heard; `late_ns` is added to for each event."""

    def __init__(self, late_ns: list[int]) -> None:
        self.heard: int = 0
        self._late_ns = late_ns

    def hear(self, data: bytes) -> None:
        """Take whole events, framed or not; `WrongAnswerError` where one is not the next."""
        now = time.monotonic_ns()
        for number, made in _SAID.findall(data):
            if int(number) != self.heard:
                raise WrongAnswerError(f"event {int(number)} came, {self.heard} was expected")
            self.heard += 1
            self._late_ns.append(now - int(made))
