"""What goes wrong: each fault as the answers to the first times that the stream is opened.

House rule: a fault strikes once. Whoever opens the stream again after these answers gets it whole,
so what a client makes of a fault is its own doing.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Literal

import msgspec

from benchmarks.mishaps.dialects import Dialect

__all__ = ["ENDLESS_MIB", "FAULTS", "PIECES", "UNAVAILABLE", "Answer", "Fault", "Stunt", "whole"]

PIECES = ("The fox ", "läuft ", "über die ", "Straße 🦊.")
"""What a whole answer says; each piece is a chunk of its own, and no two are alike."""

ENDLESS_MIB = 32
"""What an event without an end comes to, unless the client leaves: four times foxstream's limit."""

_EVENT_STREAM = {"Content-Type": "text/event-stream"}
_LINE_SEPARATOR = "\u2028"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Stunt(Enum):
    """What an answer does besides sending bytes; all but `KEEP_ALIVES` and `SILENCE` end it."""

    RESET = auto()
    BROKEN_CHUNK = auto()
    SILENCE = auto()
    KEEP_ALIVES = auto()
    ENDLESS_EVENT = auto()


class Answer(msgspec.Struct, frozen=True):
    """`steps` are blocks, each its own write and HTTP chunk, and stunts."""

    steps: tuple[bytes | Stunt, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = MappingProxyType(_EVENT_STREAM)


UNAVAILABLE = Answer(
    (b'{"error":{"message":"upstream error","type":"service_unavailable"}}',),
    status=503,
    headers={"Content-Type": "application/json"},
)
"""Try later."""


class Fault(msgspec.Struct, frozen=True):
    """`answers` are those to the first openings of the stream, in either form.

    `leaves`: the client goes away after two pieces. `abroad`: the stream is on another origin.
    `refuses_submit`: the request that is paid for is answered with 503 once.
    """

    title: str
    answers: Callable[[Dialect], list[Answer]] = lambda _: []
    pieces: tuple[str, ...] = PIECES
    leaves: Literal["break", "cancel"] | None = None
    abroad: bool = False
    refuses_submit: bool = False


def whole(dialect: Dialect, pieces: tuple[str, ...] = PIECES) -> Answer:
    """Every piece, then the end."""
    return Answer((*map(dialect.chunk, pieces), dialect.end(len(pieces))))


def _begun(dialect: Dialect, *rest: bytes | Stunt) -> Answer:
    """Two pieces of four, then `rest`."""
    return Answer((*map(dialect.chunk, PIECES[:2]), *rest))


def _in_order(dialect: Dialect, *order: int) -> Answer:
    """The pieces in this order, and an end that counts all four."""
    return Answer((*(dialect.chunk(PIECES[at]) for at in order), dialect.end(len(PIECES))))


def _then(play: Callable[[Dialect], bytes | Stunt]) -> Callable[[Dialect], list[Answer]]:
    return lambda dialect: [_begun(dialect, play(dialect))]


def _instead(*refusals: Answer) -> Callable[[Dialect], list[Answer]]:
    return lambda _: [*refusals]


def _with_id_and_comment(dialect: Dialect) -> list[Answer]:
    first, *others = whole(dialect).steps
    return [Answer((b"id: 1\n" + first, b": keep-alive\n\n", *others))]


def _with_byte_order_mark(dialect: Dialect) -> list[Answer]:
    first, *others = whole(dialect).steps
    return [Answer((_BYTE_ORDER_MARK + first, *others))]


def _split_in_a_character(dialect: Dialect) -> list[Answer]:
    first, second, third, *others = whole(dialect).steps
    at = third.index("ü".encode()) + 1
    return [Answer((first, second, third[:at], third[at:], *others))]


def _compressed(dialect: Dialect) -> list[Answer]:
    gzip = zlib.compressobj(wbits=31)
    steps = [gzip.compress(step) + gzip.flush(zlib.Z_SYNC_FLUSH) for step in whole(dialect).steps]
    return [Answer((*steps, gzip.flush()), headers=_EVENT_STREAM | {"Content-Encoding": "gzip"})]


_WITH_SEPARATOR = ("The fox ", f"läuft{_LINE_SEPARATOR}", *PIECES[2:])

FAULTS = {
    "none": Fault("nothing, for comparison"),
    "end": Fault("clean end without the final marker", lambda dialect: [_begun(dialect)]),
    "reset": Fault("TCP reset in the middle", _then(lambda _: Stunt.RESET)),
    "chunked": Fault("broken chunked frame", _then(lambda _: Stunt.BROKEN_CHUNK)),
    "keep-alives": Fault(
        "only keep-alive comments from here on", _then(lambda _: Stunt.KEEP_ALIVES)
    ),
    "silence": Fault("silence from here on", _then(lambda _: Stunt.SILENCE)),
    "error-object": Fault("error object in the place of a chunk", _then(Dialect.error_object)),
    "error-event": Fault("`event: error` with a message", _then(Dialect.error_event)),
    "opening": Fault("503 once, on opening the stream", _instead(UNAVAILABLE)),
    "submit": Fault("503 once, on the request that is paid for", refuses_submit=True),
    "reopening": Fault(
        "clean end without the marker, then 503", lambda dialect: [_begun(dialect), UNAVAILABLE]
    ),
    "repeated": Fault("a chunk comes twice", lambda dialect: [_in_order(dialect, 0, 1, 1, 2, 3)]),
    "missing": Fault("a chunk is missing", lambda dialect: [_in_order(dialect, 0, 2, 3)]),
    "id-comment": Fault("`id:`, then a comment block", _with_id_and_comment),
    "separator": Fault("U+2028 inside the data", pieces=_WITH_SEPARATOR),
    "split": Fault("a character split over two reads", _split_in_a_character),
    "bom": Fault("byte order mark in front", _with_byte_order_mark),
    "endless": Fault(
        f"an event without an end ({ENDLESS_MIB} MiB)", _then(lambda _: Stunt.ENDLESS_EVENT)
    ),
    "gzip": Fault("gzip, asked for or not", _compressed),
    "abroad": Fault("stream URL on another origin", abroad=True),
    "redirect": Fault("redirect to another origin", _instead(Answer(status=307))),
    "break": Fault("`break` out of the loop", _then(lambda _: Stunt.SILENCE), leaves="break"),
    "cancel": Fault("cancelled while reading", _then(lambda _: Stunt.SILENCE), leaves="cancel"),
}
"""By the name they run under; the first is the control: there everybody must be whole."""
