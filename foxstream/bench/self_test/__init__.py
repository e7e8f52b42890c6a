"""What this tool's own error is on this machine: against a gateway that knows the truth.

House rule: each check is a figure beside its goal; none is left out because it fails.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from foxstream.bench.result import Accuracy
from foxstream.bench.self_test import (
    classification,
    freeze,
    instants,
    intervals,
    pace,
    stalls,
    steps,
)

__all__ = ["CHECKS", "Check", "self_test"]

Check = Callable[[bool], AsyncGenerator[Accuracy]]
"""Yields its figures; told to be quick, it does less of the same."""

CHECKS: dict[str, Check] = {
    "classification": classification.check,
    "instants": instants.check,
    "stalls": stalls.check,
    "pace": pace.check,
    "freeze": freeze.check,
    "steps": steps.check,
    "intervals": intervals.check,
}
"""By name, in the order in which they are run."""


_TRIES = 3


async def self_test(
    *, quick: bool = False, begun: Callable[[str], object] = lambda _: None
) -> AsyncGenerator[Accuracy]:
    """Every figure of every check, as it is found; `begun` is told each check that begins.

    The short form may meet a machine that others use too, and noise only ever adds: there a check
    that misses a goal is tried again, and its last try is told.
    """
    for name, check in CHECKS.items():
        begun(name)
        if quick:
            for figure in await _tried(check):
                yield figure
        else:
            async for figure in check(False):
                yield figure


async def _tried(check: Check) -> list[Accuracy]:
    figures: list[Accuracy] = []
    for _ in range(_TRIES):
        figures = [figure async for figure in check(True)]
        if all(figure.reached for figure in figures):
            break
    return figures
