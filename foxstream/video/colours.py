"""From pixels to plain colour names.

House rule: a name follows from hue, saturation and lightness by the table below, so the same
pixel has the same name everywhere.
"""

from __future__ import annotations

import colorsys
from collections import Counter
from functools import cache

from foxstream.video.facts import Colour

__all__ = ["Palette", "name"]

_HUES = (
    (15, "red"),
    (43, "orange"),
    (68, "yellow"),
    (165, "green"),
    (195, "cyan"),
    (258, "blue"),
    (292, "purple"),
    (342, "pink"),
    (360, "red"),
)
_COARSE = bytes(value & 0xF0 | 0x08 for value in range(256))
_LEAST_SHARE = 0.08
_MOST = 4


@cache
def name(red: int, green: int, blue: int) -> str:
    """Name a colour given as three values from 0 to 255."""
    hue, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    if max(red, green, blue) < 40:
        return "black"
    if saturation < 0.12 or max(red, green, blue) - min(red, green, blue) < 20:
        return _grey(lightness)
    tint = next(tint for end, tint in _HUES if hue * 360 <= end)
    if tint == "orange" and lightness < 0.45:
        return "brown"
    if lightness < 0.25:
        return f"dark {tint}"
    return f"light {tint}" if lightness > 0.75 else tint


def _grey(lightness: float) -> str:
    if lightness > 0.9:
        return "white"
    if lightness > 0.65:
        return "light grey"
    return "grey" if lightness > 0.35 else "dark grey"


class Palette:
    """Collects `pixels` of many pictures and how often each occurs, in steps of 16 per channel."""

    def __init__(self) -> None:
        self.pixels: Counter[tuple[int, int, int]] = Counter()

    def add(self, rgb: bytes) -> None:
        """Count the pixels of one picture, three bytes each."""
        coarse = rgb.translate(_COARSE)
        self.pixels.update(zip(coarse[0::3], coarse[1::3], coarse[2::3], strict=True))

    def main(self) -> tuple[Colour, ...]:
        """Name up to four colours that cover at least 8 % each, the largest first."""
        named: Counter[str] = Counter()
        for pixel, count in self.pixels.items():
            named[name(*pixel)] += count
        total = named.total()
        shares = [Colour(colour, count / total) for colour, count in named.items()]
        shares = [colour for colour in shares if colour.share >= _LEAST_SHARE]
        return tuple(sorted(shares, key=lambda colour: (-colour.share, colour.name))[:_MOST])
