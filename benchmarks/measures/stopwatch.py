"""`stopwatch`: how far time to first token is from the truth, by whose stopwatch.

House rule: all of them time the same answers of one gateway, which knows when it read each request
and when it was about to write each token. They take turns, each with its own command line in a
process of its own and with all cores, as many as it makes use of; what is told is worked out from
what they wrote down of each request (see `benchmarks.stopwatches.errors`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from benchmarks.machine import allow_files, machine, versions
from benchmarks.referee import Turn, rows
from benchmarks.report import Case, Report
from benchmarks.stopwatches.field import AIPERF, GUIDELLM, STOPWATCHES, Workshop
from benchmarks.stopwatches.load import Load
from benchmarks.stopwatches.run import Figures, RunFailedError, figures
from foxstream.bench.truth.process import TruthfulGateway, truthful_gateway

__all__ = ["QUICK", "Pace", "measure"]

_FASTEST = 0.02
_WHOLE = 0.99
_GOALS = {GUIDELLM: 1.0, AIPERF: 1.0}
_FIGURES = {
    "TTFT of {}": "ttft",
    "TTFT of {}, p99": "ttft_p99",
    "added to {}": "added",
    "added to {}, p99": "added_p99",
    "CPU of {}": "cpu",
}
_REQUESTS = {1: 40, 10: 150, 100: 500, 500: 2000, 1000: 4000}
_NO_VLLM = "vllm bench serve is not compared: it comes only inside vLLM, which needs torch and CUDA"


class Pace(msgspec.Struct, frozen=True):
    """`requests`: how many are made, by how many are at once; `turns` runs of each stopwatch.

    Answers have `chunks` tokens in the mean; all streams together have `rate` tokens a second, each
    of them 50 at most.
    """

    requests: dict[int, int] = msgspec.field(default_factory=_REQUESTS.copy)
    turns: int = 3
    rate: float = 2500.0
    chunks: int = 20

    @property
    def loads(self) -> list[Load]:
        """What is asked, one after the other."""
        return [
            Load(streams, requests, self.chunks, max(_FASTEST, streams / self.rate))
            for streams, requests in self.requests.items()
        ]


QUICK = Pace({1: 4, 4: 12}, turns=1, chunks=5)
"""Enough to see that everything still runs; its figures mean little."""


class Level(msgspec.Struct, frozen=True):
    """What came of all runs of one load, by who made them, and what went wrong."""

    streams: int
    runs: Mapping[str, Sequence[Figures]]
    notes: list[str]


def measure(pace: Pace) -> Report:
    """All stopwatches that are here; the others are named, with how they are installed."""
    workshop = Workshop.of()
    allow_files(2 * max(pace.requests) + 512)
    levels = asyncio.run(_levels(pace, workshop))
    cases = [case for level in levels for case in _cases(level, workshop.names)]
    if cases:
        cases[0].notes.extend(workshop.missing)
    return Report(
        benchmark="stopwatch",
        subject="error of time to first token, against a gateway that knows the truth",
        machine=machine(),
        versions=versions("aiohttp", "msgspec") | workshop.versions,
        pace=_told(pace),
        cases=cases,
        legend=_legend(),
    )


def _told(pace: Pace) -> list[str]:
    requests = ", ".join(f"{made:,} at {streams:,}" for streams, made in pace.requests.items())
    return [
        f"{pace.turns} turns of so many requests at once: {requests}",
        f"{pace.chunks} tokens each in the mean",
        f"{pace.rate:g} tokens a second in all and {1 / _FASTEST:g} a stream at most",
    ]


def _legend() -> list[str]:
    return [
        "TTFT of 100: with 100 streams at once, mean error of the time to first token as told",
        "an error is told without its sign; the truth ends right before the gateway's write",
        "added: beyond the gateway's own time, from the head of the request read to that write",
        "in added there is also what the gateway was late to read, its core being taken",
        "CPU: of a request, with the start and the end of the program",
        *(f"{name} counts from when {each.starts}" for name, each in STOPWATCHES.items()),
        _NO_VLLM,
    ]


async def _levels(pace: Pace, workshop: Workshop) -> list[Level]:
    async with truthful_gateway() as gateway:
        return [await _level(load, pace.turns, gateway, workshop) for load in pace.loads]


async def _level(load: Load, turns: int, gateway: TruthfulGateway, workshop: Workshop) -> Level:
    """Who fails once is out: ratios are of turns that neighbour each other."""
    runs: dict[str, list[Figures]] = {name: [] for name in workshop.names}
    notes: list[str] = []
    for _ in range(turns):
        for name in list(runs):
            try:
                runs[name].append(await figures(name, load, gateway, workshop))
            except RunFailedError as error:
                del runs[name]
                notes.append(f"{name} is left out: {error}")
    notes.extend(_partly(runs))
    return Level(load.streams, runs, notes)


def _partly(runs: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    for name, made in runs.items():
        share = min(each.judged for each in made)
        if share < _WHOLE:
            yield f"{name} told only {share:.0%} of the requests"


def _cases(level: Level, names: Sequence[str]) -> Iterator[Case]:
    """A case for each figure; nothing is compared where ours did not come to its end."""
    ran = [name for name in names if name in level.runs]
    if ran[:1] != names[:1]:
        yield Case(f"{level.streams} at once", "us", notes=level.notes)
        return
    for title, figure in _FIGURES.items():
        turns = {
            name: [Turn(getattr(each, figure), "") for each in level.runs[name]] for name in ran
        }
        cpu = figure == "cpu"
        yield Case(
            title.format(level.streams),
            "ms" if cpu else "us",
            rows=rows(turns, ran, _GOALS if figure == "ttft" else {}, 1e3 if cpu else 1e6),
            notes=level.notes if figure == "ttft" else [],
        )
