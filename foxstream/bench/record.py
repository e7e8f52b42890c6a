"""What is kept of one request: named instants, one line of JSON.

House rule: raw. Nothing here is computed from anything else here, so every figure can be had again
from the lines. All instants are nanoseconds on the monotonic clock, `None` where they did not come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from foxstream.errors import InvalidInputError

__all__ = ["CANCELLED", "INSTANTS", "Clock", "Phase", "Record", "from_lines", "to_line"]

Phase = Literal["warmup", "first_wave", "steady", "cooldown"]
"""`first_wave`: the requests that fill a closed loop; `steady`: those that figures are made of."""

Clock = Literal["kernel", "user"]
"""Who stamped what was received: the kernel when it came, or this process when it had read it."""


CANCELLED = "Cancelled"
"""The `error` of a request that was under way when the run was stopped."""


class Record(msgspec.Struct, kw_only=True):
    """One request, from the instant it was meant to be sent to its closed connection.

    The instants in their order: `intended` by the schedule, `issued` by this program,
    `connection_acquired` from the pool or made; `connected` and `tls_done` only of a new one;
    `submit_sent`: its last byte was handed to the kernel; `task_accepted`: its answer came;
    `stream_opened`: the stream's headers came; `first_byte`, `first_event` of the stream;
    `first_token` of any kind, `first_reasoning_token`, `first_text_token`, `last_token`;
    `done`: the answer was known to be whole; `closed`: its connection was given back or closed.
    `upload_began` and `upload_done` are those of media sent before the submit, `submit_began` that
    of the submit which was accepted; `submits` counts those that were refused before it, too.

    `chunk_ns` has one instant for each chunk that carried tokens; chunks of one read share it.
    `chunk_lag_ns` tells beside each how much later this process had read it than the kernel had
    received it, `None` where the kernel's stamp could not be used; it is then the process' own.
    `answer_id` is the id that the chunks carried. `error` is the name of what was raised.
    `stalls_ns` are the times, from and to, at which the event loop stood still while the request
    was under way. `level` names the load it was part of.
    """

    index: int
    level: str = ""
    phase: Phase = "steady"
    model: str = ""
    task_id: str | None = None
    answer_id: str | None = None
    error: str | None = None
    message: str | None = None
    finish_reason: str | None = None
    clock: Clock = "user"
    intended_ns: int
    issued_ns: int | None = None
    upload_began_ns: int | None = None
    upload_done_ns: int | None = None
    submit_began_ns: int | None = None
    connection_acquired_ns: int | None = None
    connected_ns: int | None = None
    tls_done_ns: int | None = None
    submit_sent_ns: int | None = None
    task_accepted_ns: int | None = None
    stream_opened_ns: int | None = None
    first_byte_ns: int | None = None
    first_event_ns: int | None = None
    first_token_ns: int | None = None
    first_reasoning_token_ns: int | None = None
    first_text_token_ns: int | None = None
    last_token_ns: int | None = None
    done_ns: int | None = None
    closed_ns: int | None = None
    chunk_ns: list[int] = []
    chunk_lag_ns: list[int | None] = []
    stalls_ns: list[tuple[int, int]] = []
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    submits: int = 0
    reconnects: int = 0
    recovered: bool = False

    @property
    def failed(self) -> bool:
        """Whether the answer did not come whole."""
        return self.error is not None

    def instant(self, name: str) -> int | None:
        """The instant of that name, without its `_ns`."""
        instant: int | None = getattr(self, f"{name}_ns")
        return instant


INSTANTS: tuple[str, ...] = (
    "intended",
    "issued",
    "upload_began",
    "upload_done",
    "submit_began",
    "connection_acquired",
    "connected",
    "tls_done",
    "submit_sent",
    "task_accepted",
    "stream_opened",
    "first_byte",
    "first_event",
    "first_token",
    "first_reasoning_token",
    "first_text_token",
    "last_token",
    "done",
    "closed",
)
"""Their names, in the order in which a plain request passes them."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Record)


def to_line(record: Record) -> bytes:
    """One line of JSON, with its end."""
    return _encoder.encode(record) + b"\n"


def from_lines(lines: Iterable[bytes]) -> Iterator[Record]:
    """The records of a raw file; `InvalidInputError` names the line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _decoder.decode(line)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"line {number} is no raw record: {error}") from error
