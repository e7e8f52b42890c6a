"""Where a stream is kept so that more than one relay can serve it.

House rule: whoever holds the lease appends, everybody reads. A store decides in one step whether
a lease still holds and appends, so a producer that was replaced can add nothing.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from foxstream.relay.bounds import Bounds
from foxstream.relay.entries import Entry

__all__ = ["Lease", "Page", "Store"]


class Lease(msgspec.Struct, frozen=True):
    """The right to append, for a time; each has a larger `token` than all before it."""

    token: int


class Page(msgspec.Struct, frozen=True):
    """What a read found: entries in order, after a snapshot where older ones were dropped."""

    entries: tuple[Entry, ...] = ()
    snapshot: Entry | None = None


class Store(Protocol):
    """One stream of entries. Every method raises `StoreError` where the store does not answer.

    `bounds` is how much of the stream is kept.
    """

    bounds: Bounds

    async def generation(self) -> str:
        """What tells this stream from an earlier one of the same name; letters and digits."""
        ...

    async def lease(self, seconds: float, *, seize: bool = False) -> Lease | None:
        """Take the lease for so long; `None` while another holds it, unless it is seized."""
        ...

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """Hold it for so long from now; false where it is lost."""
        ...

    async def release(self, lease: Lease) -> None:
        """Let it go, if it is still held."""
        ...

    async def append(self, lease: Lease, entry: Entry, snapshot: Entry | None = None) -> None:
        """Append the entry; `LeaseLostError` where the lease is.

        The same entry appended again, because the answer to the first call was lost, is there
        once. `snapshot` tells all up to and with `entry`.
        """
        ...

    async def end(self) -> int:
        """How many entries were appended ever, which is the offset of the next one."""
        ...

    async def read(self, offset: int, wait: float) -> Page:
        """Read from an offset on, after waiting at most so many seconds for there to be some.

        Where the offset is gone the page begins with the newest snapshot, or with the oldest
        entry if there is none.
        """
        ...
