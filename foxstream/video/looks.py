"""What a stretch of pictures looks like: brightness, colours, movement, one shot after another.

House rule: everything is told from small RGB pictures of one size, so an hour costs little.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import sub

from foxstream.video.colours import Palette
from foxstream.video.facts import Picture, Shot
from foxstream.video.shots import CutFinder, Look

__all__ = ["Storyboard"]

_GLANCE = 0.2  # seconds between two pictures that are compared for movement
_VISIBLE = 8  # of 255
_LUMA = (0.2126, 0.7152, 0.0722)


class _Stretch:
    """The sums over some pictures: of one shot, or of everything."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.frames = 0
        self.palette = Palette()
        self._light = 0.0
        self._moved = 0.0
        self._glances = 0
        self._glanced: Look | None = None

    def add(self, look: Look) -> None:
        self.frames += 1
        self.palette.add(look.rgb)
        self._light += _brightness(look.rgb)
        if self._glanced is None:
            self._glanced = look
        elif (passed := look.start - self._glanced.start) >= _GLANCE:
            if passed < 2 * _GLANCE:
                self._moved += _changed(self._glanced.rgb, look.rgb)
                self._glances += 1
            self._glanced = look

    def absorb(self, other: _Stretch) -> None:
        self.frames += other.frames
        self.palette.pixels.update(other.palette.pixels)
        self._light += other._light
        self._moved += other._moved
        self._glances += other._glances

    @property
    def brightness(self) -> float:
        return self._light / self.frames

    @property
    def motion(self) -> float | None:
        return self._moved / self._glances if self._glances else None


def _brightness(rgb: bytes) -> float:
    channels = (sum(rgb[channel::3]) * weight for channel, weight in enumerate(_LUMA))
    return sum(channels) / (len(rgb) / 3) / 255


def _changed(one: bytes, other: bytes) -> float:
    """The share of pixels whose green, the most of luma, differs visibly."""
    steps = map(abs, map(sub, one[1::3], other[1::3]))
    return sum(step > _VISIBLE for step in steps) / (len(one) / 3)


class Storyboard:
    """Takes small pictures in order and cuts them into shots."""

    def __init__(self) -> None:
        self._cuts = CutFinder()
        self._whole = _Stretch(0.0)
        self._shot = _Stretch(0.0)

    def add(self, look: Look) -> Iterator[Shot]:
        """Take the next picture; yield the shot that is now known to have ended, if any."""
        for decided in self._cuts.add(look):
            yield from self._place(decided)

    def end(self, seconds: float) -> Iterator[Shot]:
        """Yield what is left once the last picture, which stands until `seconds`, was added."""
        for decided in self._cuts.rest():
            yield from self._place(decided)
        yield self._close(seconds)

    def picture(self, seconds: float, damaged: int) -> Picture:
        """All shots together."""
        return Picture(
            seconds=seconds,
            frames=self._whole.frames,
            brightness=self._whole.brightness,
            colours=self._whole.palette.main(),
            motion=self._whole.motion,
            damaged=damaged,
        )

    def _place(self, look: Look) -> Iterator[Shot]:
        if look.cut:
            yield self._close(look.start)
            self._shot = _Stretch(look.start)
        self._shot.add(look)

    def _close(self, end: float) -> Shot:
        shot = self._shot
        self._whole.absorb(shot)
        return Shot(
            start=shot.start,
            end=end,
            brightness=shot.brightness,
            colours=shot.palette.main(),
            motion=shot.motion,
        )
