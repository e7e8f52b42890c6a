"""How much of a screen captions may take, and how fast they may be read."""

from __future__ import annotations

import msgspec

from foxstream.errors import InvalidInputError

__all__ = ["DEFAULT_LAYOUT", "Layout"]

_BOUNDS = {"columns": (10, 200), "lines": (1, 10), "speed": (1, 1000)}


class Layout(msgspec.Struct, frozen=True):
    """At most `lines` lines of `columns` columns each, read at `speed` characters a second.

    A wide character, such as those of Chinese, takes two columns. Raises `InvalidInputError` for
    what is no screen: 10 to 200 columns, 1 to 10 lines, 1 to 1000 characters a second.
    """

    columns: int = 42
    lines: int = 2
    speed: float = 20.0

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value: float = getattr(self, name)
            if not low <= value <= high:
                raise InvalidInputError(f"{name} is {value!r}: from {low} to {high}")

    def budget(self, seconds: float) -> int:
        """Give how many characters can be read in so many seconds."""
        return max(1, int(seconds * self.speed))


DEFAULT_LAYOUT = Layout()
