"""What is on a cassette: told apart, written, read back, and never a key among it."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream.exchange import Request
from foxstream.testing.errors import CassetteError
from foxstream.testing.masking import is_secret, mask, spellings
from foxstream.testing.tape import (
    Answered,
    Asking,
    Block,
    Broken,
    Exchange,
    asking_of,
    block_of,
    dump,
    parse,
)

KEY = "sk-abc+123/xyz"
HEAD = b'{"kind":"cassette","version":1}\n'
REQUEST = b'{"kind":"request","method":"GET","path":"/"}\n'
POST = Asking("POST", "/v1/llm/generations", {"model": "m"})


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "x-api-key",
        "X-Amz-Signature",
        "sig",
        "Set-Cookie",
        "stream_token",
        "Secret",
    ],
)
def test_names_of_secrets(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["content-type", "signal", "model", "user-agent"])
def test_names_of_what_is_none(name):
    assert not is_secret(name)


def test_how_a_key_may_be_spelled():
    assert spellings(f"Bearer {KEY}") >= {KEY.encode(), b"sk-abc%2B123%2Fxyz"}
    assert spellings("Bearer abc") == {b"Bearer abc", b"Bearer%20abc"}
    assert spellings("prod") == set()


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (b"the key sk-secret-1 and on", b"the key xxxxxxxxxxx and on"),
        (b"/stream?token=abc&offset=3", b"/stream?token=xxx&offset=3"),
        (b"/stream?offset=3&X-Amz-Signature=a%20b", b"/stream?offset=3&X-Amz-Signature=xxxxx"),
        (b'{"api_key": "a\\"b", "model": "m"}', b'{"api_key": "xxxx", "model": "m"}'),
        (b'{"prompt_tokens": 5, "max_tokens": 7}', b'{"prompt_tokens": 5, "max_tokens": 7}'),
        (b'{"finish_reason": "stop"}', b'{"finish_reason": "stop"}'),
    ],
)
def test_secrets_are_masked_where_they_are(data, masked):
    assert mask(data, {b"sk-secret-1"}) == masked


def test_a_secret_that_holds_another_is_masked_as_a_whole():
    assert mask(b"secret-1-more", [b"secret-1", b"secret-1-more"]) == b"x" * 13


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=4))
def test_masking_changes_no_length(data, secret):
    masked = mask(data, [secret])
    assert len(masked) == len(data)


def asked(url="http://127.0.0.1:1/v1/llm/generations", body: bytes | int = b'{"model":"m"}'):
    return asking_of(Request("POST", url), body, {KEY.encode()})


def test_a_request_is_told_by_path_and_json():
    assert asked() == POST
    assert asked("https://api.foxapi.cc/v1/llm/generations") == POST
    assert asked("http://a/b?token=abc&x=1").path == "/b?token=xxx&x=1"
    assert asked("http://a/b/" + KEY).path == "/b/" + "x" * len(KEY)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", None),
        (7, {"bytes": 7}),
        (b"--boundary", {"bytes": 10}),
        (b'"\xff"', {"bytes": 3}),
        (f'{{"prompt":"{KEY}"}}'.encode(), {"prompt": "x" * len(KEY)}),
    ],
)
def test_what_is_told_of_a_body(body, told):
    assert asked(body=body).body == told


def test_media_are_told_by_their_digest():
    urls = [base64.b64encode(bytes([n]) * 90).decode() for n in range(2)]
    bodies = [asked(body=f'{{"v":"data:video/mp4;base64,{u}"}}'.encode()).body for u in urls]
    assert bodies[0] != bodies[1]
    assert bodies[0]["v"].startswith("data:video/mp4;sha256,")
    assert len(bodies[0]["v"]) < 50


PARTS = [
    Answered(0.5, 200, {"content-type": "text/event-stream"}),
    block_of(0.1, "data: é".encode()[:-1]),
    block_of(0.0, "data: é".encode()[-1:]),
    block_of(0.2, "fûchs\u2028\n\n".encode()),
    Broken(0.3, "reset", sent=True),
]


def test_a_file_brings_back_what_was_written():
    exchanges = [Exchange(POST, PARTS), Exchange(Asking("GET", "/x"), [Broken(1, "no", False)])]
    file = dump(exchanges, [])
    assert file.startswith(HEAD)
    assert file.count(b"\n") == 9
    assert b"f\xc3\xbbchs" in file
    assert parse(file) == exchanges


@given(st.lists(st.tuples(st.floats(0, 9), st.binary(min_size=1)), max_size=6))
def test_blocks_keep_their_bytes(blocks):
    """Whatever they are, as long as nothing in them looks like a secret."""
    parts = [block_of(after, data) for after, data in blocks]
    written = parse(dump([Exchange(POST, [Answered(0, 200), *parts])], []))
    assert [part.data for part in written[0].parts[1:]] == [data for _, data in blocks]


@pytest.mark.parametrize("at", range(1, len(KEY)))
def test_a_key_over_two_blocks_is_not_written(at):
    data = f"event: x\ndata: {KEY}\n\n".encode()
    cut = data.index(KEY.encode()) + at
    parts = [Answered(0, 401, {"location": f"/a?k={KEY}"}), Block(0, data[:cut].decode())]
    parts += [Block(0, data[cut:].decode()), Broken(0, f"refused {KEY}")]
    file = dump([Exchange(Asking("POST", f"/{KEY}", {"a": KEY}), parts)], [KEY.encode()])
    assert KEY.encode() not in file
    said = b"".join(part.data for part in parse(file)[0].parts if isinstance(part, Block))
    assert said == data.replace(KEY.encode(), b"x" * len(KEY))


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (b"{", 1),
        (b'{"kind":"cassette","version":2}', 1),
        (b'{"kind":"response","after":0,"status":200}', 1),
        (HEAD + b'{"kind":"response","after":0,"status":200}', 2),
        (HEAD + REQUEST + HEAD, 3),
        (REQUEST, 1),
        (HEAD + REQUEST + b'{"kind":"block","after":0,"text":"x"}', 3),
        (HEAD + REQUEST + 2 * b'{"kind":"response","after":0,"status":200}\n', 4),
        (HEAD + b'{"kind":"cow"}', 2),
        (HEAD + b'{"kind":"request","method":"GET","path":"\xff"}', 2),
    ],
)
def test_a_file_that_is_none_names_its_line(file, line):
    with pytest.raises(CassetteError, match=f"line {line} is none of a cassette"):
        parse(file)


def test_an_empty_cassette_is_one():
    assert parse(HEAD) == []
    assert msgspec.json.decode(HEAD) == {"kind": "cassette", "version": 1}
