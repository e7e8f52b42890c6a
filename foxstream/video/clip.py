"""The demonstration clip: a ball that crosses four scenes to a small melody.

House rule: drawn and sounded from scratch by arithmetic, so it is the same everywhere.
"""

from __future__ import annotations

import math
from array import array
from contextlib import closing
from fractions import Fraction
from typing import NamedTuple

from av import AudioFrame, VideoFrame

from foxstream.video.mp4 import Mp4

__all__ = ["clip"]

_WIDTH, _HEIGHT, _FPS = 320, 180, 20
_RADIUS = 28
_SAMPLE_RATE = 24_000
_SCENE_FRAMES = 18
_LOUDNESS = 8000  # of 32767


class Scene(NamedTuple):
    """Nine tenths of a second: background, ball, and the pitch in Hz."""

    sky: bytes
    ball: bytes
    pitch: float


SCENES = (
    Scene(b"\x16\x32\x8a", b"\xf4\xc8\x2a", 262),  # blue, yellow, C
    Scene(b"\xd2\x5a\x1e", b"\xfa\xfa\xf5", 330),  # orange, white, E
    Scene(b"\x1e\x78\x3c", b"\xc8\x28\x28", 392),  # green, red, G
    Scene(b"\x5a\x1e\x82", b"\x32\xc8\xd2", 523),  # purple, cyan, C
)


def clip() -> bytes:
    """Draw, sound and encode the clip."""
    with closing(Mp4(Fraction(_FPS))) as target:
        for number, scene in enumerate(SCENES):
            begin = number * _SCENE_FRAMES
            target.hear(_tone(scene.pitch, begin))
            for step in range(_SCENE_FRAMES):
                target.show(_drawn(scene, step / _SCENE_FRAMES), Fraction(begin + step, _FPS))
        return target.finish(Fraction(len(SCENES) * _SCENE_FRAMES, _FPS))


def _drawn(scene: Scene, way: float) -> VideoFrame:
    """The ball `way`, 0 to 1, from left to right, bouncing once."""
    across = _RADIUS + way * (_WIDTH - 2 * _RADIUS)
    down = _HEIGHT - _RADIUS - abs(math.sin(way * math.tau)) * (_HEIGHT - 2 * _RADIUS)
    rows = b"".join(_row(scene, across, y - down) for y in range(_HEIGHT))
    frame = VideoFrame(_WIDTH, _HEIGHT, "rgb24")
    frame.planes[0].update(rows)
    return frame.reformat(format="yuv420p")


def _row(scene: Scene, across: float, off_centre: float) -> bytes:
    half = math.sqrt(max(0.0, _RADIUS**2 - off_centre**2))
    left, right = round(across - half), round(across + half)
    return scene.sky * left + scene.ball * (right - left) + scene.sky * (_WIDTH - right)


def _tone(pitch: float, begin: int) -> AudioFrame:
    count = _SCENE_FRAMES * _SAMPLE_RATE // _FPS
    turn = math.tau * pitch / _SAMPLE_RATE
    wave = array(
        "h",
        (
            round(_LOUDNESS * math.sin(turn * at) * math.sin(math.pi * at / count))
            for at in range(count)
        ),
    )
    frame = AudioFrame("s16", "mono", count)
    frame.planes[0].update(wave.tobytes())
    frame.sample_rate = _SAMPLE_RATE
    frame.pts, frame.time_base = begin * _SAMPLE_RATE // _FPS, Fraction(1, _SAMPLE_RATE)
    return frame
