"""The screen: what a person sees of an answer, its reasoning, its notes and its silences."""

from __future__ import annotations

import errno
from io import StringIO

import pytest

from foxstream.answer import Completion, Delta, Usage
from foxstream.cli.answers import Ending, TextDisplay
from foxstream.cli.screen import OutputError, Screen
from foxstream.progress import Status, Timings
from tests.terminal import FakeTerminal, picture

COLUMNS = 40


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def tty():
    """One terminal for both streams, as usual."""
    return FakeTerminal()


@pytest.fixture
def screen(tty):
    screen = Screen(tty, tty)
    yield screen
    screen.clear()


def seen(tty):
    return [line for line in picture(tty.getvalue(), COLUMNS) if line]


def ended(screen, display, **completion):
    timings = Timings(submitted=0, first_token=250_000_000, ended=1_500_000_000)
    display.end(Ending(Completion(**completion), timings, "task-1"))


def test_reasoning_is_dim_and_apart_from_the_answer(screen, tty):
    display = TextDisplay(screen)
    for delta in (Delta(reasoning="Let me "), Delta(reasoning="see."), Delta("A fox")):
        display.add(delta)
    display.add(Delta(" runs."))
    assert picture(tty.getvalue(), COLUMNS) == ["Let me see.", "", "A fox runs."]
    assert "\x1b[2msee.\x1b[0m" in tty.getvalue()
    assert "\x1b[2mA fox" not in tty.getvalue()


def test_only_the_first_choice_is_text(screen, tty):
    display = TextDisplay(screen)
    display.add(Delta("one", index=0))
    display.add(Delta("two", index=1))
    assert seen(tty) == ["one"]


def test_the_summary_names_what_was_measured(screen, tty):
    display = TextDisplay(screen)
    display.add(Delta("A fox"))
    ended(screen, display, text="A fox", usage=Usage(completion_tokens=2))
    assert picture(tty.getvalue(), 200)[:3] == [
        "A fox",
        "",
        "first token after 0.25 s, whole answer",
    ]
    assert " ".join(seen(tty)).endswith("whole answer in 1.50 s, 2 tokens, task-1")


@pytest.mark.parametrize(
    ("completion", "said"),
    [
        ({"text": "A fox"}, "1 pieces"),
        ({"text": "A fox", "usage": Usage(prompt_tokens=1)}, "1 pieces"),
        ({"text": ""}, "the answer has no text"),
        ({"text": "A", "finish_reason": "length"}, "--max-tokens raises it"),
    ],
)
def test_what_the_text_does_not_show_is_told(screen, tty, completion, said):
    display = TextDisplay(screen)
    display.add(Delta("A fox"))
    ended(screen, display, **completion)
    assert said in " ".join(seen(tty))


def test_a_reconnect_is_told(screen, tty):
    timings = Timings(reconnects=2)
    TextDisplay(screen).end(Ending(Completion("A"), timings, None))
    assert seen(tty) == ["0 pieces, 2 reconnects"]


def test_the_status_vanishes_with_the_first_word(screen, tty):
    screen.report(Status("uploading", 0.5))
    assert "uploading" in seen(tty)[0]
    assert "50%" in seen(tty)[0]
    screen.report(Status("queued"))
    assert "waiting for the first token" in seen(tty)[0]
    assert "%" not in seen(tty)[0]
    screen.report(Status("streaming"))
    screen.say("A fox")
    assert seen(tty) == ["A fox"]


def test_after_a_status_in_its_middle_a_line_goes_on(screen, tty):
    screen.say("A fox ru", wrapped=True)
    screen.report(Status("reconnecting"))
    assert "reconnecting" in seen(tty)[-1]
    screen.say("ns.", wrapped=True)
    assert seen(tty) == ["A fox runs."]


def test_after_a_status_a_full_line_has_ended(screen, tty):
    screen.say("x" * (COLUMNS - 4) + " fox", wrapped=True)
    screen.report(Status("polling"))
    screen.say("es run", wrapped=True)
    assert seen(tty) == ["x" * (COLUMNS - 4) + " fox", "es run"]


def test_a_note_begins_a_line_of_its_own(screen, tty):
    screen.say("A fox")
    screen.note("[bold]a note[/bold] :fox:")
    screen.complain("it broke")
    assert seen(tty) == ["A fox", "[bold]a note[/bold] :fox:", "foxstream: it broke"]


def test_hostile_text_and_notes_cannot_steer(screen, tty):
    screen.say("\x1b[2Jgone\x9b")
    screen.note("\x1b]0;title\a")
    assert "\x1b[2J" not in tty.getvalue()
    assert "\x1b]" not in tty.getvalue()
    assert "\a" not in tty.getvalue()
    assert seen(tty)[0] == "␛[2Jgone<U+009B>"


@pytest.mark.parametrize("variable", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_plain_terminal_gets_headings_and_lines(monkeypatch, variable):
    monkeypatch.setenv(*variable)
    tty = FakeTerminal()
    screen = Screen(tty, tty)
    for status in (Status("uploading", 0.1), Status("uploading", 0.9), Status("queued")):
        screen.report(status)
    display = TextDisplay(screen)
    display.add(Delta(reasoning="Hm."))
    display.add(Delta("A fox"))
    assert tty.getvalue() == (
        "uploading\nwaiting for the first token\n[reasoning]\nHm.\n\n[answer]\nA fox"
    )


def test_an_answer_alone_has_no_heading_on_a_plain_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    tty = FakeTerminal()
    TextDisplay(Screen(tty, tty)).add(Delta("A fox"))
    assert tty.getvalue() == "A fox"


def test_a_file_gets_the_answer_and_the_terminal_the_rest():
    out, err = StringIO(), FakeTerminal()
    screen = Screen(out, err)
    display = TextDisplay(screen)
    screen.report(Status("queued"))
    display.add(Delta(reasoning="Hm."))
    display.add(Delta("A\tfox " * 30))
    ended(screen, display, text="A fox")
    assert out.getvalue() == "A\tfox " * 30 + "\n"
    assert seen(err)[0] == "first token after 0.25 s, whole answer"


def test_where_nobody_watches_nothing_is_noted_but_trouble():
    out, err = StringIO(), StringIO()
    screen = Screen(out, err)
    display = TextDisplay(screen)
    screen.report(Status("queued"))
    display.add(Delta("A fox"))
    ended(screen, display, text="A fox")
    assert (out.getvalue(), err.getvalue()) == ("A fox\n", "")
    screen.complain("it broke")
    assert err.getvalue() == "foxstream: it broke\n"


def test_the_demo_sums_up_for_everybody():
    err = StringIO()
    screen = Screen(StringIO(), err)
    ended(screen, TextDisplay(screen, always=True), text="A fox")
    assert err.getvalue().startswith("first token after 0.25 s")


class Full(StringIO):
    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


class Closed(StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_an_output_that_fails_is_named():
    with pytest.raises(OutputError, match="No space left on device"):
        Screen(Full(), StringIO()).say("x")
    with pytest.raises(BrokenPipeError):
        Screen(Closed(), StringIO()).say("x")


def test_closing_drops_what_nobody_reads(tmp_path):
    with (tmp_path / "out").open("w") as out:
        screen = Screen(out, StringIO())
        out.write("still buffered")
        screen.close()
    assert (tmp_path / "out").read_text() == ""
