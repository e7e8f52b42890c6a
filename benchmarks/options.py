"""What can be asked for on the command line.

House rule: what goes without saying is everything: no name means all measures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.registry import MEASURES, told

__all__ = ["ALL", "Options", "parse"]

ALL = "all"
_NAME = "python -m benchmarks"
_EXAMPLES = f"""
examples:
  {_NAME} --quick
  {_NAME} burst paced --json kept.json --plot kept.svg
  {_NAME} show kept.json --markdown

also, each with a --help of its own:
  show      figures that were kept, told again
  mishaps   what becomes of a stream that goes wrong, in the hands of each client
  faults    random histories of mishaps, each judged
"""


class Options(argparse.Namespace):
    """`command` is `measure`, `show`, `mishaps` or `faults`; it says which others there are."""

    command: str
    measures: list[str]
    files: list[Path]
    only: list[str] | None
    quick: bool
    profile: bool
    markdown: bool
    json: Path | None
    plot: Path | None
    schedules: int
    seed: int
    history: bytes | None
    sockets: bool
    verbose: bool


def parse(arguments: Sequence[str]) -> Options:
    """The options of a command, which comes first; anything else is a measure."""
    command, rest = "measure", list(arguments)
    if rest and rest[0] in _COMMANDS:
        command = rest.pop(0)
    parser = argparse.ArgumentParser(
        prog=_NAME if command == "measure" else f"{_NAME} {command}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _COMMANDS[command](parser)
    return parser.parse_args(rest, Options(command=command))


def _measure(parser: argparse.ArgumentParser) -> None:
    names = "\n".join(f"  {name:<9} {told(name)}" for name in MEASURES)
    parser.description = f"What foxstream costs, beside others, as ratios in one run.\n\n{names}"
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "measures",
        nargs="*",
        metavar="MEASURE",
        type=_known,
        help=f"one or more of the above; none, or `{ALL}`, for all but stopwatch",
    )
    parser.add_argument("--quick", action="store_true", help="see that it runs, no figures to keep")
    parser.add_argument(
        "--profile", action="store_true", help="decode, paced: add where foxstream's time goes"
    )
    _told(parser)


def _known(name: str) -> str:
    """`choices` would refuse that nothing is named."""
    if name != ALL and name not in MEASURES:
        raise argparse.ArgumentTypeError(f"no measure is called {name!r}")
    return name


def _show(parser: argparse.ArgumentParser) -> None:
    parser.description = "Figures that were kept by --json, told again."
    parser.epilog = f"example:\n  {_NAME} show kept.json --only burst paced --plot kept.svg"
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--only", nargs="+", type=_known, metavar="MEASURE", help="tell these alone"
    )
    _told(parser)


def _told(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--markdown", action="store_true", help="print the tables of the README instead"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the figures, as SVG")
    _kept(parser)


def _mishaps(parser: argparse.ArgumentParser) -> None:
    parser.description = "What becomes of a stream that goes wrong, in the hands of each client."
    parser.epilog = f"example:\n  {_NAME} mishaps --markdown"
    parser.add_argument("--markdown", action="store_true", help="print the table of the README")
    _kept(parser)


def _faults(parser: argparse.ArgumentParser) -> None:
    parser.description = "Random histories of mishaps, each judged; 1 if any ended wrongly."
    parser.epilog = f"example:\n  {_NAME} faults --schedules 1000 --seed 1"
    parser.add_argument("--schedules", type=int, default=1000, help="how many histories")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first one")
    parser.add_argument("--history", type=str.encode, metavar="JSON", help="this one alone")
    parser.add_argument("--sockets", action="store_true", help="on real sockets")
    parser.add_argument("--verbose", action="store_true", help="tell each in full")
    _kept(parser)


def _kept(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures as JSON")


_COMMANDS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "measure": _measure,
    "show": _show,
    "mishaps": _mishaps,
    "faults": _faults,
}
