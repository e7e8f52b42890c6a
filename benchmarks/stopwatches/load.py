"""What every stopwatch is asked to time: the same answers, as many at once.

House rule: it is written to files, in the form that each of them reads, before anybody's clock
runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from foxstream.bench.truth.script import Script
from foxstream.question import DEFAULT_MODEL

__all__ = ["MODEL", "Load", "write_lines"]

MODEL = DEFAULT_MODEL
"""Whom the gateway plays."""

_LEAD = 0.15
_SPREAD = 0.2
_GOLDEN = 0.6180339887498949
_SILVER = 0.4142135623730951
_THINKING = 5


class Load(msgspec.Struct, frozen=True):
    """`requests` answers of `chunks` tokens, `streams` at once, a token each `interval` seconds.

    An answer has from half as many tokens to half as many more, as real answers do, so that
    streams fall out of step; its first token comes after 0.15 to 0.35 s, a fifth is reasoning.
    """

    streams: int
    requests: int
    chunks: int
    interval: float

    def scripts(self) -> Iterator[Script]:
        """One for each request, spread evenly over all that a load allows."""
        for number in range(self.requests):
            chunks = round(self.chunks * (0.5 + number * _SILVER % 1))
            yield Script(
                lead=round(_LEAD + _SPREAD * (number * _GOLDEN % 1), 6),
                interval=self.interval,
                chunks=chunks,
                reasoning=chunks // _THINKING,
            )

    @property
    def seconds(self) -> float:
        """How long it takes at least, about."""
        answer = _LEAD + _SPREAD / 2 + self.interval * self.chunks
        return answer * self.requests / self.streams


def write_lines(file: Path, load: Load, line: Callable[[str], object]) -> Path:
    """Write `line(prompt)` as JSON for each prompt of the load, and return the file."""
    lines = [msgspec.json.encode(line(script.prompt)) for script in load.scripts()]
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file
