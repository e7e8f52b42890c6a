"""The local engine tells what it measured, word by word, and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import aclosing

import anyio
import pytest

from foxstream.answer import Usage
from foxstream.errors import MissingExtraError
from foxstream.gateway.engine import Engine, EngineError, Generation, Media, Piece
from foxstream.gateway.local import LocalEngine
from foxstream.gateway.notes import note
from foxstream.gateway.sentences import account
from foxstream.video import (
    AudioTrack,
    Colour,
    Header,
    Limits,
    Measurement,
    Picture,
    Shot,
    Sound,
    VideoTrack,
    make_clip,
)
from tests import films
from tests.films import BLUE, RED, film, picture, tone

pytestmark = pytest.mark.anyio

FILM = film([picture(RED)] * 12 + [picture(BLUE)] * 8, sound=tone(2.0))


class Shelf:
    """Media by name; remembers what was read."""

    def __init__(self, media: Mapping[str, bytes]) -> None:
        self._media = media
        self.read_urls: list[str] = []

    async def read(self, url: str) -> bytes:
        self.read_urls.append(url)
        if url not in self._media:
            raise EngineError(f"nothing at {url}", code="invalid_media_url")
        return self._media[url]


def asked(prompt: str = "What is happening?", **fields: object) -> Generation:
    return Generation(model="local", prompt=prompt, **fields)  # type: ignore[arg-type]


async def told(generation: Generation, media: Mapping[str, bytes], **settings: object):
    engine = LocalEngine(delay=0.0, **settings)  # type: ignore[arg-type]
    return [piece async for piece in engine.run(generation, Shelf(media))]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def without_levels(text: str) -> str:
    """Levels hang on the codec's version by a tenth of a dB."""
    return re.sub(r"-\d+\.\d dB", "* dB", text)


def reasoning_of(pieces: list[Piece]) -> str:
    return "".join(piece.reasoning for piece in pieces)


def test_it_is_an_engine_over_media():
    engine: Engine = LocalEngine()
    media: Media = Shelf({})
    assert engine.run(asked(), media)


async def test_a_video_is_measured_first_and_told_about_then():
    pieces = await told(asked(videos=("a",)), {"a": FILM})
    assert without_levels(reasoning_of(pieces)) == (
        f"Container: mp4, {len(FILM):,} bytes; 2.000 s; pictures h264 64x36, 10 fps, 2.000 s;"
        " sound aac, 1 ch, 48000 Hz, 2.000 s.\n"
        "Shot from 0.00 to 1.20 s: brightness 25%, red 100%, movement 0%.\n"
        "Shot from 1.20 to 2.00 s: brightness 21%, blue 100%, movement 0%.\n"
        "Frames decoded: 20 in 2.00 s: brightness 24%, red 60%, blue 40%, movement 0%.\n"
        "Sound decoded: 2.01 s, peak * dB, mean * dB.\n"
    )
    assert without_levels(text_of(pieces)) == (
        "I am foxstream's local engine. I measure media and am no language model, so I can tell"
        " what a file is made of, but not what it shows or means.\n\n"
        f"The video is an mp4 file of {len(FILM) / 1000:.3g} kB, 2.0 seconds long,"
        " 64\u00d736 pixels in h264 at 10 frames per second."
        " I found a cut, at 1.2 seconds, so it has 2 shots."
        " The first shot is mainly red and the second blue."
        " The picture is dark (24%), and its main colours are red (60%) and blue (40%)."
        " There is almost no movement: on average 0% of the picture changes visibly"
        " within a fifth of a second."
        " It has sound (aac, mono, 48 kHz), which at its loudest reaches * dB of full scale."
    )


async def test_reasoning_comes_before_the_answer_in_pieces_of_a_word():
    pieces = await told(asked(videos=("a",)), {"a": FILM})
    kinds = "".join("r" if piece.reasoning else "t" if piece.text else "e" for piece in pieces)
    assert re.fullmatch("r+t+e", kinds)
    assert all(len((piece.reasoning or piece.text).split()) == 1 for piece in pieces[:-1])
    assert (pieces[0].reasoning, pieces[-2].text) == ("Container: ", "scale.")


async def test_no_reasoning_where_none_is_wanted():
    pieces = await told(asked(videos=("a",), reasoning=False), {"a": FILM})
    assert reasoning_of(pieces) == ""
    assert "The video is an mp4 file" in text_of(pieces)
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.details == {"completion_tokens_details.reasoning_tokens": 0}


async def test_the_usage_counts_pieces():
    pieces = await told(asked(videos=("a",), system_prompt="Be brief."), {"a": FILM})
    reasoned = sum(bool(piece.reasoning) for piece in pieces)
    said = len(pieces) - 1
    assert pieces[-1] == Piece(
        finish_reason="stop",
        usage=Usage(
            prompt_tokens=5,
            completion_tokens=said,
            total_tokens=said + 5,
            details={"completion_tokens_details.reasoning_tokens": reasoned},
        ),
    )


