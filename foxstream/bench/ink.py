"""With what is drawn: inks that follow the reader's light or dark, colours that serve in both.

House rule: no colour says anything alone. Each series has a dash and a marker of its own beside
it, and every colour here stands out three to one from both papers.
"""

from __future__ import annotations

import msgspec

__all__ = ["FAILURE", "GRID", "INK", "INKS", "MUTED", "PAPER", "REASONING", "SHADE", "TEXT", "Ink"]
__all__ += ["SERIES", "Look", "contrast", "look"]


class Ink(msgspec.Struct, frozen=True):
    """A colour that is one in light and another in dark.

    It is drawn as `sentinel`, which stands for it in the SVG until `variable` takes its place.
    """

    name: str
    sentinel: str
    light: str
    dark: str

    @property
    def variable(self) -> str:
        """As CSS asks for it."""
        return f"var(--{self.name})"


PAPER = Ink("paper", "#fa0001", "#ffffff", "#15181c")
INK = Ink("ink", "#fa0002", "#1b1f24", "#e8eaed")
MUTED = Ink("muted", "#fa0003", "#59626d", "#a4adb8")
GRID = Ink("grid", "#fa0004", "#e1e4e8", "#30353c")
SHADE = Ink("shade", "#fa0005", "#ecd28f", "#5c4d1b")

INKS = (PAPER, INK, MUTED, GRID, SHADE)
"""All of them; the page says what they are in both schemes."""

SERIES = ("#2b6fa8", "#de7002", "#219f85", "#7c40fd", "#8487ea")
"""Told apart by most who see no red or no green."""

FAILURE = "#d62828"
REASONING, TEXT = SERIES[1], SERIES[0]

_DASHES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


class Look(msgspec.Struct, frozen=True):
    """How one series is drawn, in matplotlib's terms."""

    colour: str
    dash: str
    marker: str


def look(number: int) -> Look:
    """That of a series by its number; the next 139 look otherwise."""
    return Look(
        SERIES[number % len(SERIES)],
        _DASHES[number % len(_DASHES)],
        _MARKERS[number % len(_MARKERS)],
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours after WCAG 2, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
