"""`python -m benchmarks`: the command line.

House rule: the only room that prints. What has been measured is told and kept at once, so that
nothing is lost if the next measure fails.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from benchmarks import faults, markdown, table
from benchmarks.mishaps import contest, page
from benchmarks.options import ALL, Options, parse
from benchmarks.plot import drawn
from benchmarks.referee import WrongAnswerError
from benchmarks.registry import USUAL, measured
from benchmarks.report import Report, from_json, to_json


def main() -> None:
    """Do what the command line asks for."""
    options = parse(sys.argv[1:])
    try:
        _COMMANDS[options.command](options)
    except WrongAnswerError as error:
        sys.exit(f"error: {error}")


def _measure(options: Options) -> None:
    """Print each table as soon as it is there, or all in Markdown at the end."""
    names = list(dict.fromkeys(options.measures))
    if not names or ALL in names:
        names = USUAL
    reports: list[Report] = []
    for number, name in enumerate(names, 1):
        print(f"measuring {name}, {number} of {len(names)}", file=sys.stderr, flush=True)
        reports.append(measured(name, quick=options.quick, profile=options.profile))
        _keep(options, reports)
        if not options.markdown:
            _print([*table.lines(reports[-1]), ""])
    if options.markdown:
        _print(markdown.lines(reports))


def _show(options: Options) -> None:
    reports = [
        report
        for file in options.files
        for report in _kept(file)
        if options.only is None or report.benchmark in options.only
    ]
    _keep(options, reports)
    if options.markdown:
        _print(markdown.lines(reports))
    else:
        for report in reports:
            _print([*table.lines(report), ""])


def _kept(file: Path) -> list[Report]:
    try:
        return from_json(file.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        sys.exit(f"error: {file} holds no reports: {error}")


def _keep(options: Options, reports: list[Report]) -> None:
    if options.json is not None:
        options.json.write_bytes(to_json(reports))
    if options.plot is not None:
        options.plot.write_bytes(drawn(reports))


def _mishaps(options: Options) -> None:
    report = contest.measure()
    _print(page.markdown(report) if options.markdown else page.lines(report))
    _keep_other(options.json, report)


def _faults(options: Options) -> None:
    """End as a test does where a history ended wrongly."""
    tally, lines = faults.measure(
        options.history or range(options.seed, options.seed + options.schedules),
        sockets=options.sockets,
        verbose=options.verbose,
    )
    _print(lines)
    _keep_other(options.json, tally)
    if tally.failures:
        sys.exit(1)


def _keep_other(file: Path | None, told: contest.Report | faults.Tally) -> None:
    if file is not None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")


def _print(lines: Iterable[str]) -> None:
    print("\n".join(lines), flush=True)


_COMMANDS = {"measure": _measure, "show": _show, "mishaps": _mishaps, "faults": _faults}


if __name__ == "__main__":
    main()
