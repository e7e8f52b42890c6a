"""Where a line may be broken, and how wide it is on the screen.

House rule: characters are what a reader counts as such, widths are columns of a terminal, and
lines break behind spaces and, where a script has none, between characters, but never before what
closes or behind what opens. A word wider than the screen breaks between characters too.
"""

from __future__ import annotations

import re
from unicodedata import category, east_asian_width

from foxstream.captions.extra import MISSING
from foxstream.errors import MissingExtraError

try:
    from wcwidth import iter_graphemes, wcswidth
except ModuleNotFoundError as _missing:
    raise MissingExtraError(MISSING) from _missing

__all__ = ["characters", "columns_of", "filled", "spaced", "units_of"]

_ZERO_WIDTH_SPACE = "\u200b"
_OPENING, _CLOSING = {"Ps", "Pi"}, {"Pe", "Pf", "Po", "Zs"}
_NEVER_FIRST = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶー々ゝゞヽヾ"
_WORDS = re.compile(r"[^ ]+ *| +")
# White space but for what is there to keep words together.
_SPACES = re.compile(r"[^\S\xa0\u202f]+")
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def spaced(text: str) -> str:
    """Make each run of white space a single space, and show what would steer a screen as U+FFFD."""
    return _STEERING.sub("\ufffd", _SPACES.sub(" ", text))


def characters(text: str) -> int:
    """Count the characters a reader sees; line ends are none."""
    return sum(1 for cluster in iter_graphemes(text) if not cluster.isspace() or cluster == " ")


def columns_of(text: str) -> int:
    """Give the width of `text` in columns; what has none of its own takes none."""
    if text.isascii() and text.isprintable():
        return len(text)
    width = wcswidth(text)
    if width >= 0:
        return width
    return sum(max(0, wcswidth(cluster)) for cluster in iter_graphemes(text))


def units_of(text: str, columns: int) -> list[str]:
    """Cut `text` into what must stay together, each with the space behind it."""
    units: list[str] = []
    for word in _WORDS.findall(text):
        for unit in _parts(word):
            if columns_of(unit.rstrip(" ")) <= columns:
                units.append(unit)
            else:
                units += _chopped(unit, columns)
    return units


def filled(text: str, columns: int) -> list[str]:
    """Fill line after line with as much as fits; spaces behind a line stay with it."""
    lines, width = [""], 0
    for unit in units_of(text, columns):
        if lines[-1] and width + columns_of(unit.rstrip(" ")) > columns:
            lines.append("")
            width = 0
        lines[-1] += unit
        width += columns_of(unit)
    return lines


def _parts(word: str) -> list[str]:
    """The parts of a word between which a line may break."""
    if word.isascii():
        return [word]
    parts = [""]
    for cluster in iter_graphemes(word):
        if parts[-1] and _may_break(parts[-1][-1], cluster[0]):
            parts.append("")
        parts[-1] += cluster
    return parts


def _may_break(before: str, after: str) -> bool:
    if before == _ZERO_WIDTH_SPACE:
        return True
    wide = _is_wide(before) or _is_wide(after)
    return wide and category(before) not in _OPENING and not _must_follow(after)


def _is_wide(character: str) -> bool:
    """Whether it is of a script without spaces; Korean has them."""
    return east_asian_width(character) in {"W", "F"} and not "\uac00" <= character <= "\ud7a3"


def _must_follow(character: str) -> bool:
    return character in _NEVER_FIRST or category(character) in _CLOSING


def _chopped(unit: str, columns: int) -> list[str]:
    pieces, width = [""], 0
    for cluster in iter_graphemes(unit):
        if pieces[-1] and cluster != " " and width + columns_of(cluster) > columns:
            pieces.append("")
            width = 0
        pieces[-1] += cluster
        width += columns_of(cluster)
    return pieces
