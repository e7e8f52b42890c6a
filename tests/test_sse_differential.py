"""httpx-sse reads every case of the corpus as this library does, but for the deviations named."""

from __future__ import annotations

import base64

import httpx
import pytest
from httpx_sse import EventSource

from foxstream.sse import Parser
from tests.test_sse import CASES

OWN = {
    "an id, then a keep-alive": b"id: 7\ndata: a\n\n: alive\n\ndata: b\n\n",
    "an id alone, then a keep-alive": b"id: 7\n\n: alive\n\n",
    "an id with a null": b"id: a\0b\ndata: x\n\n",
    "the last event without its empty line": b"data: a\n\ndata: b\n",
    "the last event ends with one CR": b"data: a\r\rdata: b\r",
    "U+2028 and U+0085 are no line ends": "data: a\u2028b\u0085c\n\n".encode(),
    "bytes that are no UTF-8": b"data: a\xffb\n\n",
}
"""Cases beyond the corpus, for what is known to go wrong."""

MARK = "one leading byte order mark is stripped"
EMPTY = "what has no data is not dispatched"

DEVIATIONS = {
    "format-bom": MARK,
    "bom/split 2+1": MARK,
    "bom/split 1+1+1": MARK,
    "bom/only first stripped": MARK,
    "BOM 1 byte chunks": MARK,
    "BOM 2 byte chunks": MARK,
    "BOM 3 byte chunks": MARK,
    "BOM 4 byte chunks": MARK,
    "retry bogus after good": EMPTY,
    "retry only": EMPTY,
    "event without data": EMPTY,
    "an id, then a keep-alive": EMPTY,
    "an id alone, then a keep-alive": EMPTY,
}
"""Where httpx-sse differs, and what the standard says there: HTML, 9.2.6, Interpreting an event
stream. `MARK` is the note of its first paragraph, `EMPTY` step 2 of dispatching an event."""

STREAMS = {case["name"]: base64.b64decode(case["stream_bytes_base64"]) for case in CASES} | OWN

Told = list[tuple[str, str, str]]


def as_httpx_sse(blocks: list[bytes]) -> Told:
    headers = {"Content-Type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, content=iter(blocks))
    return [(event.event, event.data, event.id) for event in EventSource(response).iter_sse()]


def as_ours(blocks: list[bytes]) -> Told:
    parser = Parser()
    return [
        (event.event, event.data.decode("utf-8", "replace"), event.id)
        for block in blocks
        for event in parser.feed(block)
    ]


def test_every_deviation_is_of_a_case():
    assert len(STREAMS) == len(CASES) + len(OWN)
    assert DEVIATIONS.keys() <= STREAMS.keys()


@pytest.mark.parametrize("cut", ["whole", "byte by byte"])
@pytest.mark.parametrize("name", STREAMS)
def test_both_tell_the_same_but_for_the_deviations(name, cut):
    stream = STREAMS[name]
    blocks = [stream] if cut == "whole" else [bytes([byte]) for byte in stream]
    same = as_httpx_sse(blocks) == as_ours(blocks)
    assert same == (name not in DEVIATIONS), DEVIATIONS.get(name, "a deviation without a name")


def without_the_mark(stream: bytes) -> bytes:
    return stream.removeprefix(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_is_that_of_its_paragraph_and_no_other(name):
    stream, theirs = STREAMS[name], as_httpx_sse([STREAMS[name]])
    if DEVIATIONS[name] is MARK:
        theirs = as_httpx_sse([without_the_mark(stream)])
    else:
        theirs = [event for event in theirs if event[1]]
    assert theirs == as_ours([stream])
