"""The errors of a relay, under the one root of all.

    FoxError
    └── RelayError
        ├── EventsGoneError      a viewer asks for what the log no longer has
        ├── SlowViewerError      a viewer fell too far behind and was let go
        ├── RelayClosedError     the relay was left before its stream ended
        ├── StoreError           the store cannot be reached, or has lost the log
        └── LeaseLostError       another producer writes the stream now

House rule: as in `foxstream.errors`, messages are written where the error is raised.
"""

from __future__ import annotations

from foxstream.errors import FoxError

__all__ = [
    "EventsGoneError",
    "LeaseLostError",
    "RelayClosedError",
    "RelayError",
    "SlowViewerError",
    "StoreError",
    "again",
]


class RelayError(FoxError):
    """What goes wrong between a relay and its viewers, or its store."""


class EventsGoneError(RelayError):
    """The events asked for were dropped from the log, and no snapshot stands for them."""


class SlowViewerError(RelayError):
    """The viewer fell too far behind, and its policy is to be disconnected."""


class RelayClosedError(RelayError):
    """The relay was left before its stream ended; another replica may go on with it."""


class StoreError(RelayError):
    """The store cannot be reached, or has lost the log; what was appended stays where it is."""


class LeaseLostError(RelayError):
    """The lease ran out or was taken over: nothing was appended."""


def again(failure: RelayError) -> RelayError:
    """The same failure for one more reader: a shared one would gather the tracebacks of all."""
    copy = type(failure)(*failure.args)
    copy.__cause__ = failure.__cause__
    return copy
