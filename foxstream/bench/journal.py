"""What one request went through on the wire: its exchanges, and the reads of each.

House rule: only instants are kept here; nothing is known of what the bytes say.
"""

from __future__ import annotations

from bisect import bisect_right
from contextvars import ContextVar
from typing import Literal

from foxstream.bench.sockets import Reading, Traffic

__all__ = ["CURRENT", "Exchange", "Journal", "Kind"]

Kind = Literal["upload", "submit", "stream", "look"]


class Exchange:
    """One HTTP request and its answer. All instants are monotonic nanoseconds.

    `acquired`: it had a connection; `connected` and `tls_done` only where that one was new.
    `sent`: its last byte was handed to the kernel. `answered`: the beginning of the answer came.
    """

    def __init__(self, kind: Kind, began: int) -> None:
        self.kind: Kind = kind
        self.began: int = began
        self.acquired: int | None = None
        self.connected: int | None = None
        self.tls_done: int | None = None
        self.sent: int | None = None
        self.answered: Reading | None = None
        self._traffic = Traffic()
        self._secure = False
        self._taken = 0

    def has_acquired(self, now: int, traffic: Traffic, *, secure: bool) -> None:
        """It was given a connection; its `traffic` begins."""
        self.acquired = now
        self._traffic, self._secure = traffic, secure
        self.connected = traffic.connected_ns
        if self.connected is not None and secure:
            self.tls_done = now

    def has_answered(self, now: int) -> None:
        """The headers are there: they began with the first reading after the last send.

        Over TLS with the last one: its first may bring tickets that were on their way.
        """
        self.sent = self._traffic.sent_ns
        self._taken = max(0, self.readings - 1) if self._secure else 0
        self.answered = self._reading(self._taken, now)

    @property
    def readings(self) -> int:
        """How many readings of the socket there are since the request was sent."""
        return len(self._traffic.readings)

    def reading_since(self, before: int, now: int) -> Reading:
        """The reading that began what was just handed over.

        Where nothing new was read since `before`, it had come earlier and waited.
        """
        came = before if self.readings > before else min(self._taken, before - 1)
        self._taken = self.readings
        return self._reading(came, now)

    def _reading(self, at: int, now: int) -> Reading:
        """That reading; where the socket tells of none, as on uvloop, one of `now`."""
        known = self._traffic.readings
        return known[at] if 0 <= at < len(known) else Reading(now)


class Journal:
    """The exchanges of one request in their order, and every read that brought a body."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._handed: list[int] = []
        self._readings: list[Reading] = []

    def first(self, kind: Kind) -> Exchange | None:
        """The first exchange of that kind."""
        return next((each for each in self.exchanges if each.kind == kind), None)

    def last(self, kind: Kind) -> Exchange | None:
        """The last exchange of that kind: the one that was accepted."""
        return next((each for each in reversed(self.exchanges) if each.kind == kind), None)

    def read(self, handed: int, reading: Reading) -> None:
        """Bytes that came with `reading` were handed to the stream at the instant `handed`."""
        self._handed.append(handed)
        self._readings.append(reading)

    def reading_of(self, instant: int) -> Reading:
        """The reading behind an instant at which the stream noted what a read had brought."""
        at = bisect_right(self._handed, instant) - 1
        return self._readings[at] if at >= 0 else Reading(instant)


CURRENT: ContextVar[Journal | None] = ContextVar("foxstream.bench.journal", default=None)
"""The journal of the request that the running task makes."""
