"""What a stopwatch is, and what it tells of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.stopwatches.load import Load

__all__ = ["Clock", "Command", "Sample", "Stopwatch"]

Clock = Literal["monotonic", "wall"]
"""The clock whose instants it writes down."""

Command = Callable[[str, Load, Path], list[str]]
"""How it is started on its own command line: the gateway's URL, the load, a folder to itself."""


class Sample(msgspec.Struct, frozen=True):
    """One request as a stopwatch tells it, in nanoseconds of its clock.

    `name` is the id of the answer, or the `X-Request-ID` that it was asked with.
    """

    name: str
    started_ns: int
    ttft_ns: int


class Stopwatch(msgspec.Struct, frozen=True):
    """`samples` reads what its command has left in the folder: the requests that went well.

    `starts` says in words from when it counts.
    """

    command: Command
    samples: Callable[[Path], Iterator[Sample]]
    clock: Clock
    starts: str
