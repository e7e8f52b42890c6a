"""What a container and its tracks say of themselves, before anything is decoded.

House rule: only what is written in the file. Where FFmpeg would guess, nothing is said.
"""

from __future__ import annotations

from fractions import Fraction

import av
from av import AudioStream, VideoFrame, VideoStream
from av.container import InputContainer
from av.stream import Disposition, Stream

from foxstream.video.containers import Container
from foxstream.video.facts import AudioTrack, VideoTrack

__all__ = ["audio_track", "decodable", "first_video", "frame_rate", "length", "video_track"]


def length(media: InputContainer, container: Container) -> float | None:
    """Give the length of the whole in seconds."""
    return media.duration / av.time_base if container.timed and media.duration else None


def frame_rate(track: VideoStream, container: Container) -> Fraction | None:
    """Give the frames per second; a still image has none, though its demuxer makes one up."""
    return None if container.still else track.average_rate or track.guessed_rate


def first_video(media: InputContainer) -> VideoStream | None:
    """Find the first video track that can be decoded; cover art is none."""
    for track in media.streams.video:
        if decodable(track) and not track.disposition & Disposition.attached_pic:
            return track
    return None


def video_track(track: VideoStream, container: Container, first: VideoFrame) -> VideoTrack:
    """Describe the video; only its `first` frame tells which way up it is shown."""
    lying = first.rotation % 180 != 0
    rate = frame_rate(track, container)
    return VideoTrack(
        codec=track.codec_context.codec.canonical_name,
        width=first.height if lying else first.width,
        height=first.width if lying else first.height,
        rotation=first.rotation,
        fps=float(rate) if rate else None,
        seconds=_seconds(track, container),
    )


def audio_track(track: AudioStream, container: Container) -> AudioTrack:
    """Describe the sound."""
    if not decodable(track):
        return AudioTrack(codec="unknown")
    return AudioTrack(
        codec=track.codec_context.codec.canonical_name,
        channels=track.channels,
        sample_rate=track.sample_rate,
        seconds=_seconds(track, container),
    )


def decodable(track: Stream) -> bool:
    """Whether this FFmpeg knows the codec; the stubs do not say that a context may be missing."""
    return getattr(track, "codec_context", None) is not None


def _seconds(track: Stream, container: Container) -> float | None:
    if not container.timed or not track.duration or not track.time_base:
        return None
    return float(track.duration * track.time_base)
