"""A shrunk video is smaller, plays everywhere, and tells the truth about time."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from foxstream.errors import InvalidInputError, MissingExtraError
from foxstream.video import Measurement, Saved, Shrunk, Video, estimate_tokens, mp4
from foxstream.video.convert import SoundConverter
from foxstream.video.meter import Meter
from tests import films
from tests.films import BLUE, GREEN, RED, WHITE, decoded, film, halves, picture, pixel, tone

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Decoding does not know the loop; `test_video.py` runs on all of them."""
    return "asyncio"


# Red, green and blue scenes of a second each, large enough to be scaled.
SCENES = [picture(colour, 640, 480) for colour in (RED, GREEN, BLUE) for _ in range(25)]


@pytest.fixture(scope="module")
def scenes() -> bytes:
    return film(SCENES, fps=25, sound=tone(3.0))


def near(colour: films.Colour, wanted: films.Colour) -> bool:
    return all(abs(one - other) <= 12 for one, other in zip(colour, wanted, strict=True))


def frame_times(data: bytes) -> list[float]:
    return [frame.time for frame in decoded(data)]


def stream_seconds(data: bytes) -> float:
    """The length of the picture track as the mp4 states it."""
    with av.open(io.BytesIO(data)) as media:
        track = media.streams.video[0]
        return float(track.duration * track.time_base)


async def test_one_frame_a_second_and_360_lines(scenes: bytes):
    shrunk = await Video(scenes).shrink()
    assert (shrunk.width, shrunk.height, shrunk.frames) == (480, 360, 3)
    assert (shrunk.seconds, shrunk.codec) == (3.0, "libx264")
    frames = decoded(shrunk.data)
    assert [frame.time for frame in frames] == [0.0, 1.0, 2.0]
    assert [(frame.width, frame.height) for frame in frames] == [(480, 360)] * 3
    for frame, colour in zip(frames, (RED, GREEN, BLUE), strict=True):
        assert near(pixel(frame, 240, 180), colour)


@pytest.mark.parametrize(
    ("fps", "times"),
    [
        (2, [0.0, 0.5, 1.0]),
        (0.5, [0.0]),
        (2.5, [0.0, 0.4, 0.8, 1.2]),
        (10, [number / 10 for number in range(13)]),
        (100, [number / 10 for number in range(13)]),  # no frame is invented
    ],
)
async def test_at_most_so_many_frames_a_second(fps: float, times: list[float]):
    shrunk = await Video(film([picture(RED)] * 13)).shrink(fps=fps)
    assert frame_times(shrunk.data) == pytest.approx(times)
    assert shrunk.frames == len(times)
    assert stream_seconds(shrunk.data) == pytest.approx(1.3, abs=0.001)


async def test_times_in_milliseconds_lose_no_frame():
    data = film([picture(RED)] * 30, fps=30, codec="libvpx-vp9", container="webm")
    shrunk = await Video(data).shrink(fps=30)
    assert shrunk.frames == 30


@pytest.mark.parametrize("count", range(1, 13))
async def test_no_length_is_rounded_and_no_sliver_is_empty(count: int):
    shrunk = await Video(film([picture(RED)] * count)).shrink(fps=1)
    assert shrunk.seconds == pytest.approx(count / 10)
    assert stream_seconds(shrunk.data) == pytest.approx(count / 10, abs=0.001)
    measured = await Video(shrunk.data).measure()
    assert measured.picture is not None
    assert measured.picture.seconds == pytest.approx(count / 10, abs=0.001)


async def test_the_pictures_length_counts_not_the_containers():
    shrunk = await Video(film([picture(RED)] * 10, sound=tone(2.5))).shrink(fps=1)
    assert shrunk.seconds == 1.0
    assert stream_seconds(shrunk.data) == pytest.approx(1.0, abs=0.001)


async def test_a_video_of_one_keyframe_is_cut_anywhere():
    pictures = [picture(RED)] * 45 + [picture(BLUE)] * 15
    data = film(pictures, options={"g": "1000", "sc_threshold": "0"})
    with av.open(io.BytesIO(data)) as media:
        assert sum(packet.is_keyframe for packet in media.demux(video=0)) == 1
    frames = decoded((await Video(data).shrink(fps=1)).data)
    assert [near(pixel(frame, 30, 18), BLUE) for frame in frames] == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("size", "height", "wanted"),
    [
        ((640, 480), 120, (160, 120)),
        ((64, 36), 360, (64, 36)),  # nothing is enlarged
        ((66, 50), 25, (32, 24)),  # whole pairs of pixels
        ((638, 4), 16, (638, 4)),
    ],
)
async def test_sizes(size: tuple[int, int], height: int, wanted: tuple[int, int]):
    shrunk = await Video(film([picture(RED, *size)] * 3)).shrink(height=height)
    assert (shrunk.width, shrunk.height) == wanted
    assert {(frame.width, frame.height) for frame in decoded(shrunk.data)} == {wanted}


