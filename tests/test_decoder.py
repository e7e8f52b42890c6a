"""One stream from bytes to deltas: whole, byte by byte, and cut at every position."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream.answer import Delta, ToolCallDelta, Usage
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.errors import FoxError, ProtocolError, StreamTruncatedError, TaskFailedError
from foxstream.sse import encode


def decoder(limit: int = 1 << 20, *, direct: bool = False) -> Decoder:
    return Decoder(Transcript(), finish_reason_ends=direct, max_event_bytes=limit)


def fed(made: Decoder, blocks: Iterable[bytes]) -> list[Delta]:
    return [delta for block in blocks for delta in made.feed(block)]


def every_way(stream: bytes) -> Iterable[list[bytes]]:
    yield [stream]
    yield [stream[at : at + 1] for at in range(len(stream))]
    yield [stream[at : at + 2] for at in range(0, len(stream), 2)]
    for at in range(1, len(stream)):
        yield [stream[:at], stream[at:]]


def choices(*said: dict, finish_reason: str | None = None) -> dict:
    return {
        "object": "chat.completion.chunk",
        "choices": [
            {"index": index, "delta": delta, "finish_reason": finish_reason}
            for index, delta in enumerate(said)
        ],
    }


def chunk(name: str = "chunk", *, reason: str | None = None, **delta: object) -> bytes:
    data = json.dumps(choices(delta, finish_reason=reason), ensure_ascii=False)
    return encode(name, data.encode())


DONE = encode("done", b'{"total_chunks":2}')


def spread(data: str, end: str, name: str = "data") -> str:
    """An event's data over several lines, some with a space after the colon, some without."""
    lines = data.split("\n")
    return end.join(f"{name}:{' ' if at % 2 else ''}{line}" for at, line in enumerate(lines))


def nasty(end: str) -> bytes:
    """Everything that is allowed and rarely tried, with one kind of line end."""
    pretty = json.dumps(choices({"content": "é😀\u2028"}), indent=1, ensure_ascii=False)
    events = [
        "\ufeff: keep-alive",
        "",
        ":",
        "",
        "id: 1" + end + ": a block of id and comment, without data",
        "",
        "event: chunk",
        spread(pretty, end),
        "",
        "event: chunk",
        "id",
        "retry: 10",
        "unknown: field",
        spread(json.dumps(choices({"reasoning_content": "\U0001f98a\r\n"})), end),
        ": comment inside",
        "",
        "event: heartbeat",
        "data",
        "",
        "data: " + json.dumps(choices({"content": "[DONE]"}, {"content": "second"})),
        "",
        "event: done",
        'data: {"total_chunks": 3}',
        "",
        "event: chunk",
        "data: this is never looked at",
        "",
    ]
    return (end.join(events) + end).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_exactly_what_was_sent_however_the_bytes_are_cut(end):
    for blocks in every_way(nasty(end)):
        made = decoder()
        assert fed(made, blocks) == [
            Delta("é😀\u2028"),
            Delta(reasoning="\U0001f98a\r\n"),
            Delta("[DONE]"),
            Delta("second", index=1),
        ]
        assert (made.done, made.error, made.chunks, made.total_chunks) == (True, None, 3, 3)
        made.eof()
        assert made.error is None


def test_every_delta_of_a_read_bears_its_instant():
    made = decoder()
    first = made.feed(chunk(content="a") + chunk(content="b"), 5)
    second = made.feed(chunk(content="c"), 6)
    assert [delta.received_ns for delta in (*first, *second)] == [5, 5, 6]


def test_an_event_leaves_with_its_very_last_byte():
    made = decoder()
    stream = chunk(content="a")
    assert fed(made, [stream[:-1]]) == []
    assert fed(made, [stream[-1:]]) == [Delta("a")]


# the direct mode and OpenAI-style servers


OPENAI = b"".join(
    b"data: %b\n\n" % json.dumps(data).encode()
    for data in (
        choices({"role": "assistant", "content": None}),
        choices({"content": "Hi"}),
        choices({"content": "!"}),
        choices({}, finish_reason="stop"),
        {"choices": [], "usage": {"total_tokens": 3}, "timings": {"x": 1}},
    )
)


UNFINISHED = OPENAI.partition(b'"stop"')[0]


@pytest.mark.parametrize("end", [b"data: [DONE]\n\n", b"data:  [DONE] \n\n", b"data:[DONE]\r\r"])
def test_openai_framing_ends_with_done(end):
    for direct in (True, False):
        for blocks in every_way(OPENAI + end + b"data: {broken\n\n"):
            made = decoder(direct=direct)
            assert fed(made, blocks) == [Delta("Hi"), Delta("!")]
            assert (made.done, made.error) == (True, None)
            assert (made.chunks, made.total_chunks) == (5, None)
            assert made.transcript.usage == Usage(None, None, 3)


