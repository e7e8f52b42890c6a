"""What more load does: the percentiles of time to first token from level to level.

House rule: a percentile that its sample cannot support is not drawn, and no line is drawn to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
from matplotlib.ticker import FixedLocator, NullLocator

from foxstream.bench.amounts import Unit, unit_of
from foxstream.bench.figures.axes import Axes
from foxstream.bench.figures.canvas import drawn, legend
from foxstream.bench.figures.plot import Plot
from foxstream.bench.figures.scales import far_apart, linear, logarithmic
from foxstream.bench.figures.tidy import plain
from foxstream.bench.ink import Look, look
from foxstream.bench.result import Estimate, Result

__all__ = ["loads_plot"]

_PERCENTILES = ("p50", "p90", "p99")
_WORDS = (
    "Each line is one percentile of the time to first token; the bars are its 95 % confidence "
    "interval, and a side without a bar has no bound. Failed requests are not in it. Where the "
    "lines rise, the service is at its limit; where p99 leaves p50, some wait much longer than "
    "others. A percentile that too few requests support is left out."
)


class _Steps(msgspec.Struct, frozen=True):
    """The levels on an axis: where each stands, what is written there, what all of it means."""

    places: list[float]
    names: list[str]
    what: str


def loads_plot(results: Sequence[Result]) -> Plot | None:
    """From level to level; `None` where there is one alone, or nothing to draw."""
    known = [result for result in results if _values([result])]
    if len(known) < 2:
        return None
    title = "Time to first token against load"
    svg = drawn("loads", title, lambda axes: _draw(axes, known), height=262)
    return Plot("loads", title, _WORDS, svg)


def _values(results: Sequence[Result]) -> list[float]:
    found = (_estimate(result, name).value for result in results for name in _PERCENTILES)
    return [value for value in found if value is not None and value > 0]


def _estimate(result: Result, percentile: str) -> Estimate:
    distribution = result.metrics.get("ttft")
    estimate: Estimate = getattr(distribution, percentile, Estimate())
    return estimate


def _steps(results: Sequence[Result]) -> _Steps:
    rates = [result.load.rate for result in results]
    sizes = [result.load.concurrency for result in results]
    known = [rate for rate in rates if rate is not None]
    if len(known) == len(set(known)) == len(results):
        return _Steps(known, [f"{rate:g}" for rate in known], "requests sent a second")
    kinds = {result.load.arrivals for result in results}
    if not known and len(kinds) == 1 and len(set(sizes)) == len(results):
        return _Steps([*map(float, sizes)], [*map(str, sizes)], "requests at once")
    names = [plain(result.level) for result in results]
    return _Steps([*map(float, range(len(results)))], names, "load")


def _draw(axes: Axes, results: Sequence[Result]) -> None:
    values = _values(results)
    unit, steps = unit_of(values), _steps(results)
    for number, percentile in enumerate(_PERCENTILES):
        estimates = [_estimate(result, percentile) for result in results]
        if any(each.value is not None for each in estimates):
            _draw_line(axes, steps.places, estimates, unit, look(number), percentile)
    if far_apart(values):
        axes.set_yscale("log")
        logarithmic(axes.yaxis, "time to first token", unit, [unit.of(each) for each in values])
    else:
        axes.set_ylim(bottom=0)
        linear(axes.yaxis, "time to first token", unit)
    _mark(axes, steps)
    legend(axes)


def _draw_line(
    axes: Axes,
    places: Sequence[float],
    estimates: Sequence[Estimate],
    unit: Unit,
    look: Look,
    label: str,
) -> None:
    values = [math.nan if each.value is None else unit.of(each.value) for each in estimates]
    below = [_reach(each.value, each.low, unit) for each in estimates]
    above = [_reach(each.value, each.high, unit) for each in estimates]
    axes.errorbar(
        places,
        values,
        (below, above),
        label=label,
        color=look.colour,
        linestyle=look.dash,
        marker=look.marker,
        markersize=4.5,
        capsize=3,
        elinewidth=1,
    )


def _reach(value: float | None, bound: float | None, unit: Unit) -> float:
    """How far the bar goes from its value; nowhere without a bound."""
    return 0.0 if value is None or bound is None else unit.of(abs(value - bound))


def _mark(axes: Axes, steps: _Steps) -> None:
    if steps.places[0] > 0 and far_apart(steps.places):
        axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(steps.places))
    axes.set_xticks(steps.places, steps.names)
    axes.set_xlabel(steps.what)