async def test_pixels_become_square():
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as target:
        track = target.add_stream("libx264", 10)
        track.width, track.height, track.pix_fmt = 72, 64, "yuv420p"
        track.codec_context.sample_aspect_ratio = Fraction(16, 9)
        drawn = picture(RED, 72, 64).reformat(format="yuv420p")
        target.mux([*track.encode(drawn), *track.encode(None)])
    shrunk = await Video(file.getvalue()).shrink(height=32)
    assert (shrunk.width, shrunk.height) == (64, 32)


@pytest.mark.parametrize(
    ("matrix", "size", "red_at"),
    [
        (films.CLOCKWISE, (36, 64), (30, 32)),  # the upper half comes to lie on the right
        (films.COUNTERCLOCKWISE, (36, 64), (6, 32)),
        (films.UPSIDE_DOWN, (64, 36), (32, 30)),
    ],
)
async def test_phone_videos_are_turned_upright(
    matrix: tuple[int, ...], size: tuple[int, int], red_at: tuple[int, int]
):
    data = films.turned(film([halves(RED, BLUE)] * 3), matrix)
    shrunk = await Video(data).shrink(fps=10)
    assert (shrunk.width, shrunk.height) == size
    for frame in decoded(shrunk.data):
        assert (frame.width, frame.height, frame.rotation) == (*size, 0)
        assert near(pixel(frame, *red_at), RED)


async def test_a_size_that_changes_midway_becomes_one():
    streams = [
        film([picture(RED, *size)] * 25, fps=25, codec="mpeg1video", container="mpeg1video")
        for size in ((64, 48), (320, 240))
    ]
    shrunk = await Video(b"".join(streams)).shrink(fps=25, height=48)
    assert {(frame.width, frame.height) for frame in decoded(shrunk.data)} == {(64, 48)}


async def test_sound_stays_unless_it_is_left_out(scenes: bytes):
    loud, mute = await Video(scenes).shrink(), await Video(scenes).shrink(audio=False)
    heard = (await Video(loud.data).measure()).sound
    assert heard is not None
    assert heard.seconds == pytest.approx(3.0, abs=0.1)
    assert heard.peak == pytest.approx(-12.2, abs=1.5)
    assert (await Video(mute.data).measure()).header.audio is None
    assert len(mute.data) < len(loud.data)


async def test_a_video_without_sound_gets_none():
    shrunk = await Video(film([picture(RED)] * 10)).shrink()
    assert (await Video(shrunk.data).measure()).header.audio is None


def first_sound(data: bytes) -> float:
    """When the sound begins to be loud, in seconds from the first picture."""
    with av.open(io.BytesIO(data)) as media:
        begin = next(media.decode(video=0)).time
        media.seek(0)
        for frame in media.decode(audio=0):
            meter = Meter()
            meter.add(frame)
            if (meter.sound().peak or -100) > -30:
                return frame.time - begin
    raise AssertionError("no sound")


@pytest.mark.parametrize("late", [0.0, 0.7])
@pytest.mark.parametrize(
    ("container", "codec", "sound_codec"),
    [("mp4", "libx264", "aac"), ("mpeg", "mpeg2video", "mp2")],
)
async def test_sound_and_pictures_stay_together(
    late: float, container: str, codec: str, sound_codec: str
):
    data = film(
        [picture(RED)] * 50,
        fps=25,
        container=container,
        codec=codec,
        sound_codec=sound_codec,
        sound=tone(1.0, start=late),
    )
    shrunk = await Video(data).shrink()
    assert first_sound(shrunk.data) == pytest.approx(first_sound(data), abs=0.06)


async def test_sound_from_before_the_first_picture_is_left_out():
    starts = [1.0 + number / 10 for number in range(10)]
    data = film([picture(RED)] * 10, starts=starts, container="matroska", sound=tone(2.0))
    shrunk = await Video(data).shrink()
    heard = (await Video(shrunk.data).measure()).sound
    assert heard is not None
    assert heard.seconds == pytest.approx(1.0, abs=0.15)


def test_sound_whose_kind_changes_is_still_converted():
    converter = SoundConverter("s16", "mono", 8000)
    samples = [
        sum(frame.samples for frame in converter.convert(tone(0.1, rate=rate)))
        for rate in (48_000, 16_000, 8000)
    ]
    assert samples == pytest.approx([800, 800, 800], abs=40)


