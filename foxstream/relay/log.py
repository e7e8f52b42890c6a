"""The events of one stream, kept so that any number of viewers can read them at any time.

House rule: each event is framed once. The oldest are dropped at the bounds, and what was dropped
is told: by a snapshot, or by a named error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from foxstream.relay.bounds import Bounds
from foxstream.relay.entries import SNAPSHOT, Entry, snapshot_choices, snapshot_data
from foxstream.relay.errors import RelayError
from foxstream.relay.said import Said
from foxstream.sse import Event, encode

__all__ = ["Kept", "Log", "framed"]

_MAX_DIGITS = 18  # of an offset in an id


class Kept(msgspec.Struct, frozen=True, gc=False):
    """An event, and the same as it goes over the wire; `last` where the stream ends with it."""

    event: Event
    frame: bytes
    size: int
    last: bool = False


class Log:
    """Events `first` to `end` (exclusive) of the stream that is called `generation`.

    An id is `generation.offset`, so that an id of another stream is never taken for one of this.
    `failure` is why no more can come though the stream has not ended.
    """

    def __init__(self, generation: str, bounds: Bounds) -> None:
        self.generation: str = generation
        self.first: int = 0
        self.end: int = 0
        self.ended: bool = False
        self.failure: RelayError | None = None
        self.said: Said = Said(bounds.max_bytes)
        self._bounds = bounds
        self._kept: deque[Kept] = deque()
        self._size = 0
        self._snapshot: tuple[int, Kept] | None = None

    def extend(self, entries: Iterable[Entry]) -> None:
        """Add the entries that come next; those in between are gone where an offset is skipped."""
        for entry in entries:
            if entry.offset > self.end:
                self._skip_to(entry.offset)
            self._kept.append(self._framed(entry))
            self._size += entry.size
            self.end = entry.offset + 1
            self.ended = entry.last
            self.said.add(entry)
        self._trim()

    def restore(self, snapshot: Entry) -> None:
        """Begin after what the snapshot tells; nothing before it is there to read."""
        self._skip_to(snapshot.offset + 1)
        self.said = Said(self._bounds.max_bytes, snapshot_choices(snapshot.data))

    def at(self, offset: int) -> Kept:
        """The event at an offset from `first` on and before `end`."""
        return self._kept[offset - self.first]

    @property
    def told(self) -> int:
        """Where a snapshot ends: before the event that ends the stream, if there is one."""
        return self.end - self.ended

    def snapshot(self) -> Kept | None:
        """All that was said so far as one event; `None` where no snapshot can tell it."""
        if not self.said.whole:
            return None
        if self._snapshot is None or self._snapshot[0] != self.told:
            entry = Entry(self.told - 1, SNAPSHOT, snapshot_data(self.said.choices))
            self._snapshot = (self.told, self._framed(entry))
        return self._snapshot[1]

    def after(self, last_event_id: str) -> int | None:
        """The offset that follows an id; `None` for an id of another stream.

        It may be beyond the end, where another replica has told more than this one has read yet.
        """
        generation, _, offset = last_event_id.rpartition(".")
        if generation != self.generation or not offset.removeprefix("-").isdecimal():
            return None
        following = int(offset[:_MAX_DIGITS]) + 1
        return following if following >= 0 else None

    def _framed(self, entry: Entry) -> Kept:
        id = f"{self.generation}.{entry.offset}"
        return framed(Event(entry.event, entry.data, id), entry.size, last=entry.last)

    def _skip_to(self, offset: int) -> None:
        self._kept.clear()
        self._size = 0
        self.first = self.end = offset
        self.said.give_up()

    def _trim(self) -> None:
        bounds = self._bounds
        while len(self._kept) > 1 and (
            len(self._kept) > bounds.max_events or self._size > bounds.max_bytes
        ):
            self._size -= self._kept.popleft().size
            self.first += 1


def framed(event: Event, size: int = 0, *, last: bool = False) -> Kept:
    """An event with its id, ready for the wire."""
    frame = b"id: %b\n%b" % (event.id.encode(), encode(event.event, event.data))
    return Kept(event, frame, size, last)
