"""Lines of a table: pieces of text with a style, in columns that fit what they hold.

House rule: no frame and no colour carries meaning, so that it reads the same in a file.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len

from foxstream.bench.amounts import Unit, unit_of
from foxstream.bench.result import Distribution, Estimate
from foxstream.cli.screen import Screen

__all__ = [
    "DASH",
    "EMPTY",
    "Cell",
    "Row",
    "aligned",
    "between",
    "folded",
    "show",
    "unit_for",
    "valued",
]

_WIDEST = 100
_MARGIN = 16


class Cell(NamedTuple):
    """A piece of a line."""

    text: str
    style: str = ""


Row = Sequence[Cell]

EMPTY = Cell("")
DASH = Cell("-", "dim")
"""The sample is too small, or nothing was told."""


def aligned(rows: Sequence[Row], *, left: int = 1) -> Iterator[Row]:
    """The rows as lines: the first `left` columns flush left, the others flush right."""
    columns = zip_longest(*rows, fillvalue=EMPTY)
    widths = [max(cell_len(cell.text) for cell in column) for column in columns]
    for row in rows:
        yield [
            _padded(cell, width, at, left=at < left)
            for at, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]


def _padded(cell: Cell, width: int, at: int, *, left: bool) -> Cell:
    blank = " " * (width - cell_len(cell.text))
    text = cell.text + blank if left else blank + cell.text
    return Cell(f"  {text}" if at else text, cell.style)


def folded(name: str, text: str, width: int, style: str = "") -> Iterator[Row]:
    """A name and what is to be said, on as many lines as it takes, under each other."""
    margin = max(_MARGIN, len(name) + 2)
    lines = textwrap.wrap(text, min(width, _WIDEST) - margin, break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        yield [Cell(f"{'' if number else name:{margin}}", style or "dim"), Cell(line, style)]


def show(lines: Iterable[Row], screen: Screen) -> None:
    """Write them to standard output."""
    for line in lines:
        last = max((at for at, cell in enumerate(line) if cell.text.strip()), default=-1)
        for at, cell in enumerate(line[: last + 1]):
            screen.say(cell.text if at < last else cell.text.rstrip(), cell.style)
        screen.say("\n")


def valued(estimate: Estimate, unit: Unit, style: str = "") -> Cell:
    """The figure alone."""
    return DASH if estimate.value is None else Cell(unit.told(estimate.value), style)


def between(estimate: Estimate, unit: Unit) -> Cell:
    """Its interval, or the one bound that there is."""
    low, high = estimate.low, estimate.high
    if estimate.value is None or (low is None and high is None):
        return EMPTY
    if low is None or high is None:
        bound, sign = (high, "≤") if low is None else (low, "≥")
        return Cell(f"{sign}{unit.told(bound or 0.0)}", "dim")
    return Cell(f"{unit.told(low)}\N{EN DASH}{unit.told(high)}", "dim")


def unit_for(distribution: Distribution, names: Iterable[str]) -> Unit:
    """The unit of the row that shows these percentiles and their intervals."""
    estimates: list[Estimate] = [getattr(distribution, name) for name in names]
    shown = [each for one in estimates for each in (one.value, one.low, one.high)]
    return unit_of(each for each in (*shown, distribution.mean) if each is not None)
