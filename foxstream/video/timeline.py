"""When each frame is on the screen, counted from the first.

House rule: stored times are claims. They may begin anywhere, be missing or run backwards; what
leaves here begins at zero and always grows.
"""

from __future__ import annotations

from fractions import Fraction

from av import VideoFrame

__all__ = ["Timeline"]


class Timeline:
    """Places the frames of one track, in the order they are decoded; all times in seconds.

    `frame` is how long one lasts that does not say. `origin` is the first frame's own time,
    `end` the end of the last one counted from it.
    """

    def __init__(self, frame: Fraction) -> None:
        self.origin: Fraction | None = None
        self.end: Fraction = Fraction(0)
        self._frame = frame
        self._start = Fraction(-1)

    def place(self, frame: VideoFrame) -> Fraction:
        """Give the time from which the next frame stands, until `end`."""
        self._start = self._start_of(frame)
        self.end = self._start + self._length_of(frame)
        return self._start

    def jump(self) -> None:
        """Let the next frame be any, before or behind the last one; it must say its own time."""
        self._start = Fraction(-1)

    def _start_of(self, frame: VideoFrame) -> Fraction:
        if frame.pts is None or frame.time_base is None:
            return self.end
        stored = frame.pts * frame.time_base
        if self.origin is None:
            self.origin = stored
        start = stored - self.origin
        return start if start > self._start else self.end

    def _length_of(self, frame: VideoFrame) -> Fraction:
        if self._frame and frame.duration and frame.time_base:
            return frame.duration * frame.time_base
        return self._frame
