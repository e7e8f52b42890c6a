"""What is in a video, and how to make it smaller: `Video`, and the rooms behind it.

    files, containers, whole    what may be opened at all
    door, headers, timeline     the only door to FFmpeg
    measure                     looks, shots, colours of the pictures; meter of the sound
    shrink, windows, clip       those that write, by way of convert and mp4; cutter, at will
    facts, savings, limits      plain values
    threads                     off the event loop

House rule: importing this loads no PyAV; the rooms that need it are entered by worker threads.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Generator
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from os import PathLike
from threading import Event

from foxstream.errors import InvalidInputError, MissingExtraError
from foxstream.video import threads
from foxstream.video.cutter import Cutter
from foxstream.video.facts import (
    AudioTrack,
    Colour,
    Fact,
    Header,
    Kind,
    Measurement,
    Picture,
    Shot,
    Sound,
    VideoTrack,
)
from foxstream.video.files import Source, as_source
from foxstream.video.limits import DEFAULT_LIMITS, Limits
from foxstream.video.savings import Saved, Shrunk, Window, estimate_tokens

__all__ = [
    "DEFAULT_LIMITS",
    "AudioTrack",
    "Colour",
    "Cutter",
    "Fact",
    "Header",
    "Kind",
    "Limits",
    "Measurement",
    "Picture",
    "Saved",
    "Shot",
    "Shrunk",
    "Sound",
    "Video",
    "VideoTrack",
    "Window",
    "estimate_tokens",
    "examine",
    "make_clip",
    "require_pyav",
]

_FPS = (0.01, 240.0)
_HEIGHT = (16, 4320)
_EVERY = (0.2, 3600.0)
_WindowSettings = tuple[Fraction, Fraction, int, bool, bool]


class Video:
    """A video in a file or in memory: what is in it, and a smaller one.

    `source` is a path or the bytes themselves. Nothing is read before the first await; then
    `InvalidInputError` says what is no video, damaged, cut off or over one of the `limits`.
    Decoding runs in a worker thread and stops at once when its awaiter is cancelled. Needs the
    extra `video`, else `MissingExtraError`.
    """

    def __init__(
        self, source: str | PathLike[str] | bytes | bytearray, *, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self._source = as_source(source, "video")
        self._limits = limits

    async def measure(self) -> Measurement:
        """Decode everything once and return all that was measured."""
        return Measurement.of([fact async for fact in self.facts()])

    def facts(self) -> AsyncGenerator[Fact]:
        """Yield what is measured as soon as it is known: header, shots, picture, sound."""
        return threads.steps(partial(_facts, self._source, "video", self._limits))

    async def shrink(self, *, fps: float = 1.0, height: int = 360, audio: bool = True) -> Shrunk:
        """Return an mp4 with at most `fps` frames a second, at most `height` pixels high.

        A model is charged by the frame, and a 30 s clip may cost it 20,000 tokens and more
        (contract, section 2.4); `.saved` of the result tells what is gained. Nothing is enlarged
        or invented, phone videos are turned upright, and the length stays what it was. The
        sound stays too, as 48 kbit/s mono, because models listen; `audio=False` leaves it out.
        Encoded with libx264, or as VP9 where PyAV comes without it; `.codec` says which.
        """
        _check_range("fps", fps, _FPS)
        _check_range("height", height, _HEIGHT)
        settings = (Fraction(fps).limit_denominator(1000), int(height), audio)
        return await threads.run(partial(_shrunk, self._source, self._limits, settings))

    def windows(
        self,
        every: float = 4.0,
        *,
        fps: float = 1.0,
        height: int = 360,
        audio: bool = True,
        shots: bool = False,
    ) -> AsyncGenerator[Window]:
        """Yield the video in windows of `every` seconds, each shrunk as `shrink` does.

        It is decoded once, as far as windows are asked for, and no more than one is in memory.
        `shots` lets a window end earlier, at a shot change in its second half. What would be a
        sliver at the end, shorter than a second and than half of `every`, is joined to the
        window before. A picture that stands longer than a window opens the next one again.
        """
        settings = _window_settings(every, fps, height, audio=audio, shots=shots)
        return threads.steps(partial(_windows, self._source, self._limits, settings))

    def cutter(
        self,
        every: float = 4.0,
        *,
        fps: float = 1.0,
        height: int = 360,
        audio: bool = True,
        shots: bool = False,
    ) -> Cutter:
        """Give the same windows one by one, by their numbers: `await cutter.cut(750)`.

        A window that does not follow the last one is reached by way of the key picture before it,
        where the container has an index (mp4, mov, webm, mkv), else by decoding from the beginning
        on; so is any with `shots`.
        """
        settings = _window_settings(every, fps, height, audio=audio, shots=shots)
        return Cutter(partial(_cutting, self._source, self._limits, settings))


def examine(
    source: str | PathLike[str] | bytes | bytearray, kind: Kind, *, limits: Limits = DEFAULT_LIMITS
) -> AsyncGenerator[Fact]:
    """Yield what is measured of a video, an image or a sound, as `Video.facts` does."""
    return threads.steps(partial(_facts, as_source(source, kind), kind, limits))


async def make_clip() -> bytes:
    """Make the demonstration clip: an mp4 of 3.6 s, four scenes, a moving ball and a melody."""
    return await threads.run(_clip)


def _facts(source: Source, kind: Kind, limits: Limits, stop: Event) -> Generator[Fact]:
    require_pyav()
    from foxstream.video.door import opened
    from foxstream.video.measure import measuring

    with opened(source, kind, limits, stop) as media:
        yield from measuring(media)


def _shrunk(
    source: Source, limits: Limits, settings: tuple[Fraction, int, bool], stop: Event
) -> Shrunk:
    require_pyav()
    from foxstream.video.door import opened
    from foxstream.video.shrink import Plan, shrunk

    with opened(source, "video", limits, stop) as media:
        return shrunk(media, Plan(*settings))


def _window_settings(
    every: float, fps: float, height: int, *, audio: bool, shots: bool
) -> _WindowSettings:
    _check_range("every", every, _EVERY)
    _check_range("fps", fps, _FPS)
    _check_range("height", height, _HEIGHT)
    step, rate = (Fraction(value).limit_denominator(1000) for value in (every, fps))
    return step, rate, int(height), audio, shots


def _windows(
    source: Source, limits: Limits, settings: _WindowSettings, stop: Event
) -> Generator[Window]:
    require_pyav()
    from foxstream.video.door import opened
    from foxstream.video.windows import WindowPlan, windows

    with opened(source, "video", limits, stop) as media:
        yield from windows(media, WindowPlan(*settings))


def _cutting(
    source: Source, limits: Limits, settings: _WindowSettings, stop: Event
) -> Generator[Window | None, int]:
    require_pyav()
    from foxstream.video.door import held
    from foxstream.video.windows import WindowPlan, cutting

    with held(source, "video", limits, stop) as file:
        yield from cutting(file, WindowPlan(*settings))


def _clip(_: Event) -> bytes:
    require_pyav()
    from foxstream.video.clip import clip

    return clip()


def require_pyav() -> None:
    """Raise `MissingExtraError` where PyAV is not installed."""
    if find_spec("av") is None:
        raise MissingExtraError('video needs PyAV: pip install "foxstream[video]"')


def _check_range(name: str, value: float, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if isinstance(value, bool) or not math.isfinite(value) or not low <= value <= high:
        raise InvalidInputError(f"{name} is {value!r}: from {low} to {high}")
