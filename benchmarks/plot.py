"""Reports as one picture: an SVG for the README, in light and in dark.

House rule: every bar says its figure in words as well, and no colour says anything alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from benchmarks.panel import GAP, Frame, draw_panel, panel_height, spoken
from benchmarks.report import Case, Report
from benchmarks.scale import span
from benchmarks.shapes import STYLE, bar, text, tick, whisker

__all__ = ["drawn"]

_WIDTH = 900
_MARGIN = 24
_INNER = _WIDTH - 2 * _MARGIN
_BETWEEN = 30
_COLUMN = (_INNER - _BETWEEN) / 2
_LINE = 15
_HEAD = 22
_LETTERS = 130
_TITLE = "foxstream beside others"
_READING = "logarithmic, shorter is better; ratio: the first over this one"


def drawn(reports: Sequence[Report]) -> bytes:
    """Every case that has rows, below the name of its report."""
    svg = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    svg.set("aria-labelledby", "title desc")
    ET.SubElement(svg, "title", id="title").text = _TITLE
    ET.SubElement(svg, "desc", id="desc").text = " ".join(_described(reports))
    ET.SubElement(svg, "style").text = STYLE
    ET.SubElement(svg, "rect", {"class": "paper", "width": "100%", "height": "100%", "rx": "8"})
    bottom = _draw_head(svg, reports)
    for report in reports:
        cases = [case for case in report.cases if case.rows]
        if cases:
            bottom = _draw_report(svg, report, cases, bottom + GAP)
    height = f"{bottom + _MARGIN - GAP:.0f}"
    svg.attrib |= {"width": str(_WIDTH), "height": height, "viewBox": f"0 0 {_WIDTH} {height}"}
    ET.indent(svg)
    return ET.tostring(svg, encoding="utf-8", xml_declaration=True) + b"\n"


def _described(reports: Sequence[Report]) -> Iterator[str]:
    for report in reports:
        for case in report.cases:
            if case.rows:
                yield f"{case.title} ({report.subject}):"
                yield "; ".join(spoken(row, case) for row in case.rows) + "."


def _draw_head(svg: ET.Element, reports: Sequence[Report]) -> float:
    """The title, what it was measured on, and how to read it."""
    top: float = _MARGIN + 12
    text(svg, _MARGIN, top, _TITLE, "title")
    for line in _measured_on(reports):
        top += _LINE
        text(svg, _MARGIN, top, line, "small")
    _draw_key(svg, top + 1.6 * _LINE)
    return top + 2 * _LINE


def _measured_on(reports: Sequence[Report]) -> Iterator[str]:
    yield from dict.fromkeys(", ".join(report.machine.facts) for report in reports)
    versions = {name: kept for report in reports for name, kept in report.versions.items()}
    packages = ", ".join(f"{name} {kept}" for name, kept in versions.items())
    yield from textwrap.wrap(packages, _LETTERS, break_on_hyphens=False)


def _draw_key(svg: ET.Element, y: float) -> None:
    middle = y - 4
    at: float = _MARGIN
    bar(svg, at, middle, 22, "ours")
    text(svg, at + 28, y, "foxstream", "small")
    at += 106
    bar(svg, at, middle, 22, "other")
    text(svg, at + 28, y, "others", "small")
    at += 84
    whisker(svg, at, at + 22, middle)
    text(svg, at + 28, y, "quartiles", "small")
    at += 98
    tick(svg, at + 8, middle)
    text(svg, at + 18, y, "goal: the first (dashed) ends left of it", "small")
    text(svg, _WIDTH - _MARGIN, y, _READING, "small end")


def _draw_report(svg: ET.Element, report: Report, cases: Sequence[Case], top: float) -> float:
    """Panels side by side, each where there is more room; one alone takes the whole width."""
    head = text(svg, _MARGIN, top + 12, report.benchmark, "report")
    ET.SubElement(head, "tspan", {"class": "small", "dx": "8"}).text = report.subject
    bottoms = [top + _HEAD] * min(2, len(cases))
    width = _INNER if len(bottoms) == 1 else _COLUMN
    for case in cases:
        column = bottoms.index(min(bottoms))
        frame = Frame(_MARGIN + column * (_COLUMN + _BETWEEN), bottoms[column], width)
        draw_panel(svg, case, frame, _span(case, cases))
        bottoms[column] += panel_height(case)
    return max(bottoms)


def _span(case: Case, cases: Sequence[Case]) -> tuple[float, float]:
    """One for all cases of a report that are in the same unit, so that they can be compared."""
    return span(
        figure
        for other in cases
        if other.unit == case.unit
        for row in other.rows
        if row.cost is not None
        for figure in (row.cost.low, row.cost.high, row.cost.median * (row.goal or 1))
    )
