"""How much of a stream is kept.

House rule: plain data only.
"""

from __future__ import annotations

import msgspec

from foxstream.errors import InvalidInputError

__all__ = ["Bounds"]


class Bounds(msgspec.Struct, frozen=True):
    """What a log may hold: `max_events` events, with `max_bytes` bytes of data in all.

    The newest event is always kept. The text so far, which a snapshot tells, may have as many
    bytes again; beyond that there are no snapshots. `InvalidInputError` for less than one.
    """

    max_events: int = 10_000
    max_bytes: int = 8 * 1024 * 1024

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}: at least 1")
