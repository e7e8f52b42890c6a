"""Sound frames of any kind to one kind, picture frames of any size to one size.

House rule: a converter of FFmpeg takes only what its first frame was; these take what comes.
"""

from __future__ import annotations

from av import AudioFrame, AudioResampler, VideoFrame
from av.video.reformatter import VideoReformatter

__all__ = ["PictureReducer", "SoundConverter"]

_WIDTH, _HEIGHT = 48, 27


class PictureReducer:
    """Makes pictures small enough to be looked at in plain Python."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def reduce(self, frame: VideoFrame) -> bytes:
        """Average `frame` into 48x27 pixels of three bytes, red, green, blue."""
        small = self._reformatter.reformat(frame, _WIDTH, _HEIGHT, "rgb24", interpolation="AREA")
        plane = small.planes[0]
        data, row = bytes(plane), plane.line_size
        return b"".join(data[at : at + 3 * _WIDTH] for at in range(0, _HEIGHT * row, row))


class SoundConverter:
    """Converts sound to the format `sample`, and to `layout` and `rate` (Hz) if they are given."""

    def __init__(self, sample: str, layout: str | None = None, rate: int | None = None) -> None:
        self._wanted = (sample, layout, rate)
        self._given: tuple[str, str, int] | None = None
        self._resampler = AudioResampler(*self._wanted)

    def convert(self, frame: AudioFrame) -> list[AudioFrame]:
        """Convert one frame; some of it may come with the next."""
        given = (frame.format.name, frame.layout.name, frame.sample_rate)
        if given != self._given:
            self._given = given
            self._resampler = AudioResampler(*self._wanted)
        return self._resampler.resample(frame)