def test_a_finish_reason_and_the_end_of_the_bytes_are_an_end_without_a_task():
    made = decoder(direct=True)
    assert fed(made, [OPENAI]) == [Delta("Hi"), Delta("!")]
    assert not made.done
    made.eof()
    assert (made.done, made.error) == (True, None)


def test_but_with_a_task_they_are_a_cut():
    made = decoder()
    fed(made, [OPENAI])
    made.eof()
    assert not made.done
    assert isinstance(made.error, StreamTruncatedError)
    assert "after 5 chunks" in str(made.error)


@pytest.mark.parametrize(
    "stream",
    [b"", b": keep-alive\n\n", chunk(content="a"), chunk(content="a")[:-1], DONE[:-1], UNFINISHED],
    ids=["nothing", "comment", "no end", "half a chunk", "half a done", "no finish reason"],
)
@pytest.mark.parametrize("direct", [True, False])
def test_bytes_that_end_before_the_answer_are_a_cut(stream, direct):
    made = decoder(direct=direct)
    fed(made, [stream])
    made.eof()
    assert isinstance(made.error, StreamTruncatedError)


def test_one_unfinished_choice_is_a_cut_too():
    made = decoder(direct=True)
    data = choices({"content": "a"}, {"content": "b"}, finish_reason="stop")
    data["choices"][1]["finish_reason"] = None
    fed(made, [encode("message", json.dumps(data).encode())])
    made.eof()
    assert isinstance(made.error, StreamTruncatedError)


# what chunks may look like


