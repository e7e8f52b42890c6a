"""Cutting a video into windows, each a small mp4 of its own, in a single pass or wherever asked.

House rule: decoded once and cut as it goes; what was sought gives the same windows. Times are those
of the source, counted from its first picture; a window whose pictures began earlier opens with the
one on the screen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import dropwhile
from typing import NamedTuple

from av import AudioFrame, VideoFrame

from foxstream.errors import InvalidInputError
from foxstream.video.convert import PictureReducer
from foxstream.video.door import Held, Opened, Shown
from foxstream.video.mp4 import Mp4
from foxstream.video.savings import Window, estimate_tokens
from foxstream.video.shots import CutFinder, Look
from foxstream.video.shrink import Fitter, Keeper

__all__ = ["WindowPlan", "cutting", "windows"]

_SLIVER = Fraction(1)  # seconds; what is shorter at the end is joined to the window before
_LATE = Fraction(1, 4)  # seconds a window may wait for its first picture
_MOST_SOUNDS = 2000  # frames of sound that may lie ahead of their pictures, about 40 s


class WindowPlan(NamedTuple):
    """Windows of `every` seconds, at most `fps` frames a second and `height` pixels high.

    `shots`: a window may end earlier, at a shot change in its second half.
    """

    every: Fraction
    fps: Fraction
    height: int
    audio: bool
    shots: bool


class _Seen(NamedTuple):
    """A picture, from when it is on the screen, and whether a shot begins with it."""

    frame: VideoFrame
    start: Fraction
    cut: bool = False


def windows(media: Opened, plan: WindowPlan, first: int = 0) -> Generator[Window]:
    """Yield the windows of `media` one after the other, each when its end was decoded.

    What comes before the window `first` is passed over; with `shots` there is no such number.
    """
    with closing(_Cutter(media, plan, first)) as cutter:
        for frame in _seen(media, plan):
            if isinstance(frame, AudioFrame):
                cutter.hear(frame)
            else:
                yield from cutter.show(frame)
        yield from cutter.finish()


def cutting(file: Held, plan: WindowPlan) -> Generator[Window | None, int]:
    """Yield the window whose number is sent, `None` where the video has none; first `None`."""
    number = yield None
    while True:
        with closing(_from(file, plan, number)) as following:
            for window in following:
                number = yield window
                if number != window.number + 1:
                    break
            else:
                number = yield None


def _from(file: Held, plan: WindowPlan, first: int) -> Generator[Window]:
    """The windows from `first` on, by way of a key picture where there is one to be found."""
    if first and not plan.shots:
        with file.opened() as media:
            if media.seek(first * plan.every):
                yield from windows(media, plan, first)
                return
    with file.opened() as media:  # where a shot ends shows only from the beginning on
        whole = windows(media, plan, 0 if plan.shots else first)
        yield from dropwhile(lambda window: window.number < first, whole)


def _seen(media: Opened, plan: WindowPlan) -> Iterator[_Seen | AudioFrame]:
    frames = media.frames(sound=plan.audio)
    if plan.shots:
        return _with_cuts(frames)
    return (frame if isinstance(frame, AudioFrame) else _Seen(*frame) for frame in frames)


def _with_cuts(frames: Iterator[Shown | AudioFrame]) -> Iterator[_Seen | AudioFrame]:
    """Hold pictures back until it is known which of them begin a shot."""
    finder, reducer = CutFinder(), PictureReducer()
    held: deque[Shown] = deque()
    for frame in frames:
        if isinstance(frame, AudioFrame):
            yield frame
            continue
        held.append(frame)
        for look in finder.add(Look(float(frame.start), reducer.reduce(frame.frame))):
            yield _Seen(*held.popleft(), look.cut)
    for look in finder.rest():
        yield _Seen(*held.popleft(), look.cut)


class _Writing:
    """The window that is being written; `start` in seconds of the source."""

    def __init__(self, number: int, start: Fraction, plan: WindowPlan) -> None:
        self.start = start
        self.keeper = Keeper(plan.fps)
        self.frames = 0
        self._number = number
        self._target = Mp4(plan.fps)
        self._audio = plan.audio

    def show(self, frame: VideoFrame, start: Fraction) -> None:
        self._target.show(frame, start - self.start)
        self.frames += 1

    def hear(self, frame: AudioFrame) -> None:
        self._target.hear(frame)

    def close(self) -> None:
        self._target.close()

    def finish(self, end: Fraction, media: Opened) -> Window:
        seconds, sound = float(end - self.start), media.audio is not None
        return Window(
            number=self._number,
            start=float(self.start),
            end=float(end),
            data=self._target.finish(end - self.start, media.origin + self.start),
            frames=self.frames,
            tokens_before=estimate_tokens(seconds, self.keeper.seen, sound=sound),
            tokens_after=estimate_tokens(seconds, self.frames, sound=sound and self._audio),
        )


class _Passed:
    """The stretch before the first window, of which nothing is written."""

    def __init__(self, plan: WindowPlan) -> None:
        self.start = Fraction(0)
        self.keeper = Keeper(plan.fps)

    def show(self, frame: VideoFrame, start: Fraction) -> None:
        pass

    def hear(self, frame: AudioFrame) -> None:
        pass

    def close(self) -> None:
        pass

    def finish(self, end: Fraction, media: Opened) -> None:
        pass


class _Cutter:
    """Takes pictures and sound as they come and gives back windows.

    What lies just behind the next `boundary` waits, for it may prove to be the end of the film
    and too short for a window.
    """

    def __init__(self, media: Opened, plan: WindowPlan, first: int) -> None:
        self._media = media
        self._plan = plan
        self._fitter = Fitter(media.pixel_aspect, plan.height)
        self._sliver = min(_SLIVER, plan.every / 2)
        self._number = max(0, first - 1)
        self._writing = _Passed(plan) if first else _Writing(0, Fraction(0), plan)
        self._next_keeper = Keeper(plan.fps)
        self._boundary = plan.every * max(1, first)
        self._waiting: list[tuple[VideoFrame, Fraction]] = []
        self._sounds: deque[AudioFrame] = deque(maxlen=_MOST_SOUNDS)
        self._standing: VideoFrame | None = None  # on the screen at the boundary
        self._latest: VideoFrame | None = None

    def hear(self, frame: AudioFrame) -> None:
        """Take some sound."""
        if frame.pts is not None:
            self._sounds.append(frame)

    def show(self, seen: _Seen) -> Iterator[Window]:
        """Take the next picture; yield the windows that are now known to have ended."""
        frame, start, cut = seen
        if cut and self._writing.start + self._plan.every / 2 <= start < self._boundary:
            self._boundary = start
        yield from self._advance(start)
        self._place(frame, start)
        self._latest = frame
        if start < self._boundary:
            self._standing = frame
        self._sound_until(min(start, self._boundary))

    def finish(self) -> Iterator[Window]:
        """Yield what is left once everything was decoded."""
        if self._latest is None:
            raise InvalidInputError(f"{self._media.kind} holds no picture that could be decoded")
        yield from self._advance(end := self._media.end)
        self._sound_until(end)
        self._writing.keeper.seen += self._next_keeper.seen
        for frame, start in self._waiting:
            self._writing.show(frame, start)
        yield from self._finished(end)

    def close(self) -> None:
        """Let go of the encoders."""
        self._writing.close()

    def _advance(self, now: Fraction) -> Iterator[Window]:
        while now >= self._boundary + self._sliver:
            self._sound_until(self._boundary)
            yield from self._finished(self._boundary)
            self._open()

    def _finished(self, end: Fraction) -> Iterator[Window]:
        window = self._writing.finish(end, self._media)
        if window is not None:
            yield window

    def _open(self) -> None:
        start, plan = self._boundary, self._plan
        self._number += 1
        self._writing = _Writing(self._number, start, plan)
        self._writing.keeper, self._next_keeper = self._next_keeper, Keeper(plan.fps)
        self._boundary += plan.every
        waiting, self._waiting = self._waiting, []
        if self._standing and (not waiting or waiting[0][1] > start + _LATE):
            self._writing.show(self._fitter.fit(self._standing), start)
            self._writing.keeper.seen += 1
        for frame, at in waiting:
            self._writing.show(frame, at)
        self._standing = self._latest

    def _place(self, frame: VideoFrame, start: Fraction) -> None:
        if start < self._boundary:
            if self._writing.keeper.keeps(start - self._writing.start):
                self._writing.show(self._fitter.fit(frame), start)
        elif self._next_keeper.keeps(start - self._boundary):
            self._waiting.append((self._fitter.fit(frame), start))

    def _sound_until(self, end: Fraction) -> None:
        """Let the window have the sound that begins before `end`."""
        end += self._media.origin
        while self._sounds and _time(self._sounds[0]) < end:
            self._writing.hear(self._sounds.popleft())


def _time(sound: AudioFrame) -> Fraction:
    return (sound.pts or 0) * (sound.time_base or Fraction(0))
