"""`foxstream bench report`: everything again from the raw records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from foxstream.bench.result import Report
from foxstream.bench.summary import summarise_levels
from foxstream.cli.bench.columns import show
from foxstream.cli.bench.keeping import Files, kept_whole
from foxstream.cli.bench.load_table import load_lines
from foxstream.cli.bench.measuring import show_results
from foxstream.cli.bench.reading import records_of
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen

__all__ = ["reporting"]


def reporting(file: str, slo: Mapping[str, float], files: Files) -> Job:
    """What shows and keeps the report; `InvalidInputError` where `file` holds no records."""
    records, cut = records_of(file)
    report = Report(results=summarise_levels(records, slo))
    return partial(_report, report, slo, files, cut=cut)


async def _report(
    report: Report, slo: Mapping[str, float], files: Files, screen: Screen, *, cut: bool
) -> int:
    if cut:
        screen.head("The last line was cut and is left out.")
    for number, result in enumerate(report.results):
        if number:
            screen.say("\n")
        show(load_lines(result, slo, [], screen.width), screen)
    show_results(report.results, screen)
    return 0 if await kept_whole(report, files, None, screen) else 1