@pytest.mark.parametrize("limit", [1, 5, 60])
async def test_max_tokens_cuts_off(limit: int):
    whole = await told(asked(videos=("a",)), {"a": FILM})
    pieces = await told(asked(videos=("a",), max_tokens=limit), {"a": FILM})
    assert pieces[:-1] == whole[:limit]
    assert pieces[-1].finish_reason == "length"
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.completion_tokens == limit


async def test_max_tokens_that_are_just_enough():
    whole = await told(asked(), {})
    assert await told(asked(max_tokens=len(whole) - 1), {}) == whole


async def test_without_media_it_says_so():
    pieces = await told(asked(), {})
    assert reasoning_of(pieces) == ""
    assert text_of(pieces).endswith("so there is nothing for me to measure.")


async def test_other_files_are_mentioned_and_not_opened():
    shelf = Shelf({})
    pieces = [piece async for piece in LocalEngine(delay=0).run(asked(files=("f",)), shelf)]
    assert text_of(pieces).endswith("Other files I do not open.")
    assert shelf.read_urls == []


async def test_several_media_are_told_about_in_turn():
    media = {
        "a": FILM,
        "b": film([picture(BLUE)] * 5, codec="libvpx-vp9", container="webm"),
        "c": films.image(picture(RED), "png"),
        "d": films.recording(tone(1.0)),
    }
    generation = asked(audios=("d",), images=("c",), videos=("a", "b"))
    _, *paragraphs = text_of(await told(generation, media)).split("\n\n")
    assert [paragraph.split(" is ")[0] for paragraph in paragraphs] == [
        "Video 1",
        "Video 2",
        "The image",
        "The sound",
    ]
    assert paragraphs[1].endswith("It has no sound track.")
    assert paragraphs[2] == (
        f"The image is a png file of {len(media['c'])} bytes, 64\u00d736 pixels in png."
        " The picture is of medium brightness (26%), and its main colour is red (100%)."
    )
    assert paragraphs[3] == (
        "The sound is a wav file of 96.1 kB, 1.0 seconds long."
        " At its loudest, the sound (pcm_s16le, mono, 48 kHz) reaches -12.2 dB of full scale."
    )


async def test_the_same_bytes_give_the_same_words():
    clip = await make_clip()
    generation = asked(videos=("a",))
    assert await told(generation, {"a": clip}) == await told(generation, {"a": clip})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"videos": ("a",)}, "The video cannot be measured: video is no media file: allowed are"),
        ({"images": ("x", "a")}, "Image 2 cannot be measured: image is no media file"),
        ({"audios": ("a",)}, "The sound cannot be measured: audio is no media file"),
    ],
)
async def test_what_cannot_be_opened_fails_the_task(fields: dict[str, object], message: str):
    media = {"a": b"Once upon a time", "x": films.image(picture(RED), "png")}
    with pytest.raises(EngineError, match=message) as failed:
        await told(asked(**fields), media)
    assert failed.value.code == "invalid_file_type"


async def test_limits_are_those_it_was_given():
    with pytest.raises(EngineError, match="at most 5 are opened"):
        await told(asked(videos=("a",)), {"a": FILM}, limits=Limits(frames=5))


async def test_what_cannot_be_read_keeps_its_own_code():
    with pytest.raises(EngineError, match="nothing at a") as failed:
        await told(asked(videos=("a",)), {})
    assert failed.value.code == "invalid_media_url"


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r'pip install "foxstream\[video\]"'):
        LocalEngine()


async def test_words_come_with_the_delay_between_them():
    began = anyio.current_time()
    engine = LocalEngine(delay=0.01)
    pieces = [piece async for piece in engine.run(asked(max_tokens=10), Shelf({}))]
    assert len(pieces) == 11
    assert anyio.current_time() - began >= 0.1


async def test_a_listener_may_leave_at_any_word():
    shelf = Shelf({"a": FILM, "b": FILM})
    generation = asked(videos=("a", "b"))
    async with aclosing(LocalEngine(delay=0).run(generation, shelf)) as pieces:
        assert (await anext(pieces)).reasoning
    assert shelf.read_urls == ["a"]


SEEN = Picture(seconds=4.0, frames=100, brightness=0.5, motion=0.5)
SHOT = Shot(start=0.0, end=4.0, brightness=0.5)


def described(
    picture: Picture | None = SEEN,
    sound: Sound | None = None,
    shots: tuple[Shot, ...] = (SHOT,),
    **header: object,
) -> str:
    fields = {"kind": "video", "container": "webm", "size": 2_000_000, **header}
    measurement = Measurement(Header(**fields), shots, picture, sound)  # type: ignore[arg-type]
    return " ".join(account(measurement, "It"))


