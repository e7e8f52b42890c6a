"""Words become lines: none lost, none changed, none too wide, in any script."""

from __future__ import annotations

import sys
from importlib import import_module
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foxstream import Delta
from foxstream.captions.breaking import characters, columns_of, filled, spaced, units_of
from foxstream.captions.cues import CueWriter, RollUp, reading_speed
from foxstream.captions.layout import DEFAULT_LAYOUT, Layout
from foxstream.captions.phrases import screens
from foxstream.errors import InvalidInputError, MissingExtraError

LAYOUTS = st.builds(
    Layout, columns=st.integers(10, 60), lines=st.integers(1, 4), speed=st.just(20.0)
)
SCRIPTS = st.sampled_from(
    "aé\u0301ß .,!-\u2013字。「」かな한שלוםمرحبا\u200d👩👨🏽🇩🇪ก\u0e33क्ष\u200b\xa0\n\t\u202f"
)
TEXTS = st.text(max_size=300) | st.text(SCRIPTS, max_size=300)
PIECES = st.lists(st.text(SCRIPTS, max_size=12) | st.text(max_size=12), max_size=30)


def bare(text: str) -> str:
    return "".join(spaced(text).split(" "))


def fits(line: str, columns: int) -> bool:
    """No wider than allowed, unless a single character is."""
    return columns_of(line) <= columns or characters(line) == 1


@given(TEXTS, LAYOUTS)
@settings(max_examples=300, deadline=None)
def test_no_word_is_lost_and_no_line_too_wide(text, layout):
    found = screens(text, layout)
    assert bare("".join(line for lines in found for line in lines)) == bare(text)
    assert all(1 <= len(lines) <= layout.lines for lines in found)
    assert all(fits(line, layout.columns) for lines in found for line in lines)


@given(PIECES, LAYOUTS)
@settings(max_examples=200, deadline=None)
def test_a_screen_that_rolls_up_ends_with_the_newest_words(pieces, layout):
    screen, said = RollUp(layout), ""
    for piece in pieces:
        screen.add(piece)
        said += piece
        lines = screen.text.split("\n")
        assert len(lines) <= layout.lines
        assert all(fits(line, layout.columns) for line in lines)
        assert bare(said).endswith(bare(screen.text))


@given(st.lists(st.text(SCRIPTS, max_size=12), max_size=8))
@settings(max_examples=200, deadline=None)
def test_what_was_committed_never_changes(pieces):
    screen, before = RollUp(Layout(columns=60, lines=10)), [""]  # so large that no line leaves it
    for piece in pieces:
        screen.add(piece)
        lines = screen.text.split("\n")
        assert lines[: len(before) - 1] == before[:-1]
        assert bare("".join(lines)).startswith(bare("".join(before)))
        before = lines


@given(st.lists(st.text("abc ", max_size=9), max_size=40))
@settings(deadline=None)
def test_words_of_partial_cues_stand_in_the_final_ones(pieces):
    writer = CueWriter(0, 0.0, 4.0, DEFAULT_LAYOUT)
    partial = [cue for piece in pieces if (cue := writer.add(Delta(text=piece)))]
    final = " ".join(cue.text for cue in writer.finish()).split()
    for cue in partial:
        *committed, last = cue.text.split() or [""]
        joined = f" {' '.join(final)} "
        assert f" {' '.join(committed)} ".strip() in joined
        assert f" {last}" in joined or not last


@given(TEXTS, st.floats(0.2, 60), st.floats(0, 1000))
@settings(deadline=None)
def test_cues_fill_their_window(text, length, start):
    writer = CueWriter(3, start, start + length, DEFAULT_LAYOUT)
    writer.add(Delta(text=text))
    cues = writer.finish()
    if cues:
        assert cues[0].start == start
        assert cues[-1].end == pytest.approx(start + length)
        assert all(one.end == other.start for one, other in pairwise(cues))
        assert all(cue.final and cue.window == 3 for cue in cues)
    else:
        assert not bare(text)


