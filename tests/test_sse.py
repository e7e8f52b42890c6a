"""The event-stream grammar, whole, byte by byte, and cut at every position."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from foxstream import ProtocolError
from foxstream.sse import Event, Parser, Run, encode

CORPUS = Path(__file__).parent / "sse_cases"
CASES = [
    case
    for name in ("wpt_eventsource_cases.json", "sse_cases_extra.json")
    for case in json.loads((CORPUS / name).read_text())
]


def parse(*blocks: bytes, limit: int = 1 << 20) -> list[Event]:
    parser = Parser(max_event_bytes=limit)
    return [event for block in blocks for event in parser.feed(block)]


def as_text(events: list[Event]) -> list[dict[str, str]]:
    return [
        {"event": event.event, "data": event.data.decode("utf-8", "replace"), "id": event.id}
        for event in events
    ]


def single_bytes(stream: bytes) -> list[bytes]:
    return [stream[at : at + 1] for at in range(len(stream))]


def test_the_corpus_is_whole():
    assert len(CASES) == 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_conformance_whole_byte_by_byte_and_cut_everywhere(case):
    stream = base64.b64decode(case["stream_bytes_base64"])
    expected = case["expected"]
    whole = parse(stream)
    assert as_text(whole) == expected
    assert parse(*single_bytes(stream)) == whole
    for at in range(len(stream) + 1):
        assert parse(stream[:at], stream[at:]) == whole


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["LF", "CR", "CRLF"])
def test_an_event_leaves_with_its_very_last_byte(end):
    parser = Parser()
    stream = b"event: chunk" + end + b"data: x" + end + end[:1]
    assert [parser.feed(byte) for byte in single_bytes(stream)][-1] == [Event("chunk", b"x")]


def test_a_line_feed_after_a_carriage_return_is_one_line_end_however_cut():
    assert parse(b"data: a\r", b"\ndata: b\r", b"", b"\n\r", b"\n") == [Event(data=b"a\nb")]


def test_retry_is_kept_and_only_digits_count():
    parser = Parser()
    parser.feed(b"retry: 1500\nretry: soon\nretry:\nretry: -1\n\n")
    assert parser.retry == 1500


def test_an_enormous_retry_is_bounded():
    parser = Parser()
    parser.feed(b"retry: " + b"9" * 10_000 + b"\n")
    assert parser.retry == int("9" * 18)


def test_id_persists_and_a_null_is_ignored():
    events = parse(b"id: 7\ndata: a\n\ndata: b\n\nid: 8\0\ndata: c\n\nid\ndata: d\n\n")
    assert [event.id for event in events] == ["7", "7", "7", ""]


@pytest.mark.parametrize(
    "stream",
    [
        b"data: " + b"x" * 200,
        b"data: " + b"x" * 200 + b"\n\ndata: late\n\n",
        b"data: 0123456789\n" * 20 + b"\n",
        b":" + b"c" * 200,
        b"event: " + b"e" * 200 + b"\n\n",
        b"\xef\xbb\xbf" + b"data: " + b"y" * 95,
    ],
    ids=["no end", "one line", "many lines", "comment", "name", "after a byte order mark"],
)
def test_over_the_limit_the_good_events_come_first_then_nothing(stream):
    stream = b"data: good\n\n" + stream if not stream.startswith(b"\xef") else stream
    for blocks in ([stream], single_bytes(stream)):
        parser = Parser(max_event_bytes=100)
        events = [event for block in blocks for event in parser.feed(block)]
        assert events == ([Event(data=b"good")] if stream.startswith(b"data: good") else [])
        assert isinstance(parser.error, ProtocolError)
        assert "max_event_bytes=100" in str(parser.error)
        assert parser.feed(b"data: more\n\n") == []


def test_an_event_that_grows_over_the_limit_hides_what_comes_behind_it():
    parser = Parser(max_event_bytes=30)
    assert parser.feed(b"data: good\n\n") == [Event(data=b"good")]
    assert parser.feed(b"data:" + b"x" * 20) == []
    assert parser.feed(b"y" * 10 + b"\n\ndata: a\n\n") == []
    assert isinstance(parser.error, ProtocolError)


def test_exactly_the_limit_is_allowed():
    assert parse(b"data: " + b"x" * 94 + b"\n\n", limit=100) == [Event(data=b"x" * 94)]


def test_keep_alives_hold_no_memory():
    parser = Parser(max_event_bytes=100)
    for _ in range(1000):
        assert parser.feed(b": keep-alive\n" * 10) == []
    assert parser.error is None
    assert parser.feed(b"data: x\n\n") == [Event(data=b"x")]


def test_encode_is_undone_by_the_parser():
    assert parse(encode("chunk", b'{"a":1}')) == [Event("chunk", b'{"a":1}')]
    assert parse(encode("done", b"")) == [Event("done", b"")]
    assert parse(encode("", b"[DONE]")) == [Event("message", b"[DONE]")]
    assert parse(encode("x", b"one\ntwo\rthree")) == [Event("x", b"one\ntwo\nthree")]


PIECES = st.sampled_from(
    b"data|event|id|retry|:| |\n|\r|\r\n|\n\n|x|\xef\xbb|\xbf|\0|12|\x0b\x0c\x1c|data: y\n\n".split(
        b"|"
    )
)


@given(st.lists(PIECES | st.binary(max_size=6), max_size=40), st.data())
def test_any_bytes_any_cuts_same_events_and_never_an_exception(pieces, data):
    stream = b"".join(pieces)
    limit = data.draw(st.sampled_from([8, 64, 1 << 20]))
    whole = parse(stream, limit=limit)
    assert parse(*single_bytes(stream), limit=limit) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    edges = [0, *cuts, len(stream)]
    blocks = [stream[a:b] for a, b in pairwise(edges)]
    assert parse(*blocks, limit=limit) == whole


CHUNK = b"event: chunk\ndata: %b\n\n"
FRAMES = st.sampled_from(
    [
        *[CHUNK % b"{}"] * 6,
        *[CHUNK % odd for odd in (b"", b" a", b"a\rb", b"a\r", b"1\ndata: 2", b"x" * 30)],
        *[CHUNK.replace(b"\n", b"\r\n"), b"data: {}\n\n", b"data:{}\n\n", b": alive\n\n"],
        *[b"event: \xff\ndata: {}\n\n", b"event: done\ndata: 3\n\n", b"id: 5\ndata: {}\n\n"],
        *[b"event: chunk\n", b"data: {}\n", b"\n", b"\r", b"x"],
    ]
)


def by_the_grammar(stream: bytes, limit: int) -> tuple[list[Event], bool, int | None]:
    """Line by line and byte by byte, without a look at how events usually are."""
    parser = Parser(max_event_bytes=limit)
    events: list[Event] = []
    for byte in single_bytes(stream):
        if parser.error is None:
            events += parser._by_lines(byte)
    return events, parser.error is not None, parser.retry


def as_usual(blocks: list[bytes], limit: int) -> tuple[list[Event], bool, int | None]:
    parser = Parser(max_event_bytes=limit)
    events = [event for block in blocks for event in parser.feed(block)]
    return events, parser.error is not None, parser.retry


LIMITS = st.sampled_from([12, 30, 1 << 20])


@given(st.lists(st.lists(FRAMES, max_size=4).map(b"".join)), LIMITS)
@example([b"\xef\xbb", b"data: {}\n\n"], 30)
@example([CHUNK % b"a", CHUNK % b"a\rb"], 30)
@example([CHUNK % b"a", CHUNK % b"1\ndata: 2"], 30)
@example([CHUNK % b"a", CHUNK % b"b" + b"event: chunk\ndata: c\nretry: 5\n", b"\n"], 1 << 20)
def test_reads_that_look_alike_bring_what_the_grammar_says(blocks, limit):
    assert as_usual(blocks, limit) == by_the_grammar(b"".join(blocks), limit)


@given(st.lists(FRAMES, max_size=12).map(b"".join), LIMITS, st.lists(st.integers(0, 400)))
@example((CHUNK % b"a") * 3, 1 << 20, [22, 23, 24, 40])
@example(CHUNK % b"a" + (CHUNK % b"b").replace(b"\n", b"\r\n"), 1 << 20, [22])
def test_wherever_reads_are_cut_they_bring_what_the_grammar_says(stream, limit, cuts):
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    blocks = [stream[a:b] for a, b in pairwise(edges)]
    assert as_usual(blocks, limit) == by_the_grammar(stream, limit)


def test_usual_events_stay_together_however_the_read_is_cut():
    stream = b"".join(CHUNK % b"%d" % number for number in range(9))
    for at in range(1, len(stream)):
        parser = Parser()
        parts = [*parser.feed_runs(stream[:at]), *parser.feed_runs(stream[at:])]
        assert sum(len(part.data) if isinstance(part, Run) else 1 for part in parts) == 9
        assert sum(isinstance(part, Event) for part in parts) <= 4


def test_a_long_event_is_not_read_again_with_each_of_its_bytes():
    parser = Parser()
    parser.feed(CHUNK % b"a")
    assert parser.feed(b"event: chunk\ndata: ") == []
    for _ in range(100):
        assert parser.feed(b"x" * 1000) == []
        assert len(parser._begun) <= 4096
    assert parser.feed(b"\n\n") == [Event("chunk", b"x" * 100_000)]


@given(st.lists(st.tuples(st.sampled_from(["chunk", "done", "x"]), st.binary(max_size=20))))
def test_no_event_is_lost(sent):
    sent = [(name, data.replace(b"\r", b"").rstrip(b"\n")) for name, data in sent]
    received = parse(b"".join(encode(name, data) for name, data in sent))
    assert [(event.event, event.data) for event in received] == sent
