"""Small films, images and sounds to measure, made from scratch; and how others are refused."""

from __future__ import annotations

import io
import math
import os
from array import array
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from random import Random

import av
import pytest

from foxstream.errors import InvalidInputError
from foxstream.video import Kind, Limits, examine

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 40), (30, 50, 200)
BLACK, GREY, WHITE = (0, 0, 0), (128, 128, 128), (255, 255, 255)
WIDTH, HEIGHT = 64, 36

Colour = tuple[int, int, int]


def picture(colour: Colour, width: int = WIDTH, height: int = HEIGHT) -> av.VideoFrame:
    """One plain picture."""
    return painted([bytes(colour) * width] * height)


def halves(top: Colour, bottom: Colour) -> av.VideoFrame:
    """A picture whose upper half differs from its lower one."""
    upper, lower = bytes(top) * WIDTH, bytes(bottom) * WIDTH
    return painted([upper] * (HEIGHT // 2) + [lower] * (HEIGHT // 2))


def bar(at: int, width: int = 16) -> av.VideoFrame:
    """A white bar on black, `at` so many pixels from the left."""
    row = bytes(BLACK) * at + bytes(WHITE) * width
    return painted([row.ljust(3 * WIDTH, b"\0")[: 3 * WIDTH]] * HEIGHT)


def painted(rows: Sequence[bytes]) -> av.VideoFrame:
    """A picture from its rows of RGB bytes."""
    frame = av.VideoFrame(len(rows[0]) // 3, len(rows), "rgb24")
    plane = frame.planes[0]
    plane.update(b"".join(row.ljust(plane.line_size, b"\0") for row in rows))
    return frame


def noise(seed: int) -> av.VideoFrame:
    """A picture that no encoder makes small."""
    random = Random(seed)
    return painted([random.randbytes(3 * 320) for _ in range(180)])


def tone(
    seconds: float, *, loud: int = 8000, rate: int = 48_000, start: float = 0
) -> av.AudioFrame:
    """A sine tone whose peak is `loud` of 32767."""
    count = round(seconds * rate)
    wave = array("h", (round(loud * math.sin(at / 8)) for at in range(count)))
    frame = av.AudioFrame("s16", "mono", count)
    frame.planes[0].update(wave.tobytes())
    frame.sample_rate = rate
    frame.pts, frame.time_base = round(start * rate), Fraction(1, rate)
    return frame


def film(
    pictures: Iterable[av.VideoFrame],
    *,
    fps: int = 10,
    starts: Sequence[float] | None = None,
    codec: str = "libx264",
    container: str = "mp4",
    sound: av.AudioFrame | None = None,
    sound_codec: str = "aac",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> bytes:
    """A film of `pictures`, one after the other, or each at its own second in `starts`."""
    frames = list(pictures)
    file = io.BytesIO()
    with av.open(file, "w", container) as target:
        track = target.add_stream(codec, fps, options)
        track.width, track.height, track.pix_fmt = frames[0].width, frames[0].height, pixels
        track.codec_context.time_base = Fraction(1, 1000) if starts else Fraction(1, fps)
        heard = target.add_stream(sound_codec, 48_000, layout="mono") if sound else None
        packets = []
        for number, drawn in enumerate(frames):
            frame = drawn.reformat(format=pixels)
            frame.pts = round(starts[number] * 1000) if starts else number
            frame.time_base = track.codec_context.time_base
            packets += track.encode(frame)
        packets += track.encode(None)
        if heard:
            packets += [*heard.encode(sound), *heard.encode(None)]
        target.mux(sorted(packets, key=lambda packet: packet.dts * packet.time_base))
    return file.getvalue()


def image(frame: av.VideoFrame, codec: str, container: str = "image2pipe", pixels: str = "rgb24"):
    """One picture as an image file."""
    return film([frame], codec=codec, container=container, pixels=pixels)


def recording(sound: av.AudioFrame, codec: str = "pcm_s16le", container: str = "wav") -> bytes:
    """A sound as a file."""
    file = io.BytesIO()
    with av.open(file, "w", container) as target:
        track = target.add_stream(codec, sound.sample_rate, layout="mono")
        target.mux([*track.encode(sound), *track.encode(None)])
    return file.getvalue()


def decoded(data: bytes) -> list[av.VideoFrame]:
    """All pictures of a film."""
    with av.open(io.BytesIO(data)) as media:
        return list(media.decode(video=0))


def pixel(frame: av.VideoFrame, x: int, y: int) -> Colour:
    """One pixel of a picture."""
    rgb = frame.reformat(format="rgb24").planes[0]
    at = y * rgb.line_size + 3 * x
    red, green, blue = bytes(rgb)[at : at + 3]
    return red, green, blue


def turned(data: bytes, matrix: Sequence[int]) -> bytes:
    """An mp4 whose track header tells players to turn the picture."""
    at = data.index(b"tkhd") + 4 + 40
    fixed = [value * (2**30 if number % 3 == 2 else 2**16) for number, value in enumerate(matrix)]
    return data[:at] + b"".join(value.to_bytes(4, signed=True) for value in fixed) + data[at + 36 :]


CLOCKWISE = (0, 1, 0, -1, 0, 0, 0, 0, 1)
COUNTERCLOCKWISE = (0, -1, 0, 1, 0, 0, 0, 0, 1)
UPSIDE_DOWN = (-1, 0, 0, 0, -1, 0, 0, 0, 1)


def real_video(name: str) -> Path:
    """A real video out of the folder `FOXSTREAM_VIDEOS`, or the test is skipped."""
    folder = os.environ.get("FOXSTREAM_VIDEOS")
    if not folder or not (path := Path(folder) / name).is_file():
        pytest.skip(f"FOXSTREAM_VIDEOS names no folder with {name}")
    return path


async def refusal(source: str | Path | bytes, kind: Kind = "video", **limits: float) -> str:
    """In what words a source is refused."""
    with pytest.raises(InvalidInputError) as refused:
        async for _ in examine(source, kind, limits=Limits(**limits)):
            pass
    return str(refused.value)


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """`data` with `new` in the place of what is at `at`."""
    return data[:at] + new + data[at + len(new) :]


FILM = film([picture(RED)] * 10, sound=tone(1.0))
WEBM = film([picture(RED)] * 10, codec="libvpx-vp9", container="webm")
AVI = film([picture(RED)] * 10, codec="mpeg4", container="avi")