def test_a_text_that_can_be_read_in_time_is():
    writer = CueWriter(0, 0.0, 4.0, DEFAULT_LAYOUT)
    writer.add(Delta(text="A fox runs over the snow. It stops, listens, and looks at us."))
    assert all(reading_speed(cue) <= 20 for cue in writer.finish())


def test_the_excess_is_shared_by_all_cues():
    writer = CueWriter(0, 0.0, 2.0, DEFAULT_LAYOUT)
    writer.add(Delta(text="many words " * 30))
    assert {round(reading_speed(cue)) for cue in writer.finish()} <= {160, 161}


def test_lines_break_behind_sentences_and_clauses():
    text = "The fox stops at the edge of the wood. Then, when the wind turns, it runs away quickly."
    assert screens(text, DEFAULT_LAYOUT) == [
        ("The fox stops at the edge of the wood.",),
        ("Then, when the wind turns,", "it runs away quickly."),
    ]


def test_chinese_and_japanese_break_anywhere_but_where_it_looks_wrong():
    assert filled("狐狸在雪地上奔。它停下来听。", 14) == ["狐狸在雪地上", "奔。它停下来", "听。"]
    assert filled("きつねは「雪」へ行っちゃった", 10) == [
        "きつねは",
        "「雪」へ",
        "行っちゃっ",
        "た",
    ]


def test_korean_breaks_between_words():
    assert filled("여우가 눈밭을 달린다", 14) == ["여우가 눈밭을 ", "달린다"]


def test_a_word_wider_than_the_screen_breaks_between_characters():
    family = "👩\u200d👩\u200d👧"
    units = units_of(family * 20, 10)
    assert "".join(units) == family * 20
    assert all(unit.count(family) * len(family) == len(unit) for unit in units)


def test_right_to_left_words_stay_in_their_order():
    text = "שלום עולם, זה שועל בשלג"
    assert " ".join(line for lines in screens(text, Layout(columns=12)) for line in lines) == text


def test_combining_characters_count_once():
    assert (characters("e\u0301"), columns_of("e\u0301")) == (1, 1)
    assert (characters("字"), columns_of("字")) == (1, 2)
    assert columns_of("a\x07字\x7f") == 3
    assert characters("one\ntwo") == 6


def test_reasoning_and_other_choices_never_reach_a_cue():
    writer = CueWriter(0, 0.0, 4.0, DEFAULT_LAYOUT)
    assert writer.add(Delta(reasoning="secret")) is None
    assert writer.add(Delta(text="another", index=1)) is None
    assert writer.add(Delta(text="")) is None
    cue = writer.add(Delta(text="A fox.", reasoning="secret"))
    assert (cue.text, cue.final, cue.window, cue.end) == ("A fox.", False, 0, 4.0)
    assert [cue.text for cue in writer.finish()] == ["A fox."]


def test_what_would_steer_a_screen_is_shown_as_a_sign():
    assert screens("a\x1b[2Jb\0\x9bc", DEFAULT_LAYOUT) == [("a\ufffd[2Jb\ufffd\ufffdc",)]


def test_nothing_new_on_the_screen_is_no_cue():
    writer = CueWriter(0, 0.0, 4.0, DEFAULT_LAYOUT)
    assert writer.add(Delta(text="  \n ")) is None
    assert writer.finish() == []


@pytest.mark.parametrize(
    ("field", "value"), [("columns", 9), ("lines", 0), ("speed", 0.0), ("columns", float("nan"))]
)
def test_a_layout_that_is_no_screen_is_refused(field, value):
    with pytest.raises(InvalidInputError, match=field):
        Layout(**{field: value})


@pytest.mark.parametrize(("library", "room"), [("wcwidth", "breaking"), ("webvtt", "formats")])
def test_without_its_libraries_the_extra_is_named(library, room, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"foxstream.captions.{room}", raising=False)
    with pytest.raises(MissingExtraError, match=r"foxstream\[captions\]"):
        import_module(f"foxstream.captions.{room}")
