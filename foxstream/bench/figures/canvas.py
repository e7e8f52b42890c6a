"""From axes to SVG that lives inside a page.

House rule: the same drawing gives the same bytes. Nothing is read from the reader's matplotlib
settings, and none of them is left changed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, MutableMapping
from typing import cast

import matplotlib as mpl
from matplotlib.figure import Figure

from foxstream.bench.figures.axes import Axes
from foxstream.bench.figures.tidy import tidied
from foxstream.bench.ink import GRID, INK, MUTED, PAPER

__all__ = ["WIDTH", "Draw", "drawn", "legend"]

Draw = Callable[[Axes], None]
"""Puts something on empty axes."""

WIDTH = 360
"""Of a figure, in the units of its SVG: as many pixels as a phone has, so that text is readable."""

_POINTS = 72  # an inch, and one point is one unit of the SVG
_STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "foxstream",
    "path.simplify": False,
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 10.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED.sentinel,
    "axes.facecolor": "none",
    "axes.labelcolor": INK.sentinel,
    "figure.facecolor": PAPER.sentinel,
    "grid.color": GRID.sentinel,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.7,
    "text.color": INK.sentinel,
    "xtick.color": MUTED.sentinel,
    "ytick.color": MUTED.sentinel,
    "xtick.labelcolor": INK.sentinel,
    "ytick.labelcolor": INK.sentinel,
}
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def drawn(name: str, title: str, draw: Draw, *, height: float = 240) -> str:
    """The SVG of one figure, `WIDTH` by `height` units.

    `name` sets its ids apart from those of other figures on the page; `title` is what a screen
    reader says.
    """
    with mpl.rc_context():  # pyright: ignore[reportUnknownMemberType] (its keywords are open)
        mpl.rcdefaults()
        cast("MutableMapping[str, object]", mpl.rcParams).update(_STYLE)
        figure = Figure(figsize=(WIDTH / _POINTS, height / _POINTS), layout="constrained")
        draw(cast("Axes", figure.add_subplot()))
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=_NO_METADATA)  # pyright: ignore[reportUnknownMemberType] (so are its own)
    return tidied(file.getvalue(), name, title)


def legend(axes: Axes, *, columns: int = 4) -> None:
    """What is what, above the axes; nothing for a single series."""
    handles, labels = axes.get_legend_handles_labels()
    figure = axes.get_figure(root=True)
    if figure is not None and len(labels) > 1:
        figure.legend(
            handles,
            labels,
            loc="outside upper center",
            ncols=min(columns, len(labels)),
            columnspacing=1.0,
            handletextpad=0.4,
            handlelength=1.8,
        )
