"""What is measured of videos is what was put into them."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from foxstream.video import (
    Colour,
    Header,
    Measurement,
    Picture,
    Shot,
    Sound,
    Video,
)
from foxstream.video.colours import name
from foxstream.video.shots import CutFinder, Look
from foxstream.video.timeline import Timeline
from tests import films
from tests.films import BLACK, BLUE, GREEN, GREY, RED, WHITE, film, picture, tone

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Decoding does not know the loop; `test_video.py` runs on all of them."""
    return "asyncio"


def names(colours: tuple[Colour, ...]) -> list[str]:
    return [colour.name for colour in colours]


async def test_header_of_an_mp4():
    data = film([picture(RED)] * 10, sound=tone(1.0))
    header = (await Video(data).measure()).header
    assert (header.kind, header.container, header.size) == ("video", "mp4", len(data))
    assert header.video is not None
    assert header.audio is not None
    assert (header.video.codec, header.video.width, header.video.height) == ("h264", 64, 36)
    assert (header.video.fps, header.video.seconds, header.video.rotation) == (10.0, 1.0, 0)
    assert (header.audio.codec, header.audio.channels) == ("aac", 1)
    assert header.audio.sample_rate == 48_000
    assert header.seconds == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("container", "codec", "sound_codec", "named"),
    [
        ("mp4", "libx264", "aac", ("mp4", "h264", "aac")),
        ("mov", "libx264", "aac", ("mov", "h264", "aac")),
        ("3gp", "mpeg4", "aac", ("3gp", "mpeg4", "aac")),
        ("webm", "libvpx-vp9", "libopus", ("webm", "vp9", "opus")),
        ("matroska", "libx264", "flac", ("mkv", "h264", "flac")),
        ("mpeg", "mpeg2video", "mp2", ("mpeg", "mpeg2video", "mp2")),
        ("avi", "mpeg4", "mp2", ("avi", "mpeg4", "mp2")),
    ],
)
async def test_every_container(container: str, codec: str, sound_codec: str, named: tuple):
    fps = 25  # mpeg2 knows few rates
    data = film(
        [picture(BLUE)] * 25,
        fps=fps,
        codec=codec,
        container=container,
        sound=tone(1.0),
        sound_codec=sound_codec,
    )
    measured = await Video(data).measure()
    header, seen, heard = measured.header, measured.picture, measured.sound
    assert header.video is not None
    assert header.audio is not None
    assert (header.container, header.video.codec, header.audio.codec) == named
    assert header.video.fps == 25.0
    assert seen is not None
    assert heard is not None
    assert (seen.frames, seen.seconds) == (25, pytest.approx(1.0, abs=0.002))
    assert names(seen.colours) == ["blue"]
    assert heard.peak == pytest.approx(-12.2, abs=1.0)
    assert seen.damaged == 0


async def test_a_video_stream_without_a_container_of_its_own():
    data = film([picture(GREEN)] * 25, fps=25, codec="mpeg1video", container="mpeg1video")
    measured = await Video(data).measure()
    assert measured.header.container == "mpeg"
    assert measured.picture is not None
    assert (measured.picture.frames, names(measured.picture.colours)) == (25, ["green"])


async def test_an_old_quicktime_file_begins_anyhow():
    data = film([picture(GREEN)] * 5).replace(b"ftyp", b"free", 1)
    assert (await Video(data).measure()).header.container == "mov"


def test_missing_and_backward_times_are_counted_on():
    timeline = Timeline(Fraction(1, 10))
    frame = picture(RED)
    frame.time_base = Fraction(1, 10)
    starts = []
    for pts in (None, 7, 8, 3, None, 12):
        frame.pts = pts
        starts.append(timeline.place(frame))
    assert starts == [Fraction(at, 10) for at in (0, 1, 2, 3, 4, 5)]
    assert (timeline.origin, timeline.end) == (Fraction(7, 10), Fraction(6, 10))


async def test_cuts_lie_where_scenes_change():
    scenes = [picture(RED)] * 8 + [picture(BLUE)] * 12 + [picture(GREEN)] * 10
    shots = (await Video(film(scenes)).measure()).shots
    assert [(shot.start, shot.end) for shot in shots] == [(0.0, 0.8), (0.8, 2.0), (2.0, 3.0)]
    assert [names(shot.colours) for shot in shots] == [["red"], ["blue"], ["green"]]
    assert [shot.motion for shot in shots] == [0.0, 0.0, 0.0]