@pytest.mark.parametrize(
    ("data", "chunks"),
    [
        (b"", 0),
        (b" \t", 0),
        (b"{}", 1),
        (b'{"choices":null}', 1),
        (b'{"choices":[]}', 1),
        (b'{"choices":[{}]}', 1),
        (b'{"choices":[{"delta":null}]}', 1),
        (b'{"choices":[{"index":null,"delta":{"content":null,"role":"assistant"}}]}', 1),
        (b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":null}}', 1),
        (b'{"object":"ping","anything":{"nested":[[[{}]]]}}', 1),
        (b'{"error":null}', 1),
    ],
)
@pytest.mark.parametrize("name", ["chunk", "message"])
def test_signs_of_life_bring_no_delta_and_no_error(name, data, chunks):
    made = decoder()
    assert made.feed(encode(name, data)) == []
    assert (made.error, made.done, made.chunks, made.events) == (None, False, chunks, 1)


def test_several_choices_tool_calls_and_both_reasoning_spellings():
    made = decoder()
    call = {"index": 1, "id": "a", "function": {"name": "f", "arguments": "{"}}
    rest = {"function": {"arguments": "}"}}
    deltas = fed(
        made,
        [
            encode("chunk", json.dumps(choices({"reasoning": "r"}, {"content": "b"})).encode()),
            chunk(reasoning_content="R"),
            chunk(tool_calls=[call]),
            chunk(tool_calls=[rest], reason="tool_calls"),
        ],
    )
    assert deltas == [
        Delta(reasoning="r"),
        Delta("b", index=1),
        Delta(reasoning="R"),
        Delta(tool_calls=(ToolCallDelta(1, "a", "f", "{"),)),
        Delta(tool_calls=(ToolCallDelta(1, "", "", "}"),), finish_reason="tool_calls"),
    ]


def test_an_unknown_name_is_a_chunk_only_with_choices():
    made = decoder()
    stream = (
        encode("status", b"queued")
        + encode("heartbeat", b"")
        + encode("progress", b'{"percent": 5}')
        + encode("Chunk", b'{"choices": null, "error": {"message": "not ours"}}')
        + encode("broken", b'{"choices": [')
        + encode("odd", b'{"choices": [{"delta": {"content": 5}}]}')
        + chunk("completion", content="a")
    )
    assert made.feed(stream) == [Delta("a")]
    assert (made.chunks, made.events, made.error) == (1, 7, None)


@pytest.mark.parametrize(
    ("data", "total"),
    [
        (b'{"total_chunks": 7}', 7),
        (b'{"total_chunks": 0}', 0),
        (b'{"total_chunks": null}', None),
        (b'{"total_chunks": "7"}', None),
        (b'{"total_chunks": 1.5}', None),
        (b"{}", None),
        (b"[DONE]", None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_done_is_done_whatever_it_says(data, total):
    made = decoder()
    assert made.feed(encode("done", data) + chunk(content="late")) == []
    assert (made.done, made.error, made.total_chunks) == (True, None, total)
    assert made.feed(chunk(content="later") + encode("error", b"late")) == []
    assert made.error is None


# what fails


@pytest.mark.parametrize(
    ("event", "message", "code"),
    [
        (encode("error", b'{"message":"upstream returned 502"}'), "upstream returned 502", None),
        (encode("error", b'{"message":"m","code":"generation_failed"}'), "m", "generation_failed"),
        (encode("error", b'{"error":{"message":"m","code":5}}'), "m", "5"),
        (encode("error", b'{"error":"plain"}'), "plain", None),
        (encode("error", b"not json at all"), "not json at all", None),
        (encode("error", b'{"detail":"d"}'), '{"detail":"d"}', None),
        (encode("error", b'{"message":5}'), '{"message":5}', None),
        (encode("error", b"\xff"), "\ufffd", None),
        (encode("error", b"x" * 10_000), "x" * 200, None),
        (encode("error", b""), "the service reported an error without a message", None),
        (encode("error", b"{}"), "{}", None),
        (encode("error", b'{"error":{}}'), "the service reported an error without a message", None),
        (encode("chunk", b'{"error":{"message":"m","code":"c"},"choices":[]}'), "m", "c"),
        (encode("message", b'{"error":"plain"}'), "plain", None),
        (encode("x", b'{"choices":[],"error":{"message":"m"}}'), "m", None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_reported_error_is_kept_after_the_good_deltas(event, message, code):
    stream = chunk(content="good") + event + chunk(content="late") + DONE
    for blocks in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
        made = decoder()
        assert fed(made, blocks) == [Delta("good")]
        assert isinstance(made.error, TaskFailedError)
        assert (made.error.message, made.error.code) == (message, code)
        assert not made.done
        made.eof()
        assert isinstance(made.error, TaskFailedError)


OPENAI_DONE = b"data: [DONE]\n\n"
BARE = encode("", b'{"object":"error","message":"out of memory","type":"E","code":500}')


@pytest.mark.parametrize("end", [OPENAI_DONE, b""], ids=["[DONE]", "the end of the bytes"])
def test_an_error_without_an_envelope_is_no_end(end):
    stream = chunk(content="good") + BARE + end
    for blocks in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
        made = decoder(direct=True)
        assert fed(made, blocks) == [Delta("good")]
        made.eof()
        assert isinstance(made.error, TaskFailedError)
        assert (made.error.message, made.error.code) == ("out of memory", "500")
        assert not made.done


@pytest.mark.parametrize(
    "last",
    [
        b'{"choices":[],"message":"bye"}',
        b'{"choices":[{"delta":{"content":""}}],"message":"bye"}',
        b'{"message":{"role":"assistant"}}',
        b'{"message":""}',
        b'{"timings":{}}',
    ],
)
def test_other_last_words_are_no_error(last):
    made = decoder(direct=True)
    fed(made, [chunk(content="good") + encode("", last) + OPENAI_DONE])
    assert made.done
    assert made.error is None


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"{broken",
        b"<html>",
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"[DONE",
        b"DONE",
        b'{"choices":{}}',
        b'{"choices":[null]}',
        b'{"choices":[{"delta":{"content":5}}]}',
        b'{"choices":[{"delta":{"content":["a"]}}]}',
        b'{"choices":[{"delta":[]}]}',
        b'{"choices":[{"index":"0"}]}',
        b'{"choices":[{"delta":{"tool_calls":{}}}]}',
        b'{"usage":5}',
        b'{"error":5}',
        b'{"choices":[{"delta":{"content":"\xff"}}]}',
        b'{"choices":[{"delta":{"content":"\\ud83d"}}]}',
        b'{"choices":[{"delta":{"content":"\x00"}}]}',
        b'{"x":' * 50_000,
        b'{"usage":{"prompt_tokens_details":' + b'{"a":' * 50_000,
    ],
    ids=lambda data: repr(data)[:40],
)
@pytest.mark.parametrize("name", ["chunk", "message"])
def test_what_is_no_chunk_is_a_protocol_error_after_the_good_deltas(name, data):
    made = decoder()
    stream = chunk(content="good") + encode(name, data) + chunk(content="late")
    assert made.feed(stream) == [Delta("good")]
    assert isinstance(made.error, ProtocolError)
    assert "this is no chunk: " in str(made.error)
    assert len(str(made.error)) < 600
    assert made.error.__cause__ is not None
    assert made.chunks == 1
    error = made.error
    assert made.feed(DONE) == []
    made.eof()
    assert made.error is error
    assert not made.done


@pytest.mark.parametrize(
    "flood",
    [b"data: " + b"x" * 400, b"x" * 400, b"data: xxxxxxxxx\n" * 40, b": " + b"c" * 400 + b"\n"],
    ids=["a line without end", "no field", "many lines", "a comment"],
)
def test_an_event_over_the_limit_is_a_protocol_error_after_the_good_deltas(flood):
    stream = chunk(content="good") + flood
    for blocks in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
        made = decoder(limit=200)
        assert fed(made, blocks) == [Delta("good")]
        assert isinstance(made.error, ProtocolError)
        assert "max_event_bytes=200" in str(made.error)
        assert made.feed(b"\n\n" + DONE) == []


def test_what_comes_after_the_end_cannot_fail():
    made = decoder(limit=200)
    assert made.feed(DONE + b"x" * 500) == []
    assert made.feed(b"y" * 500) == []
    made.eof()
    assert (made.done, made.error) == (True, None)


@pytest.mark.parametrize(
    "bad",
    [b'{"error":{"message":"no"}}', b'{"error":""}', b"{broken", b'{"choices":[{"index":"x"}]}'],
)
def test_an_error_among_chunks_of_one_read_ends_the_stream(bad):
    made = decoder()
    fed(made, [chunk(content="a")])
    read = chunk(content="b") + encode("chunk", bad) + chunk(content="c")
    assert [delta.text for delta in made.feed(read)] == ["b"]
    assert (made.chunks, made.events, made.over) == (2, 3, True)


def test_many_events_of_another_name_are_no_chunks():
    made = decoder()
    progress = encode("progress", b'{"percent":5}')
    assert made.feed(progress * 3 + chunk(content="a"))[0].text == "a"
    assert (made.chunks, made.events, made.over) == (1, 4, False)
    assert made.feed(encode("done", b"{}") + chunk(content="late") * 3) == []
    assert (made.chunks, made.events, made.done) == (1, 5, True)


# any bytes at all

PIECES = st.sampled_from(
    [
        chunk(content="é😀"),
        chunk("message", reasoning="r"),
        chunk("odd", content="o"),
        chunk(content="f", reason="stop"),
        encode("done", b'{"total_chunks":1}'),
        encode("error", b'{"message":"m"}'),
        encode("chunk", b'{"error":{"message":"m"}}'),
        encode("chunk", b"{broken"),
        encode("chunk", b'{"choices":[{"delta":{"content":5}}]}'),
        b"data: [DONE]\n\n",
        b"event: chunk\r",
        b'data: {"choices":[{"delta":',
        b'{"content":"x"}}]}',
        b": keep-alive\n\n",
        b"id: 1\n",
        b"\n",
        b"\r\n",
        b"\xff",
        b"x" * 120,
    ]
)


def outcome(made: Decoder, blocks: Iterable[bytes]) -> tuple[object, ...]:
    deltas = fed(made, blocks)
    made.eof()
    error = made.error and (type(made.error), str(made.error))
    assert made.error is None or isinstance(made.error, FoxError)
    assert made.done is (made.error is None)
    return deltas, error, made.chunks, made.events, made.total_chunks, made.transcript.completion()


@given(
    st.lists(PIECES | st.binary(max_size=4), max_size=12),
    st.lists(st.integers(0, 10_000), max_size=4),
    st.sampled_from([150, 1 << 20]),
    st.booleans(),
)
def test_nothing_makes_feed_raise_and_cuts_change_nothing(pieces, cuts, limit, direct):
    stream = b"".join(pieces)
    whole = outcome(decoder(limit, direct=direct), [stream])
    singles = [stream[at : at + 1] for at in range(len(stream))]
    assert outcome(decoder(limit, direct=direct), singles) == whole
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    blocks = [stream[a:b] for a, b in pairwise(edges)]
    assert outcome(decoder(limit, direct=direct), blocks) == whole


BAD = [
    encode("chunk", b"{broken"),
    encode("chunk", b'{"choices":[{"index":"x"}]}'),
    encode("error", b'{"message":"m"}'),
    encode("message", b'{"error":"m"}'),
    b"data: " + b"x" * 5000,
]


@given(st.lists(st.text(min_size=1, max_size=5), max_size=8), st.sampled_from(BAD), st.binary())
def test_the_good_deltas_before_a_failure_are_always_returned(texts, bad, rest):
    made = decoder(limit=4000)
    stream = b"".join(chunk(content=text) for text in texts) + bad + rest
    assert [delta.text for delta in made.feed(stream)] == texts
    assert made.error is not None
    assert made.transcript.completion("truncated").text == "".join(texts)
