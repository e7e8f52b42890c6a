"""What must hold for any bytes that a service, or anything in front of it, may send.

Each property takes one input and raises where it does not hold; nothing but a `FoxError` may come
out of the code that it exercises, and only where that code may raise at all.
"""

from __future__ import annotations

import pkgutil
import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from sys import getsizeof

from foxstream import replies, wire
from foxstream.answer import Delta
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.errors import APIConnectionError, APIStatusError, FoxError, ProtocolError
from foxstream.exchange import Reply
from foxstream.sse import Event, Parser
from foxstream.telling import Telling

LIMITS = (48, 1 << 20)
SHAPES = (
    wire.ChatCompletion,
    wire.Chunk,
    wire.Done,
    wire.Envelope,
    wire.Failure,
    wire.ModelList,
    wire.Result,
    wire.Task,
    wire.UploadedFile,
)
READERS = (
    replies.task_from,
    replies.completion_from,
    replies.models_from,
    replies.upload_from,
)


def edges(stream: bytes, count: int = 4) -> list[int]:
    """Where to cut: always the same places for the same bytes, so that a find can be replayed."""
    chance = random.Random(zlib.crc32(stream))
    return sorted(chance.randint(0, len(stream)) for _ in range(count))


def ways(stream: bytes) -> Iterator[list[bytes]]:
    """The stream as it may be read: whole, in drips (of a byte, if it is short), cut anywhere."""
    yield [stream]
    drip = 1 + len(stream) // 1000
    yield [stream[at : at + drip] for at in range(0, len(stream), drip)]
    yield [stream[a:b] for a, b in pairwise([0, *edges(stream), len(stream)])]


def held(parser: Parser) -> int:
    """The bytes that a parser keeps between two reads."""
    kept = vars(parser).values()
    pieces = (piece for value in kept if isinstance(value, list) for piece in value)
    return sum(map(getsizeof, kept)) + sum(map(getsizeof, pieces))


def is_bounded(parser: Parser, limit: int) -> bool:
    """A piece of one byte costs 43 of memory, and there is more than one place to keep some."""
    return held(parser) <= 2000 + 48 * limit


def check_sse(stream: bytes) -> None:
    """`feed` never raises, keeps little, and brings the same events however the bytes are cut."""
    for limit in LIMITS:
        outcomes = [parsed(blocks, limit) for blocks in ways(stream)]
        assert all(outcome == outcomes[0] for outcome in outcomes)


def parsed(blocks: list[bytes], limit: int) -> tuple[list[Event], int | None, str]:
    parser = Parser(limit)
    events = [event for block in blocks for event in parser.feed(block)]
    assert is_bounded(parser, limit)
    assert parser.error is None or isinstance(parser.error, ProtocolError)
    return events, parser.retry, str(parser.error)


def check_wire(body: bytes) -> None:
    """Every shape is read or refused; a chunk that was read can be told again."""
    for shape in SHAPES:
        with suppress(ProtocolError):
            assert isinstance(wire.decode(body, shape), shape)
    with suppress(*wire.DECODE_ERRORS):
        chunk = wire.decode_chunk(body)
        assert wire.decode_chunk(wire.encode_chunk(chunk)) == chunk


def check_decoder(stream: bytes) -> None:
    """`feed` never raises and the same is decoded however the bytes are cut; an end is an end."""
    for limit, finish_reason_ends in zip(LIMITS, (False, True), strict=True):
        outcomes = [decoded(blocks, limit, finish_reason_ends) for blocks in ways(stream)]
        assert all(outcome == outcomes[0] for outcome in outcomes)


def decoded(blocks: list[bytes], limit: int, finish_reason_ends: bool) -> tuple[object, ...]:
    transcript = Transcript()
    decoder = Decoder(transcript, finish_reason_ends=finish_reason_ends, max_event_bytes=limit)
    deltas = [delta for block in blocks for delta in decoder.feed(block)]
    counted = (decoder.chunks, decoder.events, decoder.total_chunks)
    decoder.eof()
    assert decoder.over
    assert decoder.error is None or isinstance(decoder.error, FoxError)
    assert is_bounded(decoder._parser, limit)
    whole = transcript.completion()
    assert whole.choices == () or words(deltas, 0) == (whole.text, whole.reasoning)
    return deltas, counted, whole, decoder.done, type(decoder.error), str(decoder.error)


def words(deltas: list[Delta], index: int) -> tuple[str, str]:
    """The text and the reasoning of one choice."""
    of_choice = [delta for delta in deltas if delta.index == index]
    return "".join(d.text for d in of_choice), "".join(d.reasoning for d in of_choice)


def check_telling(stream: bytes) -> None:
    """A stream that is cut and told again brings what it brings at once, and ends alike."""
    once = Telling(LIMITS[-1])
    whole, end = fed(once, stream), once.complaint()
    for cut in edges(stream):
        twice = Telling(LIMITS[-1])
        deltas = twice.feed(stream[:cut], 1)
        if twice.over:
            continue
        twice.fail(APIConnectionError("cut"))
        assert isinstance(twice.complaint(), APIConnectionError)
        twice.begin_again()
        deltas += fed(twice, stream)
        assert twice.said("complete", None).choices == once.said("complete", None).choices
        assert words(deltas, 0) == words(whole, 0)
        assert type(twice.complaint()) is type(end)


def fed(telling: Telling, stream: bytes) -> list[Delta]:
    """All of a connection's deltas; its body ends after `stream`."""
    deltas = telling.feed(stream, 1)
    if not telling.over:
        telling.feed(b"", 1)
    assert telling.over
    return deltas


def check_replies(answer: bytes) -> None:
    """A JSON answer is read or refused; an error status is a named error in every case.

    The input is what an HTTP answer looks like: header lines, an empty line, the body.
    """
    head, _, body = answer.partition(b"\n\n")
    lines = (line.partition(":") for line in head.decode("latin-1").splitlines())
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    for read in READERS:
        with suppress(FoxError):
            read(body)
    with suppress(ProtocolError):
        replies.check_event_stream(headers)
    for status in (404, 418, 429, 503):
        error = replies.error_from(Reply(status, headers, body))
        assert isinstance(error, APIStatusError)
        assert error.retry_after is None or error.retry_after >= 0
        assert str(error)


PROPERTIES: dict[str, Callable[[bytes], None]] = {
    "sse": check_sse,
    "wire": check_wire,
    "decoder": check_decoder,
    "telling": check_telling,
    "replies": check_replies,
}


def property_of(target: str) -> Callable[[bytes], object]:
    """The property of that name; `module:function` names one from elsewhere."""
    return PROPERTIES.get(target) or pkgutil.resolve_name(target)
