# PyAV's stubs leave open whose packets an encoder returns.
# pyright: reportUnknownMemberType=false
"""Writing an mp4: one picture track, one sound track, put in order at the end.

House rule: one thread and fixed settings, so the same frames give the same bytes. Time stays
true: a picture stands from its own time to that of the next, the last until the end.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal

import av
from av import AudioFrame, AudioStream, Packet, VideoFrame, VideoStream
from av.container import OutputContainer

from foxstream.errors import MissingExtraError
from foxstream.video.convert import SoundConverter

__all__ = ["Mp4"]

_CLOCK = Fraction(1, 90_000)
_SAMPLE_RATE = 24_000
_SOUND_BITS = 48_000  # per second
_PRIMING = 1024  # samples an AAC encoder puts in front
_EncoderName = Literal["libx264", "libvpx-vp9"]
_ENCODERS: Mapping[_EncoderName, dict[str, str]] = MappingProxyType(
    {
        "libx264": {"preset": "veryfast", "crf": "28"},
        "libvpx-vp9": {"deadline": "good", "cpu-used": "4", "crf": "38"},
    }
)


class Mp4:
    """An mp4 in memory. Show and sound frames in order, then `finish`; close it in any case."""

    def __init__(self, rate: Fraction) -> None:
        self.encoder: _EncoderName = _encoder()
        self._rate = rate
        self._file = io.BytesIO()
        self._target: OutputContainer = av.open(self._file, "w", "mp4")
        self._video: VideoStream | None = None
        self._audio: AudioStream | None = None
        self._pictures: list[Packet[VideoStream]] = []
        self._sounds: list[Packet[AudioStream]] = []
        self._converter = SoundConverter("fltp", "mono", _SAMPLE_RATE)
        self._shown = -1
        self._heard = -1

    def show(self, frame: VideoFrame, start: Fraction) -> None:
        """Add a picture that stands from `start` on; the first one sets the size."""
        if self._video is None:
            self._video = self._picture_track(frame)
        self._shown = max(int(start / _CLOCK), self._shown + 1)
        frame.pts, frame.time_base = self._shown, _CLOCK
        frame.pict_type = 0
        self._pictures += self._video.encode(frame)

    def hear(self, frame: AudioFrame) -> None:
        """Add sound by its own time; what does not come after the sound before is left out."""
        if self._audio is None:
            self._audio = self._sound_track()
        if frame.pts is not None and frame.pts > self._heard:
            self._heard = frame.pts
            for converted in self._converter.convert(frame):
                self._sounds += self._audio.encode(converted)

    def finish(self, end: Fraction, origin: Fraction = Fraction(0)) -> bytes:
        """Write everything; the last picture stands until `end`, sound counts from `origin`."""
        if self._video is not None:
            self._pictures += self._video.encode(None)
        if self._audio is not None:
            self._sounds += self._audio.encode(None)
        packets: list[Packet[Any]] = [*self._standing(end), *self._since(origin)]
        self._target.mux(sorted(packets, key=_time))
        self.close()
        return self._file.getvalue()

    def close(self) -> None:
        """Let go of the encoders."""
        self._target.close()

    def _picture_track(self, first: VideoFrame) -> VideoStream:
        track = self._target.add_stream(self.encoder, self._rate, _ENCODERS[self.encoder])
        track.width, track.height, track.pix_fmt = first.width, first.height, "yuv420p"
        codec = track.codec_context
        codec.time_base = _CLOCK
        codec.max_b_frames = 0
        codec.thread_count = 1
        return track

    def _sound_track(self) -> AudioStream:
        track = self._target.add_stream("aac", _SAMPLE_RATE, layout="mono")
        track.bit_rate = _SOUND_BITS
        return track

    def _standing(self, end: Fraction) -> list[Packet[VideoStream]]:
        starts = [packet.pts or 0 for packet in self._pictures]
        for packet, (start, until) in zip(
            self._pictures, pairwise([*starts, int(end / _CLOCK)]), strict=True
        ):
            packet.duration = max(1, until - start)
        return self._pictures

    def _since(self, origin: Fraction) -> list[Packet[AudioStream]]:
        shift = round(origin * _SAMPLE_RATE)
        for packet in self._sounds:
            packet.pts = packet.dts = (packet.pts or 0) - shift
        return [packet for packet in self._sounds if (packet.pts or 0) >= -_PRIMING]


def _time(packet: Packet[Any]) -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _encoder() -> _EncoderName:
    for name in _ENCODERS:
        if name in av.codecs_available:
            return name
    raise MissingExtraError(
        f'this PyAV has none of the encoders {", ".join(_ENCODERS)}: pip install "foxstream[video]"'
    )
