"""Relays and captions are measured, and who misses an event is found out."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

import pytest

from benchmarks.measures import captions, cues, cutting, relay, screen
from benchmarks.referee import Turn, WrongAnswerError, alone
from benchmarks.relays import faces, hosted, in_memory, killing, returning, sockets, store
from benchmarks.relays.beat import ALL, Beat, Ear
from benchmarks.relays.lateness import LATE
from benchmarks.relays.load import USED, WAITED
from tests.needed import need
from tests.redisserver import needs_redis
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

BEAT = Beat(10, 200.0)
LATE_P99 = "late, p99"


@pytest.mark.parametrize("second", ["1:5 ", "3:5 "], ids=["repeated", "missed"])
def test_an_event_that_is_not_the_next_is_a_wrong_answer(second):
    ear = Ear([])
    ear.hear(b'data: {"text":"0:5 "}\n\ndata: {"text":"1:5 "}')
    with pytest.raises(WrongAnswerError, match="2 was expected"):
        ear.hear(f'{{"text":"{second}"}}'.encode())


@pytest.mark.parametrize("name", in_memory.BROADCASTERS)
def test_every_viewer_hears_everything_beside_those_who_read_nothing(name):
    turn = in_memory.take_turn(name, BEAT, viewers=5, stuck=2)
    assert (turn.answer, turn.beside.keys()) == (ALL, {*LATE, USED, WAITED})
    assert turn.cost > 0


@pytest.mark.parametrize("face", faces.FACES)
def test_every_viewer_hears_everything_over_sockets(face):
    if faces.missing(face):
        pytest.skip(f"{face} is not installed")
    turn = sockets.take_turn(face, BEAT, viewers=5)
    assert turn.answer == ALL
    assert 0 < turn.beside[LATE_P99] < 10e9
    assert 0 < turn.beside[USED] < 10


def test_what_a_viewer_and_an_event_hold_is_weighed():
    assert sockets.held(faces.AIOHTTP, 20).cost > 0
    # A process that has done much before has free memory to put them in.
    assert alone("log", partial(store.events_held, 2000), ALL).cost > 50


def test_a_host_that_cannot_be_started_is_told():
    with pytest.raises(RuntimeError, match="the host has ended"), hosted.hosted("no such", BEAT):
        pass


def test_a_viewer_that_drops_off_returns_as_often_as_it_was_told_to():
    turn = returning.take_turn(faces.AIOHTTP, 30)
    assert (turn.answer, turn.beside) == (ALL, {returning.RETURNS: 30.0})


@needs_redis
def test_a_replica_is_killed_in_mid_stream_and_its_viewers_return():
    turn = killing.take_turn(40, 40.0, viewers=4, lease=0.3)
    assert turn.answer == ALL
    assert turn.beside[killing.RETURNED] == 2
    assert turn.cost == turn.beside[killing.GAP] >= turn.beside[killing.GAP_BESIDE] > 0


def test_a_relay_is_reported_with_its_goals(monkeypatch):
    monkeypatch.setattr(relay, "alone", lambda *_: Turn(1e6, ALL, defaultdict(lambda: 1e6)))
    report = relay.measure(relay.Pace())
    titles = [case.title for case in report.cases]
    assert titles[:4] == ["in memory", "aiohttp", "Starlette", "memory of a viewer"]
    goals = {check.what: check.goal for check in report.cases[0].checks if check.goal}
    assert goals == {
        "late, p99": 100.0,
        "late, p99, beside 20 stuck viewers": 100.0,
        "CPU beside 20 stuck viewers over without": 1.1,
    }


def test_a_video_is_cut_to_its_end_and_every_word_is_a_cue(tmp_path: Path):
    turn = cutting.cut(cutting.film(tmp_path / "film.mp4", 5), 2.0)
    assert turn.answer == cutting.CUT
    assert turn.beside[cutting.SECONDS] == pytest.approx(5.0, abs=0.1)
    assert turn.beside[cutting.MEMORY] > 10e6
    assert cues.cue_lateness(windows=2, words=3, rate=100.0).answer == cues.ALL_CUES


def test_the_first_words_are_on_the_screen_before_the_answer_goes_on():
    """How soon they should be is for `python -m benchmarks captions` to tell."""
    need("chromium")
    hold = 3.0
    turn = screen.first_on_screen(windows=2, hold=hold)
    assert turn.answer == screen.ALL_SEEN
    assert 0 < turn.beside[screen.SCREEN] < hold * 1e9


def test_without_chromium_nothing_is_measured_on_the_screen(monkeypatch):
    monkeypatch.setattr(captions.chromium, "LACKING", "needs Chromium: install it")
    case = captions._screen(captions.QUICK)
    assert (case.checks, case.notes) == ([], ["not measured: it needs Chromium: install it"])


def test_captions_are_reported_with_their_goals(monkeypatch):
    def turn(_name: str, _run: object, answer: str) -> Turn:
        return Turn(2.0, answer, defaultdict(lambda: 20.0))

    monkeypatch.setattr(captions, "alone", turn)
    monkeypatch.setattr(captions, "first_on_screen", lambda _: turn("", None, screen.ALL_SEEN))
    monkeypatch.setattr(captions.chromium, "LACKING", None)
    monkeypatch.setattr(captions, "film", lambda file, _seconds: file)
    monkeypatch.delenv("FOXSTREAM_VIDEOS", raising=False)
    report = captions.measure(captions.Pace())
    checks = {check.what: check for case in report.cases for check in case.checks}
    assert checks["times as fast as it plays"].value == 10.0
    assert checks["times as fast as it plays"].goal == 8.0
    assert checks[cues.CUE].goal == checks[screen.SCREEN].goal == 150.0
    assert "synthetic" in report.cases[0].notes[0]
    assert report.cases[1].rows[1].goal == 1.2
