"""What the command line does to text: harmless, wrapped, explained."""

from __future__ import annotations

import inspect
import re

import msgspec
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from foxstream import errors
from foxstream.cli.failures import exit_code, explained, misused
from foxstream.cli.harmless import harmless, harmless_json, one_line
from foxstream.cli.wrapping import Cursor
from tests.terminal import picture

HOSTILE = "\x1b[2J\x1b]0;owned\x07 \x9b31m \x7f \u202etxt.exe\u2069 \x00\b"
ACTING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.FoxError)
]


def made(kind: type[errors.FoxError], message: str = "it broke") -> errors.FoxError:
    if issubclass(kind, errors.APIStatusError):
        return kind(418, message)
    if issubclass(kind, errors.APITimeoutError):
        return kind(message, phase="stall")
    return kind(message)


def test_acting_characters_are_shown_by_sign_and_others_stay():
    assert harmless("\x1b[31m\a") == "␛[31m␇"
    assert harmless("\x7f\x9b\u202e\u2066") == "␡<U+009B><U+202E><U+2066>"
    assert (
        harmless("a\tb\nc\r\nd\re [bold]é😀שלום\u200d[/]")
        == "a\tb\nc\r\nd␍e [bold]é😀שלום\u200d[/]"
    )


@given(st.text())
def test_nothing_acts_in_harmless_text(text):
    assert not ACTING.search(harmless(text).replace("\r\n", "\n"))
    assert not ACTING.search(one_line(text))
    assert len(one_line(text).splitlines()) <= 1


@given(st.text())
def test_harmless_json_says_the_same(text):
    document = harmless_json(msgspec.json.encode(text.encode(errors="replace").decode()).decode())
    assert not ACTING.search(document)
    assert msgspec.json.decode(document) == text.encode(errors="replace").decode()


def test_one_line_has_single_spaces():
    assert one_line(" a\n\tb \r\n c\x1b ") == "a b c␛"


@given(st.lists(st.text("ab \n", max_size=12)), st.integers(6, 20))
def test_words_are_never_broken_and_nothing_is_lost(pieces, columns):
    cursor = Cursor()
    shown = picture("".join(cursor.moved(piece, columns) for piece in pieces), columns)
    text = "".join(pieces)
    assert "".join("".join(shown).split()) == "".join(text.split())
    assert cursor.column <= columns
    words = " ".join(shown).split()
    for word in text.split():
        if len(word) <= columns // 2:
            assert word in words


def test_a_word_moves_to_the_next_line_while_it_comes():
    cursor = Cursor()
    written = [cursor.moved(piece, 12) for piece in ("The len", "gth is", " x", " seconds")]
    assert picture("".join(written[:2]), 12) == ["The length", "is"]
    assert picture("".join(written), 12) == ["The length", "is x seconds"]
    assert cursor.column == 12


def test_a_blank_at_the_end_of_a_full_line_ends_it():
    cursor = Cursor()
    assert picture(cursor.moved("abcd efgh ijk", 9), 9) == ["abcd efgh", "ijk"]


@pytest.mark.parametrize("line", ["漢字漢字漢字 ab cd", "a\tb c d e f g h i j k", "x" * 40 + " y"])
def test_lines_the_terminal_knows_better_are_left_to_it(line):
    assert Cursor().moved(line, 12) == line


def test_without_a_width_only_the_column_is_counted():
    cursor = Cursor()
    assert cursor.moved("ab\n" + "c" * 200) == "ab\n" + "c" * 200
    assert cursor.column == 200


def test_a_long_word_is_not_kept():
    cursor = Cursor()
    for _ in range(1000):
        cursor.moved("x" * 10, 80)
    assert cursor._word is None
    assert 0 < cursor.column <= 80


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_one_harmless_line(kind):
    line = explained(made(kind, f"one\ntwo {HOSTILE}"), "ask")
    assert "one two" in line
    assert not ACTING.search(line)
    assert " - " in line or kind is errors.MissingExtraError


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (errors.InvalidInputError("x"), "see foxstream ask --help"),
        (
            errors.AuthenticationError(401, "x"),
            "check FOXAPI_API_KEY; with --base-url or --openai pass --api-key",
        ),
        (
            errors.TaskFailedError("x", code="invalid_file_type"),
            "check that the media can be opened",
        ),
        (errors.RequestTooLargeError(413, "x"), "send less; --shrink makes videos smaller"),
        (errors.APIStatusError(418, "x"), "check --base-url"),
        (errors.APITimeoutError("x", phase="connect"), "try again"),
        (errors.APITimeoutError("x", phase="total"), "give it longer with --timeout"),
        (errors.APIConnectionError("x"), "check the network and --base-url"),
    ],
)
def test_the_hint_fits(error, hint):
    assert explained(error, "ask").endswith(f" - {hint}")


def test_a_task_that_may_go_on_can_be_followed():
    error = errors.APIConnectionError("x")
    error.task_id = "task-1"
    assert explained(error).endswith("foxstream tail task-1")
    failed = errors.TaskFailedError("x")
    failed.task_id = "task-1"
    assert explained(failed).endswith("ask another model")


def test_a_long_message_is_cut():
    assert len(explained(errors.ProtocolError("x" * 5000))) < 700


@pytest.mark.parametrize("kind", KINDS)
def test_exit_codes(kind):
    refused = {errors.InvalidInputError, errors.MissingExtraError}
    assert exit_code(made(kind)) == (2 if kind in refused else 1)


def test_misuse_without_a_context():
    assert misused(typer.TyperException("No such thing.")) == "no such thing - see foxstream --help"
