"""The service's JSON: unknown, missing and null fields are fine, wrong types are not."""

from __future__ import annotations

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream import ProtocolError, wire
from tests.fuzz.properties import SHAPES

NAMES = ["choices", "delta", "content", "error", "usage", "id", "results", "x"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_required(shape):
    assert wire.decode(b"{}", shape) == shape()


@pytest.mark.parametrize("shape", SHAPES)
def test_null_is_the_same_as_missing(shape):
    nulls = json.dumps(dict.fromkeys(shape.__struct_fields__)).encode()
    assert wire.decode(nulls, shape) == shape()


@pytest.mark.parametrize("shape", SHAPES)
def test_unknown_fields_are_kept_out(shape):
    assert wire.decode(b'{"timings": {"a": [1, {}]}, "": null}', shape) == shape()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"<html>502 Bad Gateway</html>",
        b'{"id": ',
        b"[" * 100_000,
        b'{"x":' * 100_000,
        b"[]",
        b"null",
        b"true",
        b"1e400",
        b'"text"',
        b"{} {}",
        b"\xef\xbb\xbf{}x",
        b"\0",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_object_is_a_protocol_error(shape, body):
    with pytest.raises(ProtocolError) as caught:
        wire.decode(body, shape)
    assert str(caught.value).startswith(f"this is no {shape.__name__}: ")
    assert len(str(caught.value)) < 600
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("text", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\\ud800", b"\\x"])
def test_text_that_is_no_unicode_is_refused(text):
    for body in (b'{"id": "%b"}' % text, b'{"choices": [{"delta": {"content": "%b"}}]}' % text):
        with pytest.raises(ProtocolError):
            wire.decode(body, wire.Chunk)


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (wire.Chunk, {"choices": {}}),
        (wire.Chunk, {"choices": [None]}),
        (wire.Chunk, {"choices": ["x"]}),
        (wire.Chunk, {"choices": [{"delta": "x"}]}),
        (wire.Chunk, {"choices": [{"delta": {"content": 5}}]}),
        (wire.Chunk, {"choices": [{"delta": {"content": ["x"]}}]}),
        (wire.Chunk, {"choices": [{"index": "0"}]}),
        (wire.Chunk, {"choices": [{"finish_reason": 1}]}),
        (wire.Chunk, {"choices": [{"delta": {"tool_calls": {}}}]}),
        (wire.Chunk, {"choices": [{"delta": {"tool_calls": [{"function": "f"}]}}]}),
        (wire.Chunk, {"usage": []}),
        (wire.Chunk, {"usage": {"prompt_tokens": "12"}}),
        (wire.Chunk, {"id": 5}),
        (wire.Task, {"stream": 1}),
        (wire.Task, {"stream": []}),
        (wire.Task, {"results": {}}),
        (wire.Task, {"progress": "50%"}),
        (wire.ModelList, {"data": {}}),
        (wire.UploadedFile, {"url": ["x"]}),
    ],
)
def test_wrong_types_are_refused_with_their_path(shape, body):
    with pytest.raises(ProtocolError, match=r"at `\$\."):
        wire.decode(json.dumps(body).encode(), shape)


@given(JSON, st.sampled_from(SHAPES))
def test_any_json_is_read_or_refused(value, shape):
    body = json.dumps(value).encode()
    with suppress(ProtocolError):
        assert isinstance(wire.decode(body, shape), shape)


@given(st.binary(max_size=40), st.sampled_from(SHAPES))
def test_any_bytes_are_read_or_refused(body, shape):
    with suppress(ProtocolError):
        assert isinstance(wire.decode(body, shape), shape)


def test_a_protocol_error_quotes_the_beginning_only():
    with pytest.raises(ProtocolError) as caught:
        wire.decode(b"<html>" + b"x" * 100_000, wire.Task)
    assert "it begins with '<html>xxx" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_submission_holds_only_what_was_said():
    assert wire.encode_submission(wire.Submission(model="m", prompt="p"), {}) == (
        b'{"model":"m","prompt":"p"}'
    )


def test_a_submission_in_full_and_extra_fields():
    submission = wire.Submission(
        model="m",
        prompt="p",
        system_prompt="s",
        image_urls=("i",),
        video_urls=("v",),
        audio_url="a",
        max_tokens=1,
        temperature=0.0,
        reasoning=False,
        sync=True,
        stream=True,
    )
    sent = json.loads(wire.encode_submission(submission, {"top_p": 0.5}))
    assert sent == {
        "model": "m",
        "prompt": "p",
        "system_prompt": "s",
        "image_urls": ["i"],
        "video_urls": ["v"],
        "audio_url": "a",
        "max_tokens": 1,
        "temperature": 0.0,
        "reasoning": False,
        "sync": True,
        "stream": True,
        "top_p": 0.5,
    }


def test_results_may_be_structs_strings_and_null():
    body = b'{"results": [{"choices": [], "text": "t"}, "plain", null]}'
    first, second, third = wire.decode(body, wire.Task).results or ()
    assert (first, second, third) == (wire.Result(choices=[], text="t"), "plain", None)
    assert msgspec.json.decode(b'{"results": null}', type=wire.Task).results is None


@pytest.mark.parametrize("index", [-1, wire.MAX_INDEX + 1])
@pytest.mark.parametrize("field", ['"index":{}', '"delta":{{"tool_calls":[{{"index":{}}}]}}'])
def test_indices_are_bounded(index, field):
    with pytest.raises(wire.DECODE_ERRORS):
        wire.decode_chunk(b'{"choices":[{%b}]}' % field.format(index).encode())
    wire.decode_chunk(b'{"choices":[{%b}]}' % field.format(wire.MAX_INDEX).encode())
