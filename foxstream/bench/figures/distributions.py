"""How waiting times are spread: for each time, the share of requests that took no longer.

House rule: a request that failed has waited for ever. It keeps its curve below one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from foxstream.bench.amounts import Unit, count, unit_of
from foxstream.bench.figures.axes import Axes
from foxstream.bench.figures.canvas import drawn, legend
from foxstream.bench.figures.plot import Plot, steady
from foxstream.bench.figures.scales import far_apart, linear, logarithmic
from foxstream.bench.figures.tidy import plain
from foxstream.bench.ink import Look, look
from foxstream.bench.metrics import gaps, span
from foxstream.bench.record import Record
from foxstream.bench.result import Result

__all__ = ["Curve", "gap_curves", "gaps_plot", "ttft_curves", "ttft_plot"]

_CONFIDENCE = 0.95
_STEPS = 300


class Curve(msgspec.Struct, frozen=True):
    """Sorted `values` in seconds, of `total` that there should have been."""

    level: str
    values: list[float]
    total: int

    @property
    def epsilon(self) -> float:
        """How far, with confidence, the true curve is from this one at most, anywhere (DKW)."""
        return math.sqrt(math.log(2 / (1 - _CONFIDENCE)) / (2 * self.total))

    def steps(self) -> tuple[list[float], list[float]]:
        """Where the curve rises, and to which share; of many values evenly many, and the last."""
        last = len(self.values) - 1
        every = max(1, math.ceil(len(self.values) / _STEPS))
        chosen = [*range(0, last, every), last]
        shares = [(at + 1) / self.total for at in chosen]
        return [self.values[at] for at in chosen], shares


def ttft_curves(results: Sequence[Result]) -> list[Curve]:
    """One for each level that saw a first token."""
    found = ((result.level, steady(result)) for result in results)
    curves = [Curve(level, _first_tokens(records), len(records)) for level, records in found]
    return [curve for curve in curves if curve.values]


def gap_curves(results: Sequence[Result]) -> list[Curve]:
    """One for each level that saw two reads of one stream."""
    found = [(result.level, _gaps(steady(result))) for result in results]
    return [Curve(level, values, len(values)) for level, values in found if values]


def ttft_plot(curves: Sequence[Curve]) -> Plot:
    """Time to first token of every level, each in its band of confidence."""
    title = "Time to first token: how many have waited how long"
    svg = drawn("ttft-spread", title, lambda axes: _draw_ttft(axes, curves), height=262)
    return Plot("ttft-spread", title, " ".join(_ttft_words(curves)), svg)


def gaps_plot(curves: Sequence[Curve]) -> Plot:
    """Gaps between reads of every level, on a logarithmic axis."""
    title = "Gaps between tokens: how many are how long"
    svg = drawn("gaps-spread", title, lambda axes: _draw_gaps(axes, curves), height=262)
    return Plot("gaps-spread", title, _GAP_WORDS, svg)


_GAP_WORDS = (
    "Each curve rises to the share of gaps that were no longer than the time below it. A gap lies "
    "between two reads that carried tokens; the axis is logarithmic, so a curve with two steps "
    "tells of two kinds of gaps, such as tokens that come in bundles. No band is drawn: the gaps "
    "of one stream depend on each other."
)


def _ttft_words(curves: Sequence[Curve]) -> Iterator[str]:
    bands = ", ".join(
        f"{curve.level} ±{100 * curve.epsilon:.0f} ({count(curve.total)} requests)"
        for curve in curves
    )
    yield (
        "Each curve rises to the share of requests that had their first token within the time "
        "below it: further left is faster, steeper is more even. Where it crosses 50 % is the "
        "median. The true curve lies within the band, anywhere along it, with 95 % confidence, "
        "whatever its shape (Dvoretzky, Kiefer, Wolfowitz). How wide it is, in percentage "
        f"points: {bands}."
    )
    if any(len(curve.values) < curve.total for curve in curves):
        yield "A failed request never had its answer, so its curve ends below 100 %."


def _first_tokens(records: Sequence[Record]) -> list[float]:
    found = (span("ttft", record) for record in records if not record.failed)
    return sorted(seconds for seconds in found if seconds is not None)


def _gaps(records: Sequence[Record]) -> list[float]:
    found = chain.from_iterable(gaps(record) for record in records)
    return sorted(seconds for seconds in found if seconds > 0)


def _draw_ttft(axes: Axes, curves: Sequence[Curve]) -> None:
    unit, all_values = _draw_steps(axes, curves, banded=True)
    if far_apart(all_values):
        axes.set_xscale("log")
        logarithmic(axes.xaxis, "time to first token", unit, all_values)
    else:
        axes.set_xlim(left=0)
        linear(axes.xaxis, "time to first token", unit)
    axes.set_ylabel("share of requests (%)")


def _draw_gaps(axes: Axes, curves: Sequence[Curve]) -> None:
    unit, all_values = _draw_steps(axes, curves, banded=False)
    axes.set_xscale("log")
    logarithmic(axes.xaxis, "gap between reads", unit, all_values)
    axes.set_ylabel("share of gaps (%)")


def _draw_steps(axes: Axes, curves: Sequence[Curve], *, banded: bool) -> tuple[Unit, list[float]]:
    """All curves to the same right end; in which unit, and its values."""
    unit = unit_of(chain.from_iterable(curve.values for curve in curves))
    all_values = [unit.of(value) for curve in curves for value in curve.values]
    for number, curve in enumerate(curves):
        x, y = curve.steps()
        x = [unit.of(value) for value in (x[0], *x)] + [max(all_values)]
        y = [100 * share for share in (0.0, *y, y[-1])]
        _draw_step(axes, x, y, look(number), plain(curve.level))
        if banded:
            _draw_band(axes, x, y, 100 * curve.epsilon, look(number))
    axes.set_ylim(0, 102)
    axes.margins(x=0.03)
    legend(axes)
    return unit, all_values


def _draw_step(axes: Axes, x: list[float], y: list[float], look: Look, label: str) -> None:
    axes.plot(x, y, drawstyle="steps-post", color=look.colour, linestyle=look.dash, label=label)


def _draw_band(axes: Axes, x: list[float], y: list[float], epsilon: float, look: Look) -> None:
    lower = [max(0.0, share - epsilon) for share in y]
    upper = [min(100.0, share + epsilon) for share in y]
    axes.fill_between(x, lower, upper, step="post", color=look.colour, alpha=0.16, linewidth=0)
