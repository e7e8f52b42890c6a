"""A video cut into windows: true to the source, whole, and in little memory."""

from __future__ import annotations

import io
import os

import anyio
import av
import pytest

from foxstream.errors import InvalidInputError
from foxstream.video import Video, Window
from foxstream.video.timeline import Timeline
from tests.films import (
    BLUE,
    CLOCKWISE,
    GREEN,
    RED,
    WHITE,
    decoded,
    film,
    noise,
    picture,
    pixel,
    real_video,
    recording,
    tone,
    turned,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Decoding does not know the loop; one test below runs on all of them."""
    return "asyncio"


async def cut(source, every: float = 1.0, **options) -> list[Window]:
    return [window async for window in Video(source).windows(every, **options)]


def spans(windows: list[Window]) -> list[tuple[float, float]]:
    return [(window.start, window.end) for window in windows]


def colour(window: Window, number: int = 0) -> str:
    frame = decoded(window.data)[number]
    red, green, blue = pixel(frame, frame.width // 2, frame.height // 2)
    return max((red, "red"), (green, "green"), (blue, "blue"))[1]


def sound_seconds(window: Window) -> float:
    with av.open(io.BytesIO(window.data)) as media:
        return sum(frame.samples / frame.sample_rate for frame in media.decode(audio=0))


def scenes(*colours, each: int = 10, **options) -> bytes:
    return film([picture(drawn) for drawn in colours for _ in range(each)], **options)


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_windows_follow_each_other_and_show_what_was_on_the_screen(anyio_backend):
    windows = await cut(scenes(RED, GREEN, BLUE))
    assert spans(windows) == [(0, 1), (1, 2), (2, 3)]
    assert [window.number for window in windows] == [0, 1, 2]
    assert [colour(window) for window in windows] == ["red", "green", "blue"]
    assert all(len(decoded(window.data)) == window.frames == 1 for window in windows)


async def test_more_frames_keep_their_own_times():
    windows = await cut(scenes(RED, GREEN, each=20), 2.0, fps=5)
    assert [[round(frame.time, 2) for frame in decoded(window.data)] for window in windows] == [
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8]
    ] * 2


async def test_a_sliver_is_joined_to_the_window_before():
    windows = await cut(scenes(RED, GREEN, BLUE, each=8))
    assert spans(windows) == [(0, 1), (1, 2.4)]
    assert colour(windows[1], -1) == "blue"
    assert spans(await cut(scenes(RED, each=26))) == [(0, 1), (1, 2), (2, 2.6)]


async def test_a_film_shorter_than_a_window_is_one():
    assert spans(await cut(scenes(RED, each=3), 4.0)) == [(0, 0.3)]
    [single] = await cut(film([picture(RED)]), 4.0)
    assert decoded(single.data)


async def test_times_count_from_the_first_picture():
    starts = [0.54 + number / 10 for number in range(20)]
    late = film([picture(RED)] * 10 + [picture(GREEN)] * 10, starts=starts, container="matroska")
    windows = await cut(late)
    assert [window.start for window in windows] == [0, 1]
    assert abs(windows[-1].end - 2.0) <= 0.04
    assert [colour(window) for window in windows] == ["red", "green"]


async def test_one_keyframe_is_enough_for_every_window():
    options = {"g": "1000", "sc_threshold": "0"}
    windows = await cut(scenes(RED, GREEN, BLUE, options=options))
    assert [colour(window) for window in windows] == ["red", "green", "blue"]


async def test_a_variable_frame_rate_keeps_to_the_clock():
    starts = [0, 0.1, 0.2, 1.0, 1.05, 1.9, 2.0, 2.6]
    colours = [RED, RED, RED, GREEN, GREEN, GREEN, BLUE, BLUE]
    windows = await cut(film([picture(each) for each in colours], starts=starts))
    assert [window.start for window in windows] == [0, 1, 2]
    assert [colour(window) for window in windows] == ["red", "green", "blue"]


async def test_a_picture_that_stands_opens_the_windows_after_it():
    slides = film([picture(RED), picture(GREEN), picture(BLUE)], starts=[0, 3.5, 4.0])
    windows = await cut(slides)
    assert [window.start for window in windows][:4] == [0, 1, 2, 3]
    assert [colour(window) for window in windows][:4] == ["red"] * 4
    assert colour(windows[3], -1) == "blue"


async def test_the_end_is_that_of_the_pictures_not_of_the_container():
    longer = scenes(RED, GREEN, sound=tone(4.0))
    windows = await cut(longer)
    assert spans(windows) == [(0, 1), (1, 2)]


async def test_each_window_has_its_own_sound():
    windows = await cut(scenes(RED, GREEN, BLUE, sound=tone(3.0)))
    assert all(abs(sound_seconds(window) - 1.0) < 0.1 for window in windows)
    async with Video(scenes(RED, GREEN, BLUE, sound=tone(3.0))).cutter(1.0) as cutter:
        assert abs(sound_seconds(await cutter.cut(2)) - 1.0) < 0.1
    silent = await cut(scenes(RED, GREEN, sound=tone(2.0)), audio=False)
    with av.open(io.BytesIO(silent[0].data)) as media:
        assert not media.streams.audio


async def test_a_phone_video_stands_upright():
    lying = film([picture(RED, 64, 36)] * 20)
    [window, *_] = await cut(turned(lying, CLOCKWISE))
    frame = decoded(window.data)[0]
    assert (frame.width, frame.height) == (36, 64)


async def test_pictures_are_made_smaller():
    [window] = await cut(film([picture(WHITE, 640, 480)] * 10), height=120)
    frame = decoded(window.data)[0]
    assert (frame.width, frame.height) == (160, 120)


async def test_tokens_saved_are_told():
    windows = await cut(scenes(RED, GREEN, each=100), 10.0)
    assert sum(window.tokens_before for window in windows) > sum(
        window.tokens_after for window in windows
    )


async def test_windows_end_at_shot_changes_if_asked():
    film_of_three = scenes(RED, GREEN, BLUE, each=28)
    windows = await cut(film_of_three, 4.0, shots=True)
    assert spans(windows) == [(0, 2.8), (2.8, 5.6), (5.6, 8.4)]
    assert [colour(window) for window in windows] == ["red", "green", "blue"]


async def test_no_sound_alone_is_cut():
    with pytest.raises(InvalidInputError, match="video"):
        await cut(recording(tone(1.0)))
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as target:
        track = target.add_stream("aac", 48_000, layout="mono")
        target.mux([*track.encode(tone(1.0)), *track.encode(None)])
    with pytest.raises(InvalidInputError, match="no video track"):
        await cut(file.getvalue())


async def test_a_file_that_vanishes_is_read_to_its_end(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(scenes(RED, GREEN, BLUE))
    windows = Video(path).windows(1.0)
    await anext(windows)
    path.unlink()
    assert [window.number async for window in windows] == [1, 2]


async def test_half_a_file_is_refused_before_anything_is_cut():
    with pytest.raises(InvalidInputError, match="cut off"):
        await cut(scenes(RED, GREEN, BLUE)[:-100])


@pytest.mark.parametrize("options", [{"every": 0}, {"every": float("nan")}, {"fps": 0}])
def test_what_cannot_be_cut_is_refused_at_once(options):
    with pytest.raises(InvalidInputError):
        Video(b"x").windows(**options)


async def test_only_what_is_asked_for_is_decoded():
    windows = Video(scenes(RED, GREEN, BLUE)).windows(1.0)
    first = await anext(windows)
    await windows.aclose()
    assert first.end == 1


def striped(count: int = 100) -> list[av.VideoFrame]:
    return [picture((n * 7 % 256, n * 13 % 256, n * 29 % 256)) for n in range(count)]


def seen(window: Window) -> tuple:
    frames = [(frame.time, pixel(frame, 30, 18)) for frame in decoded(window.data)]
    return window.number, window.start, window.end, window.tokens_before, frames


CLOSE, FAR = {"g": "10", "bf": "2"}, {"g": "1000", "sc_threshold": "0"}
KINDS = {
    "mp4": {"options": CLOSE},
    "one keyframe": {"options": FAR},
    "mkv, late": {"container": "matroska", "starts": [0.54 + n / 10 for n in range(100)]},
    "avi": {"container": "avi", "codec": "mpeg4"},
    "mpeg": {"container": "mpeg", "codec": "mpeg2video", "fps": 25},
    "variable": {"starts": [n / 10 + n % 7 / 90 for n in range(100)], "options": CLOSE},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_window_that_was_sought_is_the_one_from_the_beginning(kind):
    source = film(striped(), **KINDS[kind])
    windows = await cut(source, 0.7, fps=5)
    last = windows[-1].number
    async with Video(source).cutter(0.7, fps=5) as cutter:
        for number in (last // 2, last // 2 + 1, 2, 0, 1, last, last + 1, 99, 3, last - 1, last):
            window = await cutter.cut(number)
            if number > last:
                assert window is None
            else:
                assert seen(window) == seen(windows[number])


async def test_the_second_window_is_sought_too_however_short():
    async with Video(film(striped(20))).cutter(0.2) as cutter:
        assert [(await cutter.cut(number)).number for number in (1, 9, 1)] == [1, 9, 1]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_what_is_far_is_reached_without_decoding_what_is_before(monkeypatch, anyio_backend):
    shown = []
    place = Timeline.place
    monkeypatch.setattr(
        Timeline, "place", lambda line, frame: shown.append(1) or place(line, frame)
    )
    async with Video(film(striped(600), options=CLOSE)).cutter(1.0) as cutter:
        window = await cutter.cut(50)
    assert (window.start, window.end) == (50, 51)
    assert len(shown) < 60


async def test_windows_that_end_at_shots_are_the_same_from_anywhere():
    source = scenes(RED, GREEN, BLUE, each=28)
    async with Video(source).cutter(4.0, shots=True) as cutter:
        assert [(await cutter.cut(number)).start for number in (2, 0, 1)] == [5.6, 0, 2.8]
        assert await cutter.cut(3) is None


async def test_a_picture_that_stands_opens_the_window_that_is_sought():
    slides = film([picture(RED), picture(GREEN), picture(BLUE)], starts=[0, 3.5, 6.0])
    async with Video(slides).cutter(1.0) as cutter:
        window = await cutter.cut(5)
    assert colour(window) == "green"


async def test_a_file_that_vanishes_is_sought_in_all_the_same(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(scenes(RED, GREEN, BLUE))
    async with Video(path).cutter(1.0) as cutter:
        await cutter.cut(0)
        path.unlink()
        path.write_bytes(scenes(WHITE))
        assert [colour(await cutter.cut(number)) for number in (2, 1)] == ["blue", "green"]


@pytest.mark.parametrize("number", [1, 2])
async def test_a_file_that_is_cut_off_while_it_is_read_is_told(tmp_path, number):
    path = tmp_path / "clip.mkv"
    path.write_bytes(film([noise(n) for n in range(30)], container="matroska"))
    async with Video(path).cutter(1.0) as cutter:
        await cutter.cut(0)
        os.truncate(path, path.stat().st_size // 3)
        with pytest.raises(InvalidInputError, match="cannot be read: it has become shorter"):
            await cutter.cut(number)


async def test_leaving_stops_what_is_being_cut():
    cutter = Video(film(striped(600), options=FAR)).cutter(1.0)
    with anyio.move_on_after(0.02):
        await cutter.cut(59)
    cutter.close()
    cutter.close()
    unused = Video(b"x").cutter(1.0)
    unused.close()


async def test_what_is_no_video_is_refused_by_the_cutter_too():
    async with Video(b"no video").cutter(1.0) as cutter:
        with pytest.raises(InvalidInputError, match="no media file"):
            await cutter.cut(0)


@pytest.mark.parametrize(
    ("name", "ends"),
    [("bigbuckbunny.mp4", [2, 4, 5.28]), ("cityCC0.mpg", [2, 4, 6, 7.6])],
)
async def test_real_videos(name, ends):
    windows = await cut(real_video(name), 2.0)
    assert [window.end for window in windows] == pytest.approx(ends, abs=0.04)
    assert all(decoded(window.data) for window in windows)
