"""How long to wait and how often to try again: the numbers a user may set.

House rule: values are checked when they are made, so nothing below has to.
"""

from __future__ import annotations

from typing import TypeGuard

import msgspec

from foxstream.errors import InvalidInputError

__all__ = ["Retries", "Timeouts", "check_size", "retries_of", "timeouts_of"]

_LONGEST = 1e9  # thirty years: beyond it clocks and timers overflow


class Timeouts(msgspec.Struct, frozen=True):
    """The clocks of one answer, in seconds; `None` switches one off.

    `connect`: a connection is made. `submit`: the submit is answered. `first_token`: from the
    accepted submit to the first token. `stall`: between two tokens, while waiting. `task`: a
    polled task shows no change. `total`: everything, from the first await to the end.
    """

    connect: float | None = 10.0
    submit: float | None = 120.0
    first_token: float | None = 120.0
    stall: float | None = 60.0
    task: float | None = 900.0
    total: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value: object = getattr(self, name)
            if value is not None and not (_is_seconds(value) and value > 0):
                raise InvalidInputError(f"timeouts.{name} is {value!r}: seconds above 0, or None")


class Retries(msgspec.Struct, frozen=True):
    """How failures are retried.

    `limit`: consecutive failures without a new token before giving up, 0 fails at the first.
    `backoff` and `max_backoff`: seconds, doubled each time with full jitter. `poll_interval`:
    seconds between two looks at a task.
    """

    limit: int = 5
    backoff: float = 0.25
    max_backoff: float = 8.0
    poll_interval: float = 5.0

    def __post_init__(self) -> None:
        if not _is_count(self.limit):
            raise InvalidInputError(f"retries.limit is {self.limit!r}: a whole number from 0 on")
        for name in ("backoff", "max_backoff", "poll_interval"):
            value: object = getattr(self, name)
            if not _is_seconds(value):
                raise InvalidInputError(f"retries.{name} is {value!r}: seconds from 0 on")


def timeouts_of(given: Timeouts | float | None, otherwise: Timeouts) -> Timeouts:
    """The clocks that a caller means: `otherwise` for `None`, with a `total` for a number."""
    if given is None:
        return otherwise
    return given if isinstance(given, Timeouts) else msgspec.structs.replace(otherwise, total=given)


def retries_of(given: Retries | int) -> Retries:
    """The retries that a caller means: a number is the `limit`."""
    return given if isinstance(given, Retries) else Retries(limit=given)


def check_size(name: str, value: object) -> None:
    """`InvalidInputError` where `value` is no number of bytes."""
    if not _is_count(value):
        raise InvalidInputError(f"{name} is {value!r}: a number of bytes from 0 on")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: object) -> TypeGuard[float]:
    """Whether `value` can be waited for: a number from 0 on, neither NaN nor endless."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST
