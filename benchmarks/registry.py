"""Every measure by the name under which it is asked for.

House rule: a measure is a module with a `Pace` by default, a `QUICK` one, and `measure(pace)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from benchmarks.measures import (
    burst,
    captions,
    decode,
    fleet,
    gateway,
    long,
    media,
    memory,
    paced,
    relay,
    start,
    stopwatch,
    ttft,
)
from benchmarks.report import Report

__all__ = ["MEASURES", "USUAL", "Measure", "measured", "told"]


class Measure(Protocol):
    """A module of `benchmarks.measures`; its docstring begins with what it measures."""

    @property
    def Pace(self) -> Callable[[], Any]:  # noqa: N802 (a class)
        """How thorough it is where nobody hurries."""
        ...

    @property
    def QUICK(self) -> Any:  # noqa: N802 (a constant)
        """How thorough it is where it shall only be seen to run."""
        ...

    def measure(self, pace: Any) -> Report:
        """Run it."""
        ...


MEASURES: dict[str, Measure] = {
    "decode": decode,
    "burst": burst,
    "paced": paced,
    "ttft": ttft,
    "fleet": fleet,
    "memory": memory,
    "import": start,
    "media": media,
    "long": long,
    "gateway": gateway,
    "relay": relay,
    "captions": captions,
    "stopwatch": stopwatch,
}
"""In the order in which they are run."""

USUAL = [name for name in MEASURES if name != "stopwatch"]
"""Those that run where none is named: the others' programs take half an hour."""


_PROFILED: dict[str, Callable[..., Report]] = {
    "decode": decode.measure,
    "paced": paced.measure,
}
"""Those that can tell where our time goes."""


def told(name: str) -> str:
    """What the measure `name` measures, in a line."""
    return str(MEASURES[name].__doc__).partition("\n")[0].partition(": ")[2].rstrip(".")


def measured(name: str, *, quick: bool = False, profile: bool = False) -> Report:
    """Run the measure `name`; `profile` adds where our time goes, to those that can tell."""
    module = MEASURES[name]
    pace = module.QUICK if quick else module.Pace()
    if profile and name in _PROFILED:
        return _PROFILED[name](pace, profile=True)
    return module.measure(pace)
