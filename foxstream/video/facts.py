"""What can be known of a video, an image or a sound: frozen values, each of them measured.

House rule: plain data only. What could not be measured is `None` or empty, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

__all__ = [
    "AudioTrack",
    "Colour",
    "Fact",
    "Header",
    "Kind",
    "Measurement",
    "Picture",
    "Shot",
    "Sound",
    "VideoTrack",
]

Kind = Literal["video", "image", "audio"]
"""What a file is opened as; it decides which containers are let in."""


class Colour(msgspec.Struct, frozen=True):
    """A colour by its plain name, as `"dark green"`, and the share it covers, from 0 to 1."""

    name: str
    share: float


class VideoTrack(msgspec.Struct, frozen=True):
    """The picture track as its container announces it.

    `width` and `height` are pixels as a viewer sees them, after a `rotation` by so many degrees;
    `fps` frames and `seconds` the track's own length.
    """

    codec: str
    width: int
    height: int
    rotation: int = 0
    fps: float | None = None
    seconds: float | None = None


class AudioTrack(msgspec.Struct, frozen=True):
    """The sound track as its container announces it; `sample_rate` in Hz."""

    codec: str
    channels: int = 0
    sample_rate: int = 0
    seconds: float | None = None


class Header(msgspec.Struct, frozen=True):
    """What is known as soon as a file is open: `container`, its `size` in bytes, its tracks.

    `seconds` is the length of the container, which may differ from that of a track.
    """

    kind: Kind
    container: str
    size: int
    seconds: float | None = None
    video: VideoTrack | None = None
    audio: AudioTrack | None = None


class Shot(msgspec.Struct, frozen=True):
    """What lies between two cuts; `start` and `end` in seconds from the first frame.

    `brightness` is the mean luma from 0 (black) to 1 (white). `motion` is the share of the
    picture that visibly changes within a fifth of a second, on average; `None` where the shot is
    too short, or its frames too far apart, to tell.
    """

    start: float
    end: float
    brightness: float
    colours: tuple[Colour, ...] = ()
    motion: float | None = None


class Picture(msgspec.Struct, frozen=True):
    """All frames together, as they were decoded.

    `seconds` from the first frame to the end of the last, 0 for a still image; `damaged` the
    packets and frames the decoder reported as broken; the rest as in `Shot`.
    """

    seconds: float
    frames: int
    brightness: float
    colours: tuple[Colour, ...] = ()
    motion: float | None = None
    damaged: int = 0


class Sound(msgspec.Struct, frozen=True):
    """The sound as it was decoded, levels in dB of full scale; `None` is digital silence.

    `seconds` of samples; `peak` is the loudest sample, `rms` the mean level.
    """

    seconds: float
    peak: float | None
    rms: float | None

    @property
    def silent(self) -> bool:
        """Whether no sample is louder than -60 dB, a thousandth of full scale."""
        return self.peak is None or self.peak < -60


Fact = Header | Shot | Picture | Sound
"""One thing measured. They come in this order; the shots as soon as each has ended."""


class Measurement(msgspec.Struct, frozen=True):
    """All the facts of one file."""

    header: Header
    shots: tuple[Shot, ...] = ()
    picture: Picture | None = None
    sound: Sound | None = None

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Measurement:
        """Gather `facts`, which begin with their `Header`."""
        header, *rest = facts
        if not isinstance(header, Header):
            raise TypeError(f"facts begin with a Header, not with {header!r}")
        return cls(
            header=header,
            shots=tuple(fact for fact in rest if isinstance(fact, Shot)),
            picture=next((fact for fact in rest if isinstance(fact, Picture)), None),
            sound=next((fact for fact in rest if isinstance(fact, Sound)), None),
        )
