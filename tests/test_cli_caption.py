"""`foxstream caption` in this process, against a gateway on a real socket."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import webvtt

from foxstream.answer import Usage
from foxstream.cli.program import run
from foxstream.gateway import Fail, Piece, ScriptedEngine, Wait
from tests.films import BLUE, GREEN, RED, film, picture
from tests.test_cli import environment, interrupt, local, serve

__all__ = ["environment", "interrupt", "local", "serve"]

STOP = Piece(finish_reason="stop", usage=Usage(5, 5, 10))


@pytest.fixture(autouse=True)
def clip(environment):
    frames = [picture(colour) for colour in (RED, GREEN, BLUE) for _ in range(10)]
    Path("clip.mp4").write_bytes(film(frames))


def cues(path="clip.vtt"):
    return [each.text for each in webvtt.read(path)]


def test_captions_go_into_the_files_that_are_named(serve, capsys):
    serve("A fox ", "runs.", STOP)
    arguments = ["caption", "clip.mp4", "--every", "1s", "--vtt", "clip.vtt", "--srt", "clip.srt"]
    assert run([*arguments, "--jsonl", "clip.jsonl"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "3 of 3 windows captioned, 0 failed." in err
    assert "30 tokens; shrinking took the video from about" in err
    assert cues() == ["A fox runs."] * 3
    first = "1\n00:00:00,000 --> 00:00:01,000\nA fox runs.\n"
    assert Path("clip.srt").read_text().startswith(first)
    windows = [json.loads(line)["window"] for line in Path("clip.jsonl").read_text().splitlines()]
    assert windows == [0, 1, 2]


def test_without_a_file_they_go_to_standard_output(serve, capsys):
    serve("A fox runs over the snow and looks at the trees behind the frozen lake.", STOP)
    assert run(["caption", "clip.mp4", "--every", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(" 0:00.0  A fox runs over the snow")
    assert " ".join(out.split()[1:]).startswith("A fox runs over the snow and looks")
    assert "faster than 20 characters a second" in err


def test_a_second_run_completes_the_first(serve, capsys, interrupt):
    def script(generation):
        last = "It is second 2 " in generation.prompt
        return ["Late.", Wait(60.0 if last else 0.0), STOP]

    engine = ScriptedEngine(script)
    serve(engine)
    arguments = ["caption", "clip.mp4", "--every", "1", "--vtt", "clip.vtt", "--at-once", "1"]
    interrupt(lambda: len(engine.seen) == 3, signal.SIGINT)
    assert run(arguments) == 130
    assert cues() == ["Late."] * 2
    again = ScriptedEngine(["Done.", STOP])
    serve(again)
    assert run(arguments) == 0
    assert cues() == ["Late.", "Late.", "Done."]
    assert len(again.seen) == 1
    assert "1 of 3 windows captioned, 2 had captions before, 0 failed." in capsys.readouterr().err


def test_a_window_that_stays_without_captions_is_told(serve, capsys):
    serve(Fail("the model fell over"))
    assert run(["caption", "clip.mp4", "--every", "3", "--vtt", "clip.vtt"]) == 1
    err = capsys.readouterr().err
    assert "0:00.0 to 0:03.0 is asked about again: " in err
    assert "0:00.0 to 0:03.0 stays without captions: " in err
    assert "0 of 1 windows captioned, 2 asked about again, 1 failed." in err
    assert "NOTE no captions from 00:00:00.000 to 00:00:03.000: " in Path("clip.vtt").read_text()


def test_the_local_engine_needs_no_key(local, capsys):
    assert run(["caption", "clip.mp4", "--every", "1s", "--vtt", "clip.vtt", "--local"]) == 0
    said = " ".join(cues()).lower()
    assert all(colour in said for colour in ("red", "green", "blue"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.mp4"], "nowhere.mp4 cannot be opened"),
        (["clip.mp4", "--every", "soon"], "no time in seconds"),
        (["clip.mp4", "--every", "0"], "every is 0"),
        (["clip.mp4", "--columns", "3"], "columns is 3"),
        (["clip.mp4", "--at-once", "0"], "at_once is 0"),
        (["clip.mp4", "--vtt", "nowhere/clip.vtt"], "cannot be written"),
        (["clip.mp4", "--vtt", "clip.mp4"], "is no WebVTT"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(capsys, arguments, told):
    before = Path("clip.mp4").read_bytes()
    assert run(["caption", *arguments, "--local"]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert Path("clip.mp4").read_bytes() == before
