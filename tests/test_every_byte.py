"""Faults at every byte of a recorded answer: the exact text once, or a named error.

Every ending at every byte, and one in five of the other faults, so that each of them comes at every
fifth byte; with FOXSTREAM_EVERY_FAULT set, every fault at every byte.
"""

from __future__ import annotations

import os
from functools import partial

import pytest

from benchmarks.histories import dry, everywhere, virtual
from benchmarks.histories.history import History
from benchmarks.histories.mishaps import Cut, Refused, Told, body_of, bytes_of
from benchmarks.histories.recorded import PIECES, recorded
from benchmarks.histories.trial import Tally, bytes_through_stream, bytes_without_a_loop, spread
from tests.test_histories import BROKEN
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

WORDS = recorded().words
ONE_IN = 1 if os.environ.get("FOXSTREAM_EVERY_FAULT") else 5


def as_they_must_be(tally: Tally) -> None:
    assert tally.failures == []
    assert {"truth", "StreamDivergedError", "StreamTruncatedError", "TaskFailedError"} == set(
        tally.endings
    )
    assert set(tally.met) >= MET


MET = {
    *(f"cut: {ending}" for ending in ("end", "reset", "stall", "broken")),
    *(f"refused: {status}" for status in (404, 410, 429, 500, 502, 503, "no connection")),
    *(f"told: {twist}" for twist in ("recut", "offset", "repeated", "missing", "uncounted")),
    *("told: reported", "told: diverged", "task: empty", "task: silent", "task: failed"),
}


def test_faults_at_every_byte_without_a_loop():
    tally = spread(partial(bytes_without_a_loop, one_in=ONE_IN), range(everywhere.SIZE + 1))
    as_they_must_be(tally)
    assert tally.lived > (4 + 26 / ONE_IN) * everywhere.SIZE


@pytest.mark.parametrize(("room", "name", "broken"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_found_at_five_bytes(room, name, broken, monkeypatch):
    monkeypatch.setattr(room, name, broken)
    places = (*range(2000, 2005), *range(4700, 4705))
    assert bytes_without_a_loop(places, one_in=5).failures


def test_every_fault_at_the_edges_and_at_every_byte_of_three_frames_through_the_stream():
    tally = spread(bytes_through_stream, sorted({*everywhere.edges(), *everywhere.three_frames()}))
    as_they_must_be(tally)


def test_the_recorded_answer_is_a_hard_one():
    body = bytes_of(Told(), recorded())
    chunks = body.count(b"event: chunk")
    assert chunks == len(PIECES) >= 60
    assert b"\r\n\r\n" in body
    assert b"}\n\n" in body
    assert b"\n: keep-alive\n\n" in body
    assert body.endswith(b'data: {"total_chunks":%d}\n\n' % chunks)
    assert sum(not any(piece) for piece in PIECES) >= 4
    said = [piece.reasoning + piece.text for piece in PIECES if piece.reasoning or piece.text]
    assert sum(not piece.isascii() for piece in said) == len(said)
    assert len(set(said)) == len(said)


def test_the_places_are_those_that_were_meant():
    body, ends = bytes_of(Told(), recorded()), body_of(Told(), recorded()).ends
    assert {0, everywhere.SIZE, ends[3] - 1, ends[3], ends[3] + 1} <= set(everywhere.edges())
    assert len(body) == everywhere.SIZE
    places = everywhere.three_frames()
    read = bytes(body[at] for at in places if at < len(body)).decode(errors="replace")
    assert all(word in read for word in ("reasoning_content", "狐狸", "\r\n", "total_chunks"))


@pytest.mark.parametrize(
    ("history", "ending"),
    [
        (History((Told(cut=Cut(2000, "reset")),)), "truth"),
        (History((Told(cut=Cut(2000, "end")), Refused(410, for_good=True))), "truth"),
        (History((Told(cut=Cut(2000, "end")), Told("diverged", 3))), "truth"),
        (History((Told("missing", 30),)), "StreamDivergedError"),
        (History((Told("repeated", 30),)), "StreamDivergedError"),
        (History((Told("uncounted", 30),), verify=True), "StreamDivergedError"),
        (History((Told(cut=Cut(2000, "broken")),), limit=0), "APIConnectionError"),
    ],
)
@pytest.mark.parametrize("lived", [dry.lived, virtual.lived], ids=["dry", "virtual"])
def test_what_becomes_of_some_of_them(lived, history, ending):
    outcome = lived(history)
    assert outcome.ending == ending
    if ending == "truth":
        assert outcome.seen.text == WORDS.text
    else:
        assert outcome.error.partial.text == outcome.seen.text
