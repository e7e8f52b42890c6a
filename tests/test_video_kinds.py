"""What is measured of images and sounds is what was put into them."""

from __future__ import annotations

import math

import pytest

from foxstream.errors import InvalidInputError
from foxstream.video import (
    Colour,
    Fact,
    Header,
    Kind,
    Picture,
    Sound,
    examine,
)
from tests import films
from tests.films import BLUE, RED, film, picture, tone

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Decoding does not know the loop; `test_video.py` runs on all of them."""
    return "asyncio"


async def examined(data: bytes, kind: Kind) -> list[Fact]:
    return [fact async for fact in examine(data, kind)]


def names(colours: tuple[Colour, ...]) -> list[str]:
    return [colour.name for colour in colours]


async def test_levels_are_those_of_the_samples():
    (_, sound) = await examined(films.recording(tone(1.0, loud=16384)), "audio")
    assert isinstance(sound, Sound)
    assert sound.peak == pytest.approx(20 * math.log10(0.5), abs=0.01)
    assert sound.rms == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.05)
    assert not sound.silent


async def test_a_whisper_below_a_thousandth_counts_as_silent():
    (_, sound) = await examined(films.recording(tone(0.2, loud=30)), "audio")
    assert isinstance(sound, Sound)
    assert sound.peak is not None
    assert sound.silent


@pytest.mark.parametrize(
    ("codec", "container", "pixels", "named"),
    [
        ("png", "image2pipe", "rgb24", "png"),
        ("png", "image2pipe", "rgba", "png"),
        ("mjpeg", "image2pipe", "yuvj420p", "jpeg"),
        ("libwebp", "webp", "yuv420p", "webp"),
    ],
)
async def test_an_image_has_size_and_colours_but_no_time(
    codec: str, container: str, pixels: str, named: str
):
    data = films.image(picture(RED), codec, container, pixels)
    header, seen = await examined(data, "image")
    assert isinstance(header, Header)
    assert isinstance(seen, Picture)
    assert (header.kind, header.container, header.seconds) == ("image", named, None)
    assert header.video is not None
    assert (header.video.width, header.video.height) == (64, 36)
    assert (header.video.fps, header.video.seconds) == (None, None)
    assert (seen.frames, seen.seconds, seen.motion) == (1, 0.0, None)
    assert names(seen.colours) == ["red"]


async def test_an_animated_image_has_time_but_no_shots():
    data = film(
        [picture(RED)] * 3 + [picture(BLUE)] * 3, codec="gif", container="gif", pixels="rgb8"
    )
    header, seen = await examined(data, "image")
    assert isinstance(header, Header)
    assert isinstance(seen, Picture)
    assert header.seconds == pytest.approx(0.6)
    assert (seen.frames, seen.seconds) == (6, pytest.approx(0.6))


@pytest.mark.parametrize(
    ("codec", "container", "named"),
    [
        ("pcm_s16le", "wav", ("wav", "pcm_s16le")),
        ("pcm_u8", "wav", ("wav", "pcm_u8")),
        ("pcm_s16be", "aiff", ("aiff", "pcm_s16be")),
        ("libmp3lame", "mp3", ("mp3", "mp3")),
        ("aac", "adts", ("aac", "aac")),
        ("aac", "ipod", ("m4a", "aac")),
        ("libopus", "ogg", ("ogg", "opus")),
        ("libopus", "webm", ("webm", "opus")),
        ("flac", "flac", ("flac", "flac")),
    ],
)
async def test_every_kind_of_sound(codec: str, container: str, named: tuple[str, str]):
    header, sound = await examined(films.recording(tone(1.0), codec, container), "audio")
    assert isinstance(header, Header)
    assert isinstance(sound, Sound)
    assert header.audio is not None
    assert (header.container, header.audio.codec) == named
    assert (header.audio.channels, header.audio.sample_rate) == (1, 48_000)
    assert header.video is None
    assert sound.seconds == pytest.approx(1.0, abs=0.05)
    assert sound.peak == pytest.approx(-12.2, abs=1.0)


async def test_mp3_frames_without_a_tag():
    data = films.recording(tone(1.0), "libmp3lame", "mp3")
    bare = data[data.index(b"\xff\xfb") :]
    header, _ = await examined(bare, "audio")
    assert isinstance(header, Header)
    assert header.container == "mp3"


async def test_a_sound_file_without_sound():
    data = films.recording(tone(0.1))
    empty = data[: data.index(b"data") + 4] + bytes(4)
    empty = empty[:4] + (len(empty) - 8).to_bytes(4, "little") + empty[8:]
    with pytest.raises(InvalidInputError, match="no sound that could be decoded"):
        await examined(empty, "audio")
