"""A whole text, broken into screens at its phrases.

House rule: of all ways to break it the cheapest is taken: few screens, lines of like length, and
breaks behind a sentence or a clause rather than within one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from foxstream.captions.breaking import columns_of, spaced, units_of
from foxstream.captions.layout import Layout

__all__ = ["screens"]

_SENTENCE_ENDS = ".!?…。！？؟।"  # noqa: RUF001 (those of other scripts are meant)
_CLAUSE_ENDS = ',;:–—、，；：،؛)]”"'  # noqa: RUF001
_CLOSING = "\"'”’»)]」』 "  # noqa: RUF001
_CLAUSE, _WITHIN = 0.3, 1.0  # what a break costs; behind a sentence nothing
_SCREEN, _LINE = 1.0, 0.2

_Place = tuple[int, int]
"""So many units are placed, so many lines of the screen are used."""


class _Way(NamedTuple):
    """The cheapest way to a place, and where it came from."""

    cost: float
    before: _Place


class _Unit(NamedTuple):
    """What stays together; `width` and `bare`, without the space behind it, in columns."""

    text: str
    width: int
    bare: int


def screens(text: str, layout: Layout) -> list[tuple[str, ...]]:
    """Break `text` into screens of at most `layout.lines` lines each; no word is lost."""
    whole = spaced(text).strip(" ")
    units = [_measured(unit) for unit in units_of(whole, layout.columns)] if whole else []
    ways = _ways(units, layout)
    found: list[tuple[str, ...]] = []
    place = end = (len(units), 0)
    lines: list[str] = []
    while place != (0, 0):
        place = ways[end].before
        lines.append("".join(unit.text for unit in units[place[0] : end[0]]).rstrip(" "))
        if place[1] == 0:
            found.append(tuple(reversed(lines)))
            lines = []
        end = place
    return found[::-1]


def _measured(unit: str) -> _Unit:
    return _Unit(unit, columns_of(unit), columns_of(unit.rstrip(" ")))


def _ways(units: list[_Unit], layout: Layout) -> dict[_Place, _Way]:
    ways: dict[_Place, _Way] = {(0, 0): _Way(0.0, (0, 0))}
    for placed in range(len(units)):
        for used in range(layout.lines):
            if (placed, used) in ways:
                for place, cost in _steps(units, (placed, used), layout):
                    way = _Way(ways[placed, used].cost + cost, (placed, used))
                    if place not in ways or way < ways[place]:
                        ways[place] = way
    return ways


def _steps(units: list[_Unit], place: _Place, layout: Layout) -> Iterator[tuple[_Place, float]]:
    """Every line that may come next, with the screen going on behind it or ending there."""
    placed, used = place
    for end, width in _lines(units, placed, layout.columns):
        line = _LINE + (1 - width / layout.columns) ** 2
        broken = 0.0 if end == len(units) else _cost_behind(units[end - 1].text)
        if used + 1 < layout.lines:
            yield (end, used + 1), line + broken
        yield (end, 0), line + 2 * broken + _SCREEN


def _lines(units: list[_Unit], placed: int, columns: int) -> Iterator[tuple[int, int]]:
    """The ends and widths of all lines that begin with the unit `placed`."""
    width = 0
    for end in range(placed, len(units)):
        if end > placed and width + units[end].bare > columns:
            return
        yield end + 1, width + units[end].bare
        width += units[end].width


def _cost_behind(unit: str) -> float:
    bare = unit.rstrip(_CLOSING)
    if bare.endswith(tuple(_SENTENCE_ENDS)):
        return 0.0
    return _CLAUSE if unit.rstrip(" ").endswith(tuple(_CLAUSE_ENDS)) else _WITHIN
