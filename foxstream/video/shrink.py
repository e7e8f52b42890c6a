"""Making a video smaller: fewer frames and fewer pixels, upright and square.

House rule: no frame is invented and none is enlarged; a kept frame keeps its own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from math import floor
from typing import NamedTuple

from av import AudioFrame, VideoFormat, VideoFrame
from av.filter import Graph
from av.video.reformatter import VideoReformatter

from foxstream.errors import InvalidInputError
from foxstream.video.door import Opened
from foxstream.video.mp4 import Mp4
from foxstream.video.savings import Saved, Shrunk, estimate_tokens

__all__ = ["Fitter", "Keeper", "Plan", "shrunk"]

_ROUNDING = Fraction(1, 1000)  # containers that count in milliseconds round a frame's time
_UPSIDE_DOWN = (("hflip", ""), ("vflip", ""))
_TURNS = {
    90: (("transpose", "cclock"),),
    -90: (("transpose", "clock"),),
    180: _UPSIDE_DOWN,
    -180: _UPSIDE_DOWN,
}


class Plan(NamedTuple):
    """At most `fps` frames a second, at most `height` pixels high, with or without sound."""

    fps: Fraction
    height: int
    audio: bool


def shrunk(media: Opened, plan: Plan) -> Shrunk:
    """Decode all of `media` and encode what `plan` leaves of it."""
    keeper, fitter = Keeper(plan.fps), Fitter(media.pixel_aspect, plan.height)
    with closing(Mp4(plan.fps)) as target:
        for frame in media.frames(sound=plan.audio):
            if isinstance(frame, AudioFrame):
                target.hear(frame)
            elif keeper.keeps(frame.start):
                target.show(fitter.fit(frame.frame), frame.start)
        if not keeper.seen:
            raise InvalidInputError(f"{media.kind} holds no picture that could be decoded")
        data = target.finish(media.end, media.origin)
    return Shrunk(
        data=data,
        width=fitter.width,
        height=fitter.height,
        seconds=float(media.end),
        frames=keeper.kept,
        codec=target.encoder,
        saved=_saved(media, plan, keeper, len(data)),
    )


def _saved(media: Opened, plan: Plan, keeper: Keeper, size: int) -> Saved:
    seconds, sound = float(media.end), media.audio is not None
    return Saved(
        bytes_before=media.size,
        bytes_after=size,
        tokens_before=estimate_tokens(seconds, keeper.seen, sound=sound),
        tokens_after=estimate_tokens(seconds, keeper.kept, sound=sound and plan.audio),
    )


class Keeper:
    """Divides time into slots and keeps the first frame of each."""

    def __init__(self, fps: Fraction) -> None:
        self.seen: int = 0
        self.kept: int = 0
        self._fps = fps
        self._slot = -1

    def keeps(self, start: Fraction) -> bool:
        """Whether the frame that stands from `start` on, in seconds, is the first of its slot."""
        self.seen += 1
        slot = floor((start + _ROUNDING) * self._fps)
        kept = slot > self._slot
        self._slot = slot
        self.kept += kept
        return kept


class Fitter:
    """Scales every frame to the size the first one leads to, and turns it upright."""

    def __init__(self, pixel_aspect: Fraction, height: int) -> None:
        self.width: int = 0
        self.height: int = 0
        self._pixel_aspect = pixel_aspect
        self._most = height
        self._scaler = VideoReformatter()
        self._turn: Graph | None = None
        self._lying = False

    def fit(self, frame: VideoFrame) -> VideoFrame:
        """Scale and turn one frame."""
        if not self.width:
            self._settle(frame)
        width, height = self.width, self.height
        if self._lying:
            width, height = height, width
        scaled = self._scaler.reformat(frame, width, height, "yuv420p", interpolation="AREA")
        if self._turn is None:
            return scaled
        self._turn.vpush(scaled)
        return self._turn.vpull()

    def _settle(self, first: VideoFrame) -> None:
        width, height = first.width * self._pixel_aspect, Fraction(first.height)
        self._lying = first.rotation % 180 != 0
        if self._lying:
            width, height = height, width
        scale = min(1, self._most / height)
        self.width, self.height = _even(width * scale), _even(height * scale)
        if first.rotation in _TURNS:
            size = (self.height, self.width) if self._lying else (self.width, self.height)
            self._turn = _turning(_TURNS[first.rotation], *size)


def _turning(filters: Sequence[tuple[str, str]], width: int, height: int) -> Graph:
    graph = Graph()
    node = graph.add_buffer(
        width=width, height=height, format=VideoFormat("yuv420p"), time_base=Fraction(1, 1000)
    )
    for name, setting in (*filters, ("buffersink", "")):
        following = graph.add(name, setting)
        node.link_to(following)
        node = following
    graph.configure()
    return graph


def _even(length: Fraction) -> int:
    """Round to whole pairs of pixels: colours are stored for pairs."""
    return max(2, 2 * round(length / 2))