def test_nothing_is_said_of_what_was_not_measured():
    assert described(Picture(seconds=4.0, frames=100, brightness=0.9)) == (
        "It is a webm file of 2 MB, 4.0 seconds long. I found no cut in it: it is a single shot."
        " The picture is very bright (90%). It has no sound track."
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "There is much movement: on average 50% of the picture"),
        ({"picture": Picture(4.0, 12, 0.5)}, "too few frames a second to tell cuts from movement"),
        ({"picture": Picture(4.0, 99, 0.05)}, "The picture is very dark (5%)."),
        ({"picture": Picture(4.0, 99, 0.7)}, "The picture is bright (70%)."),
        ({"picture": Picture(4.0, 99, 0.5, motion=0.2)}, "There is some movement"),
        ({"picture": Picture(4.0, 99, 0.5, motion=0.05)}, "There is little movement"),
        ({"picture": Picture(4.0, 99, 0.5, damaged=3)}, "The decoder reported 3 damaged packets"),
        (
            {"seconds": 9.0},
            "Its container claims 9.0 seconds, but the pictures in it last 4.0.",
        ),
        ({"video": VideoTrack("vp9", 640, 360, fps=1.0)}, "in vp9 at 1 frame per second."),
        ({"video": VideoTrack("vp9", 640, 360, fps=29.97003)}, "at 29.97 frames per second."),
        ({"size": 999}, "file of 999 bytes"),
        ({"size": 999_999}, "file of 1 MB"),
        (
            {"audio": AudioTrack("opus", 2, 48_000), "sound": Sound(4.0, None, None)},
            "Its sound track (opus, stereo, 48 kHz) is silent throughout.",
        ),
        (
            {"audio": AudioTrack("opus", 6, 44_100), "sound": Sound(4.0, -1.25, -20.0)},
            "It has sound (opus, 6 channels, 44.1 kHz), which at its loudest reaches -1.2 dB",
        ),
        (
            {"audio": AudioTrack("unknown"), "sound": Sound(0.0, None, None)},
            "It has a sound track (unknown), but none of it could be decoded.",
        ),
    ],
)
def test_sentences(fields: dict[str, object], said: str):
    assert said in described(**fields)  # type: ignore[arg-type]


def test_only_the_first_shots_are_described():
    shots = tuple(
        Shot(start=float(at), end=at + 1.0, brightness=0.5, colours=(Colour("red", 1.0),))
        for at in range(20)
    )
    text = described(shots=shots)
    assert "I found 19 cuts, at 1.0, 2.0, " in text
    assert "the seventh red and the eighth red." in text
    assert "ninth" not in text


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (
            Header("video", "mpeg", 1000, video=VideoTrack("mpeg2video", 36, 64, -90, 25.0)),
            "mpeg, 1,000 bytes; pictures mpeg2video 36x64, 25 fps, turned by -90 degrees; no sound",
        ),
        (Header("image", "png", 70, video=VideoTrack("png", 8, 8)), "png, 70 bytes; pictures png"),
        (Picture(0.0, 1, 0.5), "Frames decoded: 1: brightness 50%."),
        (Picture(1.0, 1200, 0.5, damaged=7), "Frames decoded: 1,200 in 1.00 s, 7 damaged: bright"),
        (Sound(1.0, None, None), "1.00 s, peak digital silence, mean digital silence."),
    ],
)
def test_notes(fact: Header | Picture | Sound, line: str):
    assert line in note(fact)


async def test_big_buck_bunny():
    data = films.real_video("bigbuckbunny.mp4").read_bytes()
    answer = text_of(await told(asked(videos=("a",)), {"a": data}))
    assert "5.3 seconds long, 1280\u00d7720 pixels in h264 at 25 frames per second." in answer
    assert "It has sound (aac, 6 channels, 48 kHz)" in answer
    assert "I found no cut in it" in answer


async def test_bikes():
    data = films.real_video("bikes.mp4").read_bytes()
    answer = text_of(await told(asked(videos=("a",)), {"a": data}))
    assert "5 cuts, at 1.2, 3.0, 5.5, 7.5 and 9.7 seconds, so it has 6 shots." in answer
    assert answer.endswith("It has no sound track.")


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (80, "Red and blue, dark, almost no movement, with sound."),
        (40, "Red and blue, dark, almost no movement."),
        (18, "Red and blue."),
        (1, "Red and blue."),
    ],
)
async def test_few_words_are_told_where_the_prompt_allows_no_more(room, said):
    prompt = f"Write a caption. Use at most {room} characters."
    pieces = await told(asked(prompt, videos=("a",)), {"a": FILM})
    assert text_of(pieces) == said
    assert len(said) <= room or said == "Red and blue."


async def test_without_media_a_bound_changes_nothing():
    assert "nothing for me to measure" in text_of(await told(asked("at most 9 characters"), {}))
