"""What holds for any bytes: arbitrary ones, streams gone astray, and a search that can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foxstream import replies
from foxstream.answer import Delta
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.sse import Event, Parser, encode
from foxstream.telling import Telling
from tests.fuzz import properties
from tests.fuzz.grammar import EVENTS, mutated, seeds
from tests.fuzz.properties import PROPERTIES
from tests.script import chunk, done

every_target = pytest.mark.parametrize("target", PROPERTIES)


@every_target
def test_every_seed_holds(target):
    for seed in seeds(target):
        PROPERTIES[target](seed)


@every_target
@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_hold(target, stream):
    PROPERTIES[target](stream)


@every_target
@settings(deadline=None)
@given(st.data(), st.randoms(use_true_random=False))
def test_what_went_astray_holds(target, data, chance):
    PROPERTIES[target](mutated(data.draw(st.sampled_from(seeds(target))), chance))


@pytest.mark.parametrize("target", ["sse", "decoder", "telling"])
@settings(deadline=None)
@given(st.lists(st.sampled_from(EVENTS), max_size=12), st.randoms(use_true_random=False))
def test_any_events_in_any_order_hold(target, events, chance):
    stream = b"".join(events)
    PROPERTIES[target](stream)
    PROPERTIES[target](mutated(stream, chance))


def test_streams_go_astray_in_every_way():
    ends = Counter(
        type(decoded_end(mutated(seeds("decoder")[0], Random(seed)))).__name__
        for seed in range(400)
    )
    assert min(ends.values()) >= 10
    assert set(ends) == {"NoneType", "ProtocolError", "StreamTruncatedError", "TaskFailedError"}


def decoded_end(stream: bytes) -> Exception | None:
    decoder = Decoder(Transcript())
    decoder.feed(stream)
    decoder.eof()
    return decoder.error


# what does not hold is seen


class EndsTwice(Parser):
    """Takes the two bytes of a line end for two, where they come apart."""

    def feed(self, block: bytes) -> list[Event]:
        self._after_cr = False
        return super().feed(block)


class Hoards(Parser):
    """Keeps every byte."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.kept: list[bytes] = []

    def feed(self, block: bytes) -> list[Event]:
        self.kept.append(block)
        return super().feed(block)


class Raises(Decoder):
    """Has a foreign error escape."""

    def feed(self, block: bytes, received_ns: int = 0) -> list[Delta]:
        json.loads(block)
        return []


class Repeats(Telling):
    """Takes a replay for something new."""

    def begin_again(self) -> None:
        self.begin()


HELLO = b"".join((*map(chunk, "Hello"), done(5)))


@pytest.mark.parametrize(
    ("target", "name", "broken", "stream", "error"),
    [
        ("sse", "Parser", EndsTwice, b"data: a\r\ndata: b\r\n\r\n", AssertionError),
        ("sse", "Parser", Hoards, b": keep-alive\n\n" * 1000, AssertionError),
        ("decoder", "Decoder", Raises, HELLO, json.JSONDecodeError),
        ("telling", "Telling", Repeats, HELLO, AssertionError),
    ],
)
def test_what_does_not_hold_is_seen(target, name, broken, stream, error, monkeypatch):
    PROPERTIES[target](stream)
    monkeypatch.setattr(properties, name, broken)
    with pytest.raises(error):
        PROPERTIES[target](stream)


def test_a_reply_that_is_no_named_error_is_seen(monkeypatch):
    monkeypatch.setattr(replies, "error_from", lambda reply: KeyError(reply.status))
    with pytest.raises(AssertionError):
        PROPERTIES["replies"](b"\n\n{}")


# what it costs


def tool_calls(count: int) -> bytes:
    return chunk(tool_calls=[{"index": 0, "id": str(at)} for at in range(count)])


def choices(count: int) -> bytes:
    data = {"choices": [{"index": at, "delta": {"content": "a"}} for at in range(count)]}
    return encode("chunk", json.dumps(data).encode())


HOSTILE = {
    "comments": lambda count: b":\n" * count,
    "lines of data": lambda count: b"data:\n" * count,
    "an endless line": lambda count: b"data: " + b"x" * count,
    "events without a name": lambda count: b"data: {}\n\n" * count,
    "bare carriage returns": lambda count: b"\r" * count,
    "choices": choices,
    "chunks of a choice of their own": lambda count: b"".join(
        chunk("a", index=at) for at in range(count)
    ),
    "tool calls": tool_calls,
    "chunks of a tool call of their own": lambda count: b"".join(
        chunk(tool_calls=[{"index": 0, "id": str(at)}]) for at in range(count)
    ),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_the_cost_grows_as_the_bytes_do(hostile):
    small, large = hostile(1000), hostile(8000)
    growth = len(large) / len(small)
    assert cost(large) < max(3 * growth * cost(small), 0.02)


def cost(stream: bytes) -> float:
    """Seconds to decode the stream; other users of the machine only add to them."""
    return min(decoding(stream) for _ in range(3))


def decoding(stream: bytes) -> float:
    decoder = Decoder(Transcript())
    began = process_time()
    decoder.feed(stream)
    return process_time() - began


# the search


BAD_TARGETS = """
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.errors import ProtocolError

kept = []

def raises(stream):
    decoder = Decoder(Transcript())
    decoder.feed(stream)
    if decoder.chunks >= 4 and isinstance(decoder.error, ProtocolError):
        raise KeyError("a fifth chunk that is none")

def hoards(stream):
    kept.append(b"x" * (1 << 20))
"""
needs_atheris = pytest.mark.skipif(find_spec("atheris") is None, reason="needs the extra `fuzz`")


def search(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "bad.py").write_text(BAD_TARGETS)
    command = [sys.executable, "-m", "tests.fuzz", *options, "--finds", str(folder / "finds")]
    return subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(folder)},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_atheris
def test_the_search_finds_what_raises_and_replays_it(tmp_path):
    ended = search(tmp_path, "--target", "bad:raises", "--seconds", "20", "--seed", "1")
    assert ended.returncode == 1
    assert "KeyError: 'a fifth chunk that is none'" in ended.stdout
    (found,) = (tmp_path / "finds").iterdir()
    assert f"python -m tests.fuzz --target bad:raises --replay {found}" in ended.stdout
    again = search(tmp_path, "--target", "bad:raises", "--replay", str(found))
    assert again.returncode == 1
    assert "KeyError: 'a fifth chunk that is none'" in again.stderr


@needs_atheris
def test_the_search_finds_what_hoards(tmp_path):
    ended = search(tmp_path, "--target", "bad:hoards", "--seconds", "20", "--seed", "1")
    assert ended.returncode == 1
    assert "out-of-memory" in ended.stdout


@needs_atheris
def test_the_search_ends_well_where_nothing_is_found(tmp_path):
    ended = search(tmp_path, "--target", "wire", "--seconds", "1", "--seed", "1")
    assert (ended.returncode, list((tmp_path / "finds").iterdir())) == (0, [])
    assert "wire: " in ended.stdout
    assert " inputs in 1 s, seed 1" in ended.stdout


def test_a_replay_needs_its_target(tmp_path):
    ended = search(tmp_path, "--replay", "nowhere")
    assert (ended.returncode, "--replay needs one --target" in ended.stderr) == (2, True)
