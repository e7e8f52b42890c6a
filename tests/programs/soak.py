"""Many streams at once for a while: `python -m tests.programs.soak URL LANE --streams 500`.

Every answer is compared with the truth. It tells one line of JSON (`Figures`): what was seen, and
its memory after the first part of the time and at the end, both times without a stream.
"""

from __future__ import annotations

import argparse
import gc
import time
import tracemalloc
from itertools import count

import anyio
import msgspec

from foxstream import Client, FoxError, Retries
from tests.lanes import LANES
from tests.processes import resident_bytes
from tests.programs import tell
from tests.programs.answers import Answer, Said

__all__ = ["Figures"]

_WARM_UP = 0.4
_ANSWER = "20:0.15"
_RETRIES = Retries(backoff=0.05, max_backoff=0.5, poll_interval=0.5)


class Figures(msgspec.Struct):
    """What a soak came to."""

    streams: int = 0
    reconnects: int = 0
    wrong: list[str] = []
    warm_bytes: int = 0
    end_bytes: int = 0
    grown: list[str] = []

    @property
    def growth(self) -> float:
        return self.end_bytes / self.warm_bytes - 1

    def __str__(self) -> str:
        return (
            f"{self.streams:,} streams, {self.reconnects:,} reconnects, {len(self.wrong)} wrong; "
            f"{self.warm_bytes / 2**20:.1f} MiB warm, {self.end_bytes / 2**20:.1f} MiB at the end "
            f"({self.growth:+.1%})"
        )


class Soak:
    """Keeps `streams` of one client going."""

    def __init__(self, client: Client, streams: int) -> None:
        self.figures = Figures()
        self._client = client
        self._streams = streams
        self._seeds = count()

    async def go_on(self, seconds: float) -> None:
        """Ask again and again; the answers that have begun by then are read to their ends."""
        until = time.monotonic() + seconds
        async with anyio.create_task_group() as tasks:
            for _ in range(self._streams):
                tasks.start_soon(self._ask_until, until)

    async def _ask_until(self, until: float) -> None:
        while time.monotonic() < until:
            try:
                await self._ask()
            except FoxError as error:
                self.figures.wrong.append(repr(error))

    async def _ask(self) -> None:
        reasoning, text = [], []
        async with self._client.stream(f"{next(self._seeds)}:{_ANSWER}") as answer:
            async for delta in answer:
                reasoning.append(delta.reasoning)
                text.append(delta.text)
        heard, truth = Said("".join(reasoning), "".join(text)), Answer.of(answer.task_id).said
        self.figures.streams += 1
        self.figures.reconnects += answer.timings.reconnects
        if heard.text != truth.text or (
            answer.completion.reasoning_complete and heard.reasoning != truth.reasoning
        ):
            self.figures.wrong.append(f"{answer.task_id}: {heard}")


async def soak(options: argparse.Namespace) -> None:
    warm_up = options.seconds * _WARM_UP
    async with LANES[options.lane].client(options.url, retries=_RETRIES) as client:
        soak = Soak(client, options.streams)
        await soak.go_on(warm_up)
        soak.figures.warm_bytes = _memory()
        before = tracemalloc.take_snapshot() if options.trace else None
        await soak.go_on(options.seconds - warm_up)
        soak.figures.end_bytes = _memory()
        if before is not None:
            soak.figures.grown = _grown(before)
    tell(msgspec.json.encode(soak.figures).decode())


def _memory() -> int:
    gc.collect()
    return resident_bytes()


def _grown(before: tracemalloc.Snapshot) -> list[str]:
    grown = tracemalloc.take_snapshot().compare_to(before, "lineno")
    return [str(line) for line in grown[:15]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("lane", choices=LANES)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--trace", action="store_true", help="tell where memory grew")
    options = parser.parse_args()
    if options.trace:
        tracemalloc.start(5)
    LANES[options.lane].run(soak, options)