async def test_a_last_scene_of_one_frame_is_a_shot():
    scenes = [picture(RED)] * 9 + [picture(BLUE)]
    shots = (await Video(film(scenes)).measure()).shots
    assert [(shot.start, shot.end) for shot in shots] == [(0.0, 0.9), (0.9, 1.0)]
    assert shots[1].motion is None


async def test_a_flash_is_no_cut():
    scenes = [picture(GREY)] * 10 + [picture(WHITE)] * 2 + [picture(GREY)] * 10
    shots = (await Video(film(scenes, fps=20)).measure()).shots
    assert len(shots) == 1


async def test_movement_is_no_cut():
    pan = [films.bar(at) for at in range(0, 48, 4)]
    measured = await Video(film(pan)).measure()
    assert len(measured.shots) == 1
    assert measured.picture is not None
    assert measured.picture.motion == pytest.approx(16 / 64, abs=0.05)


async def test_a_cut_in_the_midst_of_movement_is_found():
    pan = [films.bar(at) for at in range(0, 48, 4)]
    scenes = pan + [picture(WHITE)] * 12
    shots = (await Video(film(scenes)).measure()).shots
    assert [shot.start for shot in shots] == [0.0, 1.2]


async def test_pictures_far_apart_tell_neither_cuts_nor_movement():
    scenes = [picture(RED), picture(BLUE), picture(GREEN)]
    measured = await Video(film(scenes, fps=1)).measure()
    assert len(measured.shots) == 1
    assert measured.picture is not None
    assert (measured.picture.seconds, measured.picture.motion) == (3.0, None)
    assert sorted(names(measured.picture.colours)) == ["blue", "green", "red"]


async def test_brightness_goes_from_black_to_white():
    lights = []
    for colour in (BLACK, GREY, WHITE):
        seen = (await Video(film([picture(colour)] * 5)).measure()).picture
        assert seen is not None
        lights.append(seen.brightness)
    assert lights == [
        pytest.approx(0.0, abs=0.01),
        pytest.approx(0.5, abs=0.02),
        pytest.approx(1.0, abs=0.01),
    ]


async def test_colours_come_with_their_shares():
    data = film([films.halves(WHITE, BLUE)] * 5)
    seen = (await Video(data).measure()).picture
    assert seen is not None
    assert names(seen.colours) == ["blue", "white"]
    assert [colour.share for colour in seen.colours] == [pytest.approx(0.5, abs=0.04)] * 2


async def test_no_sound_track_and_silence_are_not_the_same():
    assert (await Video(film([picture(RED)] * 5)).measure()).sound is None
    data = film([picture(RED)] * 5, sound=tone(0.5, loud=0))
    sound = (await Video(data).measure()).sound
    assert sound is not None
    assert sound.silent
    assert sound.seconds == pytest.approx(0.5, abs=0.03)


async def test_a_sound_track_of_unknown_codec_is_there_but_not_heard():
    data = film(
        [picture(RED)] * 5, container="matroska", sound=tone(0.5), sound_codec="libopus"
    ).replace(b"A_OPUS", b"A_OPUX")
    measured = await Video(data).measure()
    assert measured.header.audio is not None
    assert measured.header.audio.codec == "unknown"
    assert measured.sound is not None
    assert measured.sound.seconds == 0
    assert measured.picture is not None
    assert measured.picture.damaged == 0


async def test_time_begins_with_the_first_frame():
    data = film([picture(RED)] * 25, fps=25, codec="mpeg2video", container="mpeg")
    with av.open(io.BytesIO(data)) as media:
        assert media.streams.video[0].start_time  # the trap is set
    measured = await Video(data).measure()
    assert [(shot.start, shot.end) for shot in measured.shots] == [(0.0, 1.0)]


async def test_the_container_may_last_longer_than_its_pictures():
    data = film([picture(RED)] * 10, sound=tone(2.5))
    measured = await Video(data).measure()
    assert measured.header.seconds == pytest.approx(2.5, abs=0.03)
    assert measured.header.video is not None
    assert measured.header.video.seconds == 1.0
    assert measured.picture is not None
    assert measured.picture.seconds == 1.0


