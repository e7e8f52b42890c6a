"""Streams side by side: one lane for each request, in the order in which they were due.

House rule: what is drawn of a lane are its instants, nothing between them is made up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from matplotlib.ticker import MaxNLocator

from foxstream.bench.amounts import Unit, count, unit_of
from foxstream.bench.figures.axes import Axes
from foxstream.bench.figures.canvas import drawn, legend
from foxstream.bench.figures.plot import Plot, seconds_since
from foxstream.bench.figures.scales import linear, thinned
from foxstream.bench.figures.tidy import plain
from foxstream.bench.ink import FAILURE, MUTED, PAPER, REASONING, TEXT
from foxstream.bench.metrics import reads
from foxstream.bench.record import Record
from foxstream.bench.result import Result
from foxstream.bench.window import ended

__all__ = ["MOST_LANES", "lanes_plot", "picked"]

MOST_LANES = 120
"""Drawn on one page, all levels together, with a handful for each at least."""

_FEWEST = 12
_WAVES = 5  # more than so many after each other, and one request is too narrow to see
_LANE = 7.0
_AROUND = 78.0
_TALLEST = 560.0
_INSIDE = 0.72
_COLUMNS = 240

Line = tuple[float, float, float]
"""From, to, and the number of its lane."""


class _Lane(msgspec.Struct, frozen=True):
    """One record on its lane, on an axis that begins at `start` and counts in `unit`."""

    number: int
    record: Record
    start: int
    unit: Unit

    def line(self, first: int | None, last: int | None) -> Iterator[Line]:
        if first is not None and last is not None and first <= last:
            yield self.at(first), self.at(last), self.number

    def at(self, instant: int) -> float:
        return self.unit.of(seconds_since(self.start, instant))

    @property
    def waiting(self) -> Iterator[Line]:
        first = self.record.first_token_ns
        end = ended(self.record) if first is None else first
        yield from self.line(self.record.intended_ns, end)

    @property
    def reasoning(self) -> Iterator[Line]:
        first, text = self.record.first_reasoning_token_ns, self.record.first_text_token_ns
        yield from self.line(first, self.record.last_token_ns if text is None else text)

    @property
    def text(self) -> Iterator[Line]:
        first = self.record.first_text_token_ns
        if first is None and self.record.first_reasoning_token_ns is None:
            first = self.record.first_token_ns
        yield from self.line(first, self.record.last_token_ns)

    @property
    def reads(self) -> Iterator[tuple[float, float]]:
        for instant in reads(self.record):
            yield self.at(instant), self.number

    @property
    def failure(self) -> Iterator[tuple[float, float]]:
        if self.record.failed:
            yield self.at(ended(self.record)), self.number


def picked(result: Result, levels: int) -> tuple[list[Record], int]:
    """The first records of a level to draw among so many levels, and how many are left out."""
    records = [record for record in result.records if record.phase != "warmup"]
    records.sort(key=lambda record: (record.intended_ns, record.index))
    wide = max(_FEWEST, _WAVES * max(result.load.most, result.load.concurrency))
    most = min(wide, max(_FEWEST, MOST_LANES // max(1, levels)))
    return records[:most], max(0, len(records) - most)


def lanes_plot(number: int, result: Result, levels: int) -> Plot | None:
    """The lanes of one level; `None` where there is no record."""
    records, left_out = picked(result, levels)
    if not records:
        return None
    title = f"Streams side by side, {plain(result.level)}"
    name, height = f"lanes-{number}", min(_TALLEST, _AROUND + _LANE * max(8, len(records)))
    svg = drawn(name, title, lambda axes: _draw(axes, records, height), height=height)
    return Plot(name, title, " ".join(_words(number, len(records), left_out)), svg)


def _words(number: int, lanes: int, left_out: int) -> Iterator[str]:
    yield _READING if number == 0 else "To be read like the first figure of streams."
    if left_out:
        yield f"The first {lanes} are drawn; {count(left_out)} more are left out."


_READING = (
    "Each lane is one request, the first due on top. The thin line is waiting, from when it "
    "was due to its first token; then the half-high bar is reasoning and the high bar text. "
    "A dot is a read that carried tokens, a cross a failure. Long thin lines in a staircase "
    "are requests that queue; dots far apart are tokens that came in bundles."
)


def _draw(axes: Axes, records: Sequence[Record], height: float) -> None:
    start = min(record.intended_ns for record in records)
    unit = unit_of(seconds_since(start, ended(record)) for record in records)
    lanes = [_Lane(number, record, start, unit) for number, record in enumerate(records, 1)]
    lane = _INSIDE * (height - _AROUND) / max(8, len(lanes))
    strokes = _stroker(axes, lanes)
    strokes("waiting", lambda lane: lane.waiting, MUTED.sentinel, 0.9)
    strokes("reasoning", lambda lane: lane.reasoning, REASONING, lane / 2)
    strokes("text", lambda lane: lane.text, TEXT, lane)
    _draw_reads(axes, lanes, min(1.4, lane / 2.5))
    _draw_failures(axes, lanes, min(5.0, lane + 1.5))
    axes.set_ylim(max(8, len(lanes)) + 0.7, 0.3)
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.set_ylabel("request")
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    linear(axes.xaxis, "time since the first was due", unit)
    legend(axes)


_Stroke = Callable[[str, Callable[[_Lane], Iterable[Line]], str, float], None]


def _stroker(axes: Axes, lanes: Sequence[_Lane]) -> _Stroke:
    """Draws all lines of one kind as one path, which keeps the page small."""

    def stroke(
        label: str, lines: Callable[[_Lane], Iterable[Line]], colour: str, width: float
    ) -> None:
        x: list[float] = []
        y: list[float] = []
        for lane in lanes:
            for first, last, number in lines(lane):
                x += (first, last, math.nan)
                y += (number, number, math.nan)
        if x:
            axes.plot(x, y, color=colour, linewidth=width, solid_capstyle="butt", label=label)

    return stroke


def _draw_reads(axes: Axes, lanes: Sequence[_Lane], size: float) -> None:
    x: list[float] = []
    y: list[float] = []
    points = [point for lane in lanes for point in lane.reads]
    for at, number in thinned(points, _COLUMNS, len(lanes)) if points else []:
        x += (at, at, math.nan)  # a round end on a line of no length is a dot
        y += (number, number, math.nan)
    axes.plot(x, y, color=PAPER.sentinel, linewidth=size, solid_capstyle="round")


def _draw_failures(axes: Axes, lanes: Sequence[_Lane], size: float) -> None:
    marks = [mark for lane in lanes for mark in lane.failure]
    if marks:
        x, y = [mark[0] for mark in marks], [mark[1] for mark in marks]
        axes.plot(
            x, y, linestyle="none", marker="x", color=FAILURE, markersize=size, label="failed"
        )
