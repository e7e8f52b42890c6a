"""The pictures of a report, drawn with matplotlib.

    canvas, tidy             axes to SVG; SVG made fit for a page
    scales, plot             axes of time; what a figure is
    distributions, lanes,    what there is to see
    timeline, loads

House rule: drawn from raw records, with nothing computed that the tables compute otherwise.
Importing this loads matplotlib; only the page does so.
"""

from __future__ import annotations

from collections.abc import Iterator

from foxstream.bench.figures.distributions import gap_curves, gaps_plot, ttft_curves, ttft_plot
from foxstream.bench.figures.lanes import lanes_plot
from foxstream.bench.figures.loads import loads_plot
from foxstream.bench.figures.plot import Plot
from foxstream.bench.figures.timeline import errors_plot, ttft_over_time
from foxstream.bench.result import Report

__all__ = ["Plot", "plots"]


def plots(report: Report) -> list[Plot]:
    """Every figure that the records of a report can fill, in the order to look at them."""
    return [plot for plot in _plots(report) if plot is not None]


def _plots(report: Report) -> Iterator[Plot | None]:
    results = report.results
    if curves := ttft_curves(results):
        yield ttft_plot(curves)
    yield loads_plot(results)
    if curves := gap_curves(results):
        yield gaps_plot(curves)
    yield ttft_over_time(results)
    yield errors_plot(results)
    for number, result in enumerate(result for result in results if result.records):
        yield lanes_plot(number, result, len(results))