async def test_frames_that_do_not_come_at_an_even_pace():
    data = film([picture(RED)] * 4, starts=[0, 0.1, 0.5, 0.6], container="matroska")
    seen = (await Video(data).measure()).picture
    assert seen is not None
    assert seen.frames == 4
    assert seen.seconds == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize(
    ("matrix", "rotation", "size"),
    [
        (films.CLOCKWISE, -90, (36, 64)),
        (films.COUNTERCLOCKWISE, 90, (36, 64)),
        (films.UPSIDE_DOWN, -180, (64, 36)),
    ],
)
async def test_size_is_that_of_the_upright_picture(matrix: tuple, rotation: int, size: tuple):
    data = films.turned(film([picture(RED)] * 3), matrix)
    track = (await Video(data).measure()).header.video
    assert track is not None
    assert (abs(track.rotation), (track.width, track.height)) == (abs(rotation), size)
    assert abs(rotation) == 180 or track.rotation == rotation


async def test_facts_come_in_order_and_the_header_first():
    data = film([picture(RED)] * 8 + [picture(BLUE)] * 8, sound=tone(1.6))
    facts = [fact async for fact in Video(data).facts()]
    assert [type(fact) for fact in facts] == [Header, Shot, Shot, Picture, Sound]
    assert Measurement.of(facts) == await Video(data).measure()


def test_a_measurement_begins_with_its_header():
    with pytest.raises(TypeError, match="Header"):
        Measurement.of([Sound(seconds=1.0, peak=None, rms=None)])


async def test_the_same_bytes_measure_the_same():
    data = film([films.bar(at) for at in range(0, 48, 4)], sound=tone(1.2))
    assert await Video(data).measure() == await Video(data).measure()


@pytest.mark.parametrize(
    ("rgb", "named"),
    [
        ((0, 0, 0), "black"),
        ((80, 80, 82), "dark grey"),
        ((128, 128, 128), "grey"),
        ((200, 200, 200), "light grey"),
        ((250, 250, 250), "white"),
        ((220, 20, 30), "red"),
        ((240, 20, 80), "red"),
        ((250, 140, 20), "orange"),
        ((120, 70, 30), "brown"),
        ((230, 220, 40), "yellow"),
        ((20, 70, 25), "dark green"),
        ((40, 160, 60), "green"),
        ((40, 200, 210), "cyan"),
        ((170, 210, 250), "light blue"),
        ((120, 40, 200), "purple"),
        ((230, 60, 180), "pink"),
    ],
)
def test_names_of_colours(rgb: tuple[int, int, int], named: str):
    assert name(*rgb) == named


def test_waiting_pictures_stay_few_even_if_time_stands_still():
    finder = CutFinder()
    given_back = [len(list(finder.add(Look(0.0, bytes(3))))) for _ in range(100)]
    assert sum(given_back) >= 100 - 16
    assert len(list(finder.rest())) == 100 - sum(given_back)


async def test_big_buck_bunny():
    measured = await Video(films.real_video("bigbuckbunny.mp4")).measure()
    header, seen, heard = measured.header, measured.picture, measured.sound
    assert header.video is not None
    assert header.audio is not None
    assert (header.container, header.size, header.seconds) == ("mp4", 1_055_736, 5.312)
    assert (header.video.codec, header.video.fps) == ("h264", 25.0)
    assert (header.video.width, header.video.height) == (1280, 720)
    assert header.audio.codec == "aac"
    assert seen is not None
    assert heard is not None
    assert (seen.frames, seen.seconds, seen.damaged) == (132, 5.28, 0)
    assert len(measured.shots) == 1
    assert names(seen.colours)[0] == "green"
    assert not heard.silent


async def test_bikes():
    measured = await Video(films.real_video("bikes.mp4")).measure()
    assert measured.header.audio is None
    assert measured.sound is None
    assert [shot.start for shot in measured.shots] == [0.0, 1.2, 3.04, 5.48, 7.48, 9.68]
    assert measured.shots[-1].end == 10.0


async def test_a_first_time_that_is_not_zero():
    measured = await Video(films.real_video("cityCC0.mpg")).measure()
    assert measured.shots[0].start == 0.0
    assert measured.picture is not None
    assert measured.picture.seconds == pytest.approx(7.6, abs=0.1)
