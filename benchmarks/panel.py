"""One case as a panel: a bar for each rider, on a logarithmic axis.

House rule: a goal is marked on the bar of whom it is about, where ours must end to reach it; a
dashed line shows on every bar where ours does.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec

from benchmarks.report import Case, Row, Spread
from benchmarks.scale import Scale
from benchmarks.shapes import bar, line, text, tick, whisker
from benchmarks.table import cost_text, ratio_goal_text, ratio_text, unit_text

__all__ = ["GAP", "Frame", "draw_panel", "panel_height", "spoken"]

GAP = 14
_NAMES = 136
_COST = 56
_RATIO = 54
_ROW = 20
_HEAD = 22
_AXIS = 18


class Frame(msgspec.Struct, frozen=True):
    """Where a panel is on the page."""

    left: float
    top: float
    width: float

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.width


def panel_height(case: Case) -> float:
    """With the room below it."""
    return _HEAD + len(case.rows) * _ROW + _AXIS + GAP


def draw_panel(svg: ET.Element, case: Case, frame: Frame, span: tuple[float, float]) -> None:
    """The axis behind the bars, our line before them."""
    group = ET.SubElement(svg, "g")
    width = frame.width - _NAMES - _COST - _RATIO - 6
    scale = Scale(*span, left=frame.left + _NAMES, width=width)
    _draw_head(group, case, frame)
    _draw_axis(group, case, frame, scale)
    for number, row in enumerate(case.rows):
        middle = frame.top + _HEAD + (number + 0.5) * _ROW
        _draw_row(ET.SubElement(group, "g"), case, row, middle, frame, scale)
    _draw_ours(group, case, frame, scale)


def _draw_head(group: ET.Element, case: Case, frame: Frame) -> None:
    y = frame.top + 14
    text(group, frame.left, y, case.title, "case")
    text(group, frame.right - _RATIO, y, unit_text(case.unit), "small end")
    text(group, frame.right, y, "ratio", "small end")


def _draw_axis(group: ET.Element, case: Case, frame: Frame, scale: Scale) -> None:
    top = frame.top + _HEAD
    bottom = top + len(case.rows) * _ROW
    for mark in scale.marks():
        line(group, scale.at(mark), top, scale.at(mark), bottom, "grid")
        text(group, scale.at(mark), bottom + 12, f"{mark:,g}", "small middle")


def _draw_ours(group: ET.Element, case: Case, frame: Frame, scale: Scale) -> None:
    """From the end of our bar down across all others."""
    ours = case.rows[0].cost
    if ours is not None:
        at, top = scale.at(ours.median), frame.top + _HEAD
        line(group, at, top + _ROW / 2, at, top + len(case.rows) * _ROW, "here")


def _draw_row(
    group: ET.Element, case: Case, row: Row, middle: float, frame: Frame, scale: Scale
) -> None:
    """A name, a bar, two figures; `middle` is the height on the page."""
    ours = row is case.rows[0]
    ET.SubElement(group, "title").text = spoken(row, case)
    text(group, frame.left, middle + 4, row.name, "name strong" if ours else "name")
    if row.cost is None:
        text(group, scale.left + 4, middle + 4, "not installed", "small")
        return
    _draw_bar(group, row.cost, middle, scale, "ours" if ours else "other")
    if row.goal is not None:
        tick(group, scale.at(row.cost.median * row.goal), middle)
    cost = cost_text(row.cost.median)
    ratio = "" if row.ratio is None else ratio_text(row.ratio.median)
    text(group, frame.right - _RATIO, middle + 4, cost, "name end")
    text(group, frame.right, middle + 4, ratio, "name end")


def _draw_bar(group: ET.Element, cost: Spread, middle: float, scale: Scale, kind: str) -> None:
    bar(group, scale.left, middle, scale.at(cost.median) - scale.left, kind)
    whisker(group, scale.at(cost.low), scale.at(cost.high), middle)


def spoken(row: Row, case: Case) -> str:
    """A bar of a case in words."""
    if row.cost is None:
        return f"{row.name}: not installed"
    low, high = cost_text(row.cost.low), cost_text(row.cost.high)
    said = f"{row.name}: {cost_text(row.cost.median)} {unit_text(case.unit)} ({low} to {high})"
    if row.ratio is not None:
        said += f", {case.rows[0].name} over it {ratio_text(row.ratio.median)}"
    if row.goal is not None:
        said += f", goal {ratio_goal_text(row.goal)} {row.verdict}"
    return said