def test_sound_that_runs_backwards_is_left_out():
    target = mp4.Mp4(Fraction(10))
    for start in (0.0, 0.5, 0.2, 1.0):
        target.hear(tone(0.5, start=start))
    target.show(picture(RED).reformat(format="yuv420p"), Fraction(0))
    with av.open(io.BytesIO(target.finish(Fraction(1)))) as media:
        assert sum(frame.samples for frame in media.decode(audio=0)) == pytest.approx(36_000, 0.1)


def test_a_gap_in_the_sound_stays_a_gap():
    target = mp4.Mp4(Fraction(10))
    target.show(picture(RED).reformat(format="yuv420p"), Fraction(0))
    target.hear(tone(0.5))
    target.hear(tone(0.5, start=1.5))
    with av.open(io.BytesIO(target.finish(Fraction(2)))) as media:
        times = [frame.time for frame in media.decode(audio=0)]
    assert max(times) == pytest.approx(2.0, abs=0.1)
    assert not [time for time in times if 0.6 < time < 1.4]


async def test_frames_at_the_same_instant_come_one_after_the_other():
    target = mp4.Mp4(Fraction(10))
    for _ in range(3):
        target.show(picture(RED).reformat(format="yuv420p"), Fraction(1))
    assert len(decoded(target.finish(Fraction(2)))) == 3


async def test_the_same_bytes_shrink_to_the_same_bytes(scenes: bytes):
    assert await Video(scenes).shrink() == await Video(scenes).shrink()


async def test_where_x264_is_missing_vp9_takes_its_place(
    scenes: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(av, "codecs_available", {"libvpx-vp9", "aac"})
    shrunk = await Video(scenes).shrink(height=90)
    header = (await Video(shrunk.data).measure()).header
    assert header.video is not None
    assert (shrunk.codec, header.video.codec, header.container) == ("libvpx-vp9", "vp9", "mp4")
    assert stream_seconds(shrunk.data) == pytest.approx(3.0, abs=0.001)


async def test_without_any_encoder_the_extra_is_named(
    scenes: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(av, "codecs_available", {"aac"})
    with pytest.raises(MissingExtraError, match=r'pip install "foxstream\[video\]"'):
        await Video(scenes).shrink()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"fps": 0}, "fps is 0: from 0.01 to 240.0"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"fps": 1000}, "fps is 1000"),
        ({"fps": True}, "fps is True"),
        ({"height": 15}, "height is 15: from 16 to 4320"),
        ({"height": float("inf")}, "height is inf"),
    ],
)
async def test_settings_out_of_range(settings: dict[str, float], said: str):
    with pytest.raises(InvalidInputError, match=said):
        await Video("never read.mp4").shrink(**settings)  # type: ignore[arg-type]


async def test_what_was_saved_is_counted_and_estimated(scenes: bytes):
    shrunk = await Video(scenes).shrink(audio=False)
    saved = shrunk.saved
    assert (saved.bytes_before, saved.bytes_after) == (len(scenes), len(shrunk.data))
    assert saved.tokens_before == round(3 * 2.5 * 258 + 3 * 32)
    assert saved.tokens_after == 3 * 258


def test_the_estimate_meets_the_one_documented_number():
    assert estimate_tokens(30.0, 30 * 25, sound=True) == 20_310
    assert estimate_tokens(0.04, 1, sound=False) == 258


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((1_055_736, 115_170), "1.06 MB -> 115 kB (-89%)"),
        ((3_000_000_000, 999), "3 GB -> 999 bytes (-100%)"),
        ((1000, 1500), "1 kB -> 1.5 kB (+50%)"),
    ],
)
def test_savings_in_words(sizes: tuple[int, int], said: str):
    saved = Saved(*sizes, tokens_before=2000, tokens_after=500)
    assert str(saved) == f"{said}, about 2,000 -> 500 tokens (-75%, an estimate)"


async def test_big_buck_bunny_shrinks():
    path = films.real_video("bigbuckbunny.mp4")
    shrunk: Shrunk = await Video(path).shrink(fps=1, height=360, audio=False)
    measured: Measurement = await Video(shrunk.data).measure()
    assert (shrunk.frames, shrunk.seconds) == (6, 5.28)
    assert len(shrunk.data) < 150_000
    assert frame_times(shrunk.data) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert measured.header.video is not None
    assert (measured.header.video.width, measured.header.video.height) == (640, 360)
    assert measured.header.seconds == 5.28


async def test_city_shrinks_though_its_time_begins_late():
    shrunk = await Video(films.real_video("cityCC0.mpg")).shrink(fps=1)
    assert frame_times(shrunk.data)[0] == 0.0
    assert stream_seconds(shrunk.data) == pytest.approx(shrunk.seconds, abs=0.001)


async def test_white_stays_white():
    (frame,) = decoded((await Video(film([picture(WHITE)] * 5)).shrink()).data)
    assert near(pixel(frame, 32, 18), WHITE)
