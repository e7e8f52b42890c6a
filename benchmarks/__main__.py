"""`python -m benchmarks`: the command line.

House rule: the only room that prints.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from benchmarks import decode, table
from benchmarks.referee import WrongAnswerError

_MEASURES = {"decode": decode.measure}


class _Options(argparse.Namespace):
    measure: str
    quick: bool
    profile: bool
    json: Path | None


def main() -> None:
    """Measure, print the table, keep the figures where asked."""
    options = _options()
    pace = decode.QUICK if options.quick else decode.Pace()
    try:
        report = _MEASURES[options.measure](pace, profile=options.profile)
    except WrongAnswerError as error:
        sys.exit(f"error: {error}")
    print("\n".join(table.lines(report)))
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def _options() -> _Options:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure what foxstream costs, beside others, as ratios in one run.",
    )
    parser.add_argument("measure", nargs="?", choices=_MEASURES, default="decode")
    parser.add_argument("--quick", action="store_true", help="see that it runs: no figures to keep")
    parser.add_argument("--profile", action="store_true", help="add where foxstream's time goes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures as JSON")
    return parser.parse_args(namespace=_Options())


if __name__ == "__main__":
    main()
