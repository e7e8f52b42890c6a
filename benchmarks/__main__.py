"""`python -m benchmarks`: the command line.

House rule: the only room that prints.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks import faults, table
from benchmarks.measures import burst, decode, paced
from benchmarks.mishaps import contest, page
from benchmarks.referee import WrongAnswerError
from benchmarks.report import Report


class _Options(argparse.Namespace):
    measure: str
    quick: bool
    profile: bool
    markdown: bool
    schedules: int
    seed: int
    history: bytes | None
    sockets: bool
    verbose: bool
    json: Path | None


def _decode(options: _Options) -> tuple[Report, Iterator[str]]:
    pace = decode.QUICK if options.quick else decode.Pace()
    report = decode.measure(pace, profile=options.profile)
    return report, table.lines(report)


def _burst(options: _Options) -> tuple[Report, Iterator[str]]:
    report = burst.measure(burst.QUICK if options.quick else burst.Pace())
    return report, table.lines(report)


def _paced(options: _Options) -> tuple[Report, Iterator[str]]:
    report = paced.measure(paced.QUICK if options.quick else paced.Pace())
    return report, table.lines(report)


def _mishaps(options: _Options) -> tuple[contest.Report, Iterator[str]]:
    report = contest.measure()
    return report, page.markdown(report) if options.markdown else page.lines(report)


def _faults(options: _Options) -> tuple[faults.Tally, Iterator[str]]:
    return faults.measure(
        options.history or range(options.seed, options.seed + options.schedules),
        sockets=options.sockets,
        verbose=options.verbose,
    )


_MEASURES = {
    "decode": _decode,
    "burst": _burst,
    "paced": _paced,
    "mishaps": _mishaps,
    "faults": _faults,
}


def main() -> None:
    """Measure, print the table, keep the figures where asked."""
    options = _options()
    try:
        report, lines = _MEASURES[options.measure](options)
    except WrongAnswerError as error:
        sys.exit(f"error: {error}")
    print("\n".join(lines))
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if isinstance(report, faults.Tally) and report.failures:
        sys.exit(1)


def _options() -> _Options:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="decode: what foxstream costs, beside others, as ratios in one run. "
        "mishaps: what becomes of a stream that goes wrong, in the hands of each client. "
        "faults: random histories of mishaps, each judged.",
    )
    parser.add_argument("measure", nargs="?", choices=_MEASURES, default="decode")
    parser.add_argument(
        "--quick", action="store_true", help="decode: see that it runs, no figures to keep"
    )
    parser.add_argument(
        "--profile", action="store_true", help="decode: add where foxstream's time goes"
    )
    parser.add_argument(
        "--markdown", action="store_true", help="mishaps: print the table of the README"
    )
    parser.add_argument("--schedules", type=int, default=1000, help="faults: how many histories")
    parser.add_argument("--seed", type=int, default=0, help="faults: the seed of the first one")
    parser.add_argument("--history", type=str.encode, metavar="JSON", help="faults: this one alone")
    parser.add_argument("--sockets", action="store_true", help="faults: on real sockets")
    parser.add_argument("--verbose", action="store_true", help="faults: tell each in full")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures as JSON")
    return parser.parse_args(namespace=_Options())


if __name__ == "__main__":
    main()
