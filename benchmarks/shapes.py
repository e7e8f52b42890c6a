"""What a picture is made of, and how it looks in light and in dark.

House rule: a shape is given its place and the name of its look, never a colour.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

__all__ = ["STYLE", "bar", "line", "text", "tick", "whisker"]

STYLE = """
:root {
  --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #e4e8ec;
  --ours: #0969da; --other: #b9c2cc; --goal: #cf222e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --grid: #262c34;
    --ours: #388bfd; --other: #4d5661; --goal: #ff7b72;
  }
}
text {
  font: 11.5px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink);
}
.title { font-size: 17px; font-weight: 600 }
.report { font-size: 14px; font-weight: 600 }
.case, .strong { font-weight: 600 }
.small { font-size: 10.5px; font-weight: 400; fill: var(--soft) }
.end { text-anchor: end }
.middle { text-anchor: middle }
.paper { fill: var(--paper) }
.ours { fill: var(--ours) }
.other { fill: var(--other) }
.grid { stroke: var(--grid) }
.here { stroke: var(--ours); stroke-dasharray: 2 3 }
.whisker { stroke: var(--ink); stroke-width: 1.2 }
.tick { stroke: var(--goal); stroke-width: 3 }
"""

_THICK = 11


def text(parent: ET.Element, x: float, y: float, said: str, kind: str) -> ET.Element:
    """Words, on the line at `y`."""
    found = ET.SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "class": kind})
    found.text = said
    return found


def line(parent: ET.Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
    """From one point to another."""
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    at = {name: f"{end:.1f}" for name, end in ends.items()}
    ET.SubElement(parent, "line", at | {"class": kind})


def bar(parent: ET.Element, x: float, middle: float, width: float, kind: str) -> None:
    """A bar around the line in its `middle`."""
    box = {"x": x, "y": middle - _THICK / 2, "width": width, "height": _THICK}
    at = {name: f"{side:.1f}" for name, side in box.items()}
    ET.SubElement(parent, "rect", at | {"rx": "2", "class": kind})


def whisker(parent: ET.Element, low: float, high: float, middle: float) -> None:
    """The quartiles of a bar."""
    line(parent, low, middle, high, middle, "whisker")
    for end in (low, high):
        line(parent, end, middle - 3, end, middle + 3, "whisker")


def tick(parent: ET.Element, x: float, middle: float) -> None:
    """A goal, across a bar and beyond."""
    line(parent, x, middle - 8, x, middle + 8, "tick")
