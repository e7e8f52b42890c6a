"""What is relayed: a value of the source -> one numbered `Entry`.

House rule: each value is encoded once, to JSON. `received_ns` stays behind, since it means nothing
on another machine.
"""

from __future__ import annotations

import msgspec

from foxstream.answer import Choice, Delta, ToolCallDelta
from foxstream.errors import FoxError, InvalidInputError

__all__ = [
    "DELTA",
    "DONE",
    "ERROR",
    "SNAPSHOT",
    "STOPPED",
    "Entry",
    "delta_of",
    "encoded",
    "failure_data",
    "snapshot_choices",
    "snapshot_data",
]

DELTA = "delta"
SNAPSHOT = "snapshot"
DONE = "done"
ERROR = "error"
STOPPED = "stopped"
_ENDS = frozenset({DONE, ERROR, STOPPED})
_RESERVED = _ENDS | {DELTA, SNAPSHOT}
_OVERHEAD = 200  # of the objects around the data, in bytes


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream: `offset` counts from 0, `event` is its type, `data` is JSON."""

    offset: int
    event: str
    data: bytes

    @property
    def last(self) -> bool:
        """Whether the stream ends with it: `done`, `error` or `stopped`."""
        return self.event in _ENDS

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.data) + _OVERHEAD


class _DeltaData(msgspec.Struct, frozen=True, omit_defaults=True):
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    index: int = 0
    finish_reason: str | None = None


class _SnapshotData(msgspec.Struct, frozen=True):
    choices: tuple[Choice, ...] = ()


class _FailureData(msgspec.Struct, frozen=True):
    type: str
    message: str
    partial: tuple[Choice, ...] = ()


def encoded(value: object) -> tuple[str, bytes]:
    """The event type and the JSON of a value: `delta`, the class of a Struct, or `message`.

    `InvalidInputError` for what msgspec cannot encode, and for a Struct named like an event of
    the relay's own.
    """
    if isinstance(value, Delta):
        said = (value.text, value.reasoning, value.tool_calls, value.index, value.finish_reason)
        return DELTA, msgspec.json.encode(_DeltaData(*said))
    name = type(value).__name__.lower() if isinstance(value, msgspec.Struct) else "message"
    if name in _RESERVED:
        raise InvalidInputError(f"a relayed value is called {name!r}, as an event of the relay is")
    try:
        return name, msgspec.json.encode(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{type(value).__name__} cannot be relayed: {error}") from error


def delta_of(data: bytes) -> Delta:
    """The delta that was encoded, without its instant."""
    said = msgspec.json.decode(data, type=_DeltaData)
    return Delta(said.text, said.reasoning, said.tool_calls, said.index, said.finish_reason)


def snapshot_data(choices: tuple[Choice, ...]) -> bytes:
    """What was said so far, as the data of a `snapshot` event."""
    return msgspec.json.encode(_SnapshotData(choices))


def snapshot_choices(data: bytes) -> tuple[Choice, ...]:
    """What was said, out of the data of a `snapshot` event."""
    return msgspec.json.decode(data, type=_SnapshotData).choices


def failure_data(error: Exception, partial: tuple[Choice, ...] = ()) -> bytes:
    """The data of an `error` event; only errors of foxstream are told in their own words.

    What another error says was not written for viewers to read.
    """
    message = str(error) if isinstance(error, FoxError) else "the source of the stream failed"
    return msgspec.json.encode(_FailureData(type(error).__name__, message, partial))
