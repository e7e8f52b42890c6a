"""`foxstream caption` in this process, against a gateway on a real socket."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest
import webvtt

from foxstream.answer import Usage
from foxstream.cli.program import run
from foxstream.gateway import Fail, Piece, ScriptedEngine, Wait
from tests.films import (
    BLUE,
    CLOCKWISE,
    GREEN,
    RED,
    film,
    image,
    noise,
    picture,
    recording,
    tone,
    turned,
)
from tests.fulldisk import full_disk
from tests.test_cli import environment, interrupt, local, serve

__all__ = ["environment", "full_disk", "interrupt", "local", "serve"]

STOP = Piece(finish_reason="stop", usage=Usage(5, 5, 10))


@pytest.fixture(autouse=True)
def clip(environment):
    frames = [picture(colour) for colour in (RED, GREEN, BLUE) for _ in range(10)]
    Path("clip.mp4").write_bytes(film(frames))


def beside(work):
    """Do what would block the gateway."""
    threading.Thread(target=work).start()


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
    head, *lines = map(json.loads, Path("clip.jsonl").read_text().splitlines())
    size = Path("clip.mp4").stat().st_size
    assert head == {"captions_of": f"clip.mp4, {size:,} bytes, in windows of 1 s"}
    assert [line["window"] for line in lines] == [0, 1, 2]


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


def test_captions_of_another_video_or_other_windows_are_refused(serve, capsys):
    serve("A fox.", STOP)
    Path("other.mp4").write_bytes(film([picture(RED)] * 40))
    Path("short.mp4").write_bytes(film([picture(RED)] * 3))
    kinds = {"--vtt": "clip.vtt", "--jsonl": "clip.jsonl", "--srt": "clip.srt"}
    arguments = ["caption", "--every", "1"]
    assert run([*arguments, "clip.mp4", *(word for pair in kinds.items() for word in pair)]) == 0
    before = [Path(name).read_bytes() for name in kinds.values()]
    for kind, name in list(kinds.items())[:2]:
        assert run([*arguments, "other.mp4", kind, name]) == 2
        assert f"{name} has captions of clip.mp4, " in (err := capsys.readouterr().err)
        assert "not of other.mp4, " in err
        assert run([*arguments, "clip.mp4", kind, name, "--every", "2"]) == 2
        assert "in windows of 1 s, not of clip.mp4, " in (err := capsys.readouterr().err)
        assert "in windows of 2 s: remove it, or name another file" in err
    for other in (["short.mp4"], ["clip.mp4", "--every", "0.7"]):
        assert run([*arguments, *other, "--srt", "clip.srt"]) == 2
        assert "clip.srt has captions that are none of this video" in capsys.readouterr().err
    assert [Path(name).read_bytes() for name in kinds.values()] == before


def test_what_subrip_cannot_tell_is_told(serve, capsys):
    serve("A fox.", STOP)
    arguments = ["caption", "clip.mp4", "--every", "1", "--srt", "clip.srt"]
    assert run(arguments) == 0
    assert run(arguments) == 0
    err = capsys.readouterr().err
    assert "clip.srt cannot say of which video it is: its 3 captions fit this one" in err
    assert "0 of 3 windows captioned, 3 had captions before" in err


def test_captions_keep_their_width_and_that_is_told(serve, capsys):
    serve("A fox runs over the snow and on.", STOP)
    arguments = ["caption", "clip.mp4", "--every", "3", "--vtt", "clip.vtt"]
    assert run(arguments) == 0
    before = Path("clip.vtt").read_bytes()
    assert run([*arguments, "--columns", "12"]) == 0
    assert "that are there stay as they are, up to 32 columns wide." in capsys.readouterr().err
    assert Path("clip.vtt").read_bytes() == before


def test_one_file_is_completed_from_another_without_asking(serve, capsys):
    engine = ScriptedEngine(["A fox.", STOP])
    serve(engine)
    arguments = ["caption", "clip.mp4", "--every", "1", "--jsonl", "clip.jsonl"]
    assert run(arguments) == 0
    assert run([*arguments, "--vtt", "clip.vtt", "--srt", "clip.srt"]) == 0
    assert cues() == ["A fox."] * 3
    assert len(webvtt.from_srt("clip.srt")) == 3
    assert len(engine.seen) == 3


def test_a_full_disk_loses_nothing_and_the_other_files_go_on(serve, capsys, full_disk):
    serve("A fox runs over the snow.", STOP)
    arguments = ["caption", "clip.mp4", "--every", "1", "--jsonl", "clip.jsonl"]
    with full_disk(220):  # JSON lines take more
        assert run([*arguments, "--srt", "clip.srt"]) == 1
    err = capsys.readouterr().err
    assert "clip.jsonl cannot be written: File too large; what it has stays, and the other" in err
    assert err.count("cannot be written") == 1
    assert "3 of 3 windows captioned, 0 failed." in err
    assert len(webvtt.from_srt("clip.srt")) == 3
    assert len(Path("clip.jsonl").read_text().splitlines()) == 2
    assert run([*arguments, "--srt", "clip.srt"]) == 0
    assert len(Path("clip.jsonl").read_text().splitlines()) == 4


def test_where_no_file_can_be_written_any_more_it_ends(serve, capsys, full_disk):
    engine = ScriptedEngine(["A fox runs over the snow.", STOP])
    serve(engine)
    arguments = ["caption", "clip.mp4", "--every", "1", "--vtt", "clip.vtt", "--at-once", "1"]
    with full_disk(160):
        assert run(arguments) == 1
    assert "foxstream: clip.vtt cannot be written: File too large" in capsys.readouterr().err
    assert cues() == ["A fox runs over the snow."]
    assert run(arguments) == 0
    assert cues() == ["A fox runs over the snow."] * 3


def test_a_video_that_vanishes_is_captioned_to_its_end(serve):
    def script(generation):
        beside(lambda: Path("clip.mp4").unlink(missing_ok=True))
        return [Wait(0.05), "A fox.", STOP]

    serve(ScriptedEngine(script))
    arguments = ["caption", "clip.mp4", "--every", "0.3", "--vtt", "clip.vtt", "--at-once", "1"]
    assert run(arguments) == 0
    assert len(cues()) == 10


def test_a_video_that_is_cut_off_meanwhile_is_told_and_what_was_captioned_stays(serve, capsys):
    Path("clip.mkv").write_bytes(film([noise(n) for n in range(80)], container="matroska"))
    size = Path("clip.mkv").stat().st_size

    def script(generation):
        beside(lambda: os.truncate("clip.mkv", size // 2))
        return [Wait(0.05), "A fox.", STOP]

    serve(ScriptedEngine(script))
    assert run(["caption", "clip.mkv", "--every", "1", "--vtt", "clip.vtt", "--at-once", "1"]) == 2
    assert "clip.mkv cannot be read: it has become shorter" in capsys.readouterr().err
    assert 2 <= len(cues()) < 8


STRANGE = {
    "on its side": lambda: turned(film([picture(RED, 64, 36)] * 20), CLOCKWISE),
    "variable": lambda: film([picture(c) for c in (RED, BLUE, GREEN)], starts=[0, 0.3, 1.2]),
    "8K": lambda: film([picture(RED, 7680, 4320)] * 2, fps=1, options={"preset": "ultrafast"}),
    "one picture": lambda: film([picture(RED)]),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_video_is_captioned(serve, kind):
    serve("A fox.", STOP)
    Path("strange.mp4").write_bytes(STRANGE[kind]())
    assert run(["caption", "strange.mp4", "--every", "1", "--vtt", "clip.vtt"]) == 0
    assert set(cues()) == {"A fox."}


WRONG = {
    "text": (lambda: b"dear diary " * 99, "video is no media file: allowed are mp4, mov"),
    "nothing": (lambda: b"", "video wrong.mp4 is empty"),
    "cut off": (lambda: film([picture(RED)] * 9)[:-200], "video is cut off: its mp4 ends at byte"),
    "a picture": (lambda: image(picture(RED), "png"), "video is of type png: allowed are mp4"),
    "sound": (lambda: recording(tone(1.0)), "video is of type wav: allowed are mp4"),
    "sound alone": (lambda: recording(tone(1.0), "aac", "mp4"), "video has no video track"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_video_is_told_before_anything_is_written(capsys, kind):
    make, told = WRONG[kind]
    Path("wrong.mp4").write_bytes(make())
    assert run(["caption", "wrong.mp4", "--vtt", "clip.vtt", "--local"]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert not Path("clip.vtt").exists()


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
        (["clip.mp4", "--vtt", "/dev/full"], "/dev/full is no regular file"),
        (["clip.mp4", "--vtt", "/proc/clip.vtt"], "/proc/clip.vtt cannot be written"),
        (["clip.mp4", "--vtt", "."], "cannot be read: Is a directory"),
        (["clip.mp4", "--vtt", "clip.x", "--srt", "./clip.x"], "cannot go into one file"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(capsys, arguments, told):
    before = Path("clip.mp4").read_bytes()
    assert run(["caption", *arguments, "--local"]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert Path("clip.mp4").read_bytes() == before
