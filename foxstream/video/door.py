"""The only door to FFmpeg: opens what may be hostile, and hands out frames within bounds.

House rule: FFmpeg is given bytes, never a name; one demuxer, chosen beforehand; no protocol at
all. Its errors leave as `InvalidInputError`; what it cannot decode is counted and left out.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import floor
from threading import Event
from typing import Literal, NamedTuple

import av
from av import AudioFrame, AudioStream, Packet, VideoFrame, VideoStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream

from foxstream.errors import InvalidInputError
from foxstream.video.containers import Container, recognise
from foxstream.video.facts import Header, Kind
from foxstream.video.files import Nameless, Source, reading
from foxstream.video.headers import (
    audio_track,
    decodable,
    first_video,
    frame_rate,
    length,
    video_track,
)
from foxstream.video.limits import Limits
from foxstream.video.timeline import Timeline
from foxstream.video.whole import check_whole

__all__ = ["AbandonedError", "Held", "Opened", "Shown", "held", "opened"]

_INDEXED = {"mov", "matroska"}  # whose times FFmpeg finds without a guess
_BACK = (Fraction(1, 4), Fraction(2), Fraction(10))  # seconds; decoders of sound start up too


class AbandonedError(Exception):
    """Nobody waits for the result any more."""


class Shown(NamedTuple):
    """A frame and from when it is on the screen, in seconds from the first; this always grows."""

    frame: VideoFrame
    start: Fraction


@contextmanager
def opened(source: Source, kind: Kind, limits: Limits, stop: Event) -> Generator[Opened]:
    """Open `source` as a `kind` of media; setting `stop` ends any reading at its next packet.

    Raises `InvalidInputError` for what is no such media, damaged beyond use or out of bounds.
    """
    with held(source, kind, limits, stop) as file, file.opened() as media:
        yield media


@contextmanager
def held(source: Source, kind: Kind, limits: Limits, stop: Event) -> Generator[Held]:
    """Hold `source` open, to be read several times; else as `opened`."""
    try:
        with reading(source, kind, limits.size) as file:
            container = recognise(file, kind)
            check_whole(file, container, kind)
            yield Held(file, kind, container, limits, stop)
    except FFmpegError as error:
        raise InvalidInputError(f"{kind} cannot be decoded: {error.strerror}") from error


class Held(NamedTuple):
    """A file that was found to be a whole `kind` of media, whatever becomes of its name."""

    file: Nameless
    kind: Kind
    container: Container
    limits: Limits
    stop: Event

    @contextmanager
    def opened(self) -> Generator[Opened]:
        """Read it from the beginning; only one reader at a time."""
        file, kind, container, limits, stop = self
        file.seek(0)
        with _demuxed(file, container, limits) as media:
            yield Opened(media, kind, container, file, limits=limits, stop=stop)


def _demuxed(file: Nameless, container: Container, limits: Limits) -> InputContainer:
    locked = {
        "format_whitelist": container.demuxer,
        "protocol_whitelist": "",
        "max_pixels": str(limits.pixels),
    }
    return av.open(file, "r", container.demuxer, options=locked, metadata_errors="replace")


class Opened:
    """One open file: its first video, its first sound, and all their frames.

    `damaged` counts the packets and frames the decoder reported as broken.
    """

    def __init__(
        self,
        media: InputContainer,
        kind: Kind,
        container: Container,
        file: Nameless,
        *,
        limits: Limits,
        stop: Event,
    ) -> None:
        self.kind: Kind = kind
        self.size: int = file.size
        self.damaged: int = 0
        self.video: VideoStream | None = None if kind == "audio" else first_video(media)
        self.audio: AudioStream | None = (
            None if kind == "image" else next(iter(media.streams.audio), None)
        )
        self._media = media
        self._file = file
        self._container = container
        self._limits = limits
        self._stop = stop
        self._seconds = length(media, container)
        self._admit()
        rate = self.video and frame_rate(self.video, container)
        self._timeline = Timeline(1 / rate if rate else Fraction(0))
        self._frames = 0
        self._heard = Fraction(0)

    def _admit(self) -> None:
        self._bound("seconds", self._seconds or 0)
        if self.kind == "audio" and not (self.audio and decodable(self.audio)):
            raise InvalidInputError("audio has no sound track")
        if self.kind != "audio" and self.video is None:
            raise InvalidInputError(f"{self.kind} has no video track")
        if self.video is not None:
            # As wide as it is to be shown: a few stored pixels may claim to be a thousand each.
            shown = self.video.width * max(Fraction(1), self.pixel_aspect)
            self._bound("pixels", shown * self.video.height)
            # One thread: with several, a damaged frame decodes differently each time.
            self.video.codec_context.thread_count = 1
            self.video.codec_context.options = {"max_pixels": str(self._limits.pixels)}

    def _bound(self, what: Literal["seconds", "pixels", "frames"], value: float | Fraction) -> None:
        limit: float = getattr(self._limits, what)
        if value > limit:
            found = f"{float(value):,.7g} {what}"
            raise InvalidInputError(f"{self.kind} has {found}: at most {limit:,.7g} are opened")

    @property
    def origin(self) -> Fraction:
        """The first frame's own time in seconds, from which all others are counted."""
        return self._timeline.origin or Fraction(0)

    @property
    def end(self) -> Fraction:
        """Until when the last frame that was decoded is on the screen."""
        return self._timeline.end

    @property
    def pixel_aspect(self) -> Fraction:
        """How much wider than high one pixel of the video is to be shown."""
        return (self.video and self.video.sample_aspect_ratio) or Fraction(1)

    def header(self, first: VideoFrame | None = None) -> Header:
        """Say what the file says of itself; `first` is the first frame of a video."""
        container = self._container
        return Header(
            kind=self.kind,
            container=container.name,
            size=self.size,
            seconds=self._seconds,
            video=video_track(self.video, container, first) if self.video and first else None,
            audio=audio_track(self.audio, container) if self.audio else None,
        )

    def frames(self, *, sound: bool) -> Iterator[Shown | AudioFrame]:
        """Decode the video and, if asked, the sound, in the order they lie in the file."""
        tracks = [self.video, self.audio if sound else None]
        for packet in self._packets([track for track in tracks if track and decodable(track)]):
            for frame in self._decoded(packet):
                self.damaged += frame.is_corrupt
                if isinstance(frame, AudioFrame):
                    self._hear(frame)
                    yield frame
                else:
                    yield self._show(frame)

    def seek(self, start: Fraction) -> bool:
        """Let `frames` begin with a picture that is shown at `start` seconds or before.

        `False` where this file does not allow it; it must be opened again to be read then.
        """
        if self._container.demuxer not in _INDEXED or self._first_picture() is None:
            return False
        try:
            return any(self._lands(max(Fraction(0), start - back), start) for back in _BACK)
        except FFmpegError:
            return False

    def _lands(self, at: Fraction, start: Fraction) -> bool:
        """Whether what follows the key picture found for `at` begins at `start` or before."""
        self._go(at)
        found = self._first_picture()
        self._go(at)
        return found is not None and found.frame.pts is not None and found.start <= start

    def _go(self, at: Fraction) -> None:
        if self.video is not None and self.video.time_base is not None:
            offset = floor((self.origin + at) / self.video.time_base)
            self._media.seek(offset, stream=self.video)
            self._timeline.jump()

    def _first_picture(self) -> Shown | None:
        pictures = (frame for frame in self.frames(sound=False) if isinstance(frame, Shown))
        return next(pictures, None)

    def _packets(self, tracks: list[Stream]) -> Iterator[Packet[Stream]]:
        packets = self._media.demux(*tracks)
        while not self._stop.is_set():
            try:
                yield next(packets)
            except StopIteration:
                return self._file.check()
            except FFmpegError:
                self.damaged += 1
                return self._file.check()
        raise AbandonedError

    def _decoded(self, packet: Packet[Stream]) -> Iterator[VideoFrame | AudioFrame]:
        try:
            for frame in packet.decode():
                if isinstance(frame, VideoFrame | AudioFrame):
                    yield frame
        except FFmpegError:
            self.damaged += 1

    def _hear(self, frame: AudioFrame) -> None:
        self._heard += Fraction(frame.samples, frame.sample_rate)
        self._bound("seconds", self._heard)

    def _show(self, frame: VideoFrame) -> Shown:
        start = self._timeline.place(frame)
        self._frames += 1
        self._bound("frames", self._frames)
        self._bound("seconds", self.end)
        return Shown(frame, start)
