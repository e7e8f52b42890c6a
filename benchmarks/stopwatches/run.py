"""One run of a stopwatch: its process, what it wrote down, what the gateway saw.

House rule: whatever it started ends with it, and what it failed with is told in its own words.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import msgspec
from anyio.abc import Process

from benchmarks.stopwatches.errors import Distance, Error, errors
from benchmarks.stopwatches.field import STOPWATCHES, Workshop
from benchmarks.stopwatches.load import Load
from foxstream.bench.self_test.figures import percentile
from foxstream.bench.truth.process import TruthfulGateway

__all__ = ["Figures", "RunFailedError", "figures"]

_ROOT = Path(__file__).parents[2]
_START = 90.0
_SLACK = 6.0
_LOG = "log"
_LONGEST = 200


class RunFailedError(Exception):
    """A stopwatch did not come to its end, or told nothing that can be judged."""


class Figures(msgspec.Struct, frozen=True):
    """Of one run, in seconds: mean and 99th percentile of either error, the CPU time of a request.

    An error counts without its sign. `judged`: the share of the requests that were to be judged.
    """

    ttft: float
    ttft_p99: float
    added: float
    added_p99: float
    cpu: float
    judged: float


async def figures(name: str, load: Load, gateway: TruthfulGateway, workshop: Workshop) -> Figures:
    """Let the stopwatch `name` time the load; `RunFailedError` where that came to nothing."""
    stopwatch = STOPWATCHES[name]
    with tempfile.TemporaryDirectory(prefix="foxstream-") as folder:
        place, distance = Path(folder), Distance()
        command = workshop.started(name, stopwatch.command(gateway.url, load, place))
        await gateway.seen()
        cpu = await _finished(command, place, load)
        try:
            samples, ahead = list(stopwatch.samples(place)), distance.of(stopwatch.clock)
        except (OSError, RuntimeError, msgspec.MsgspecError) as error:
            raise RunFailedError(f"{error}; {_complaint(place)}") from error
        return _judged(errors(samples, await gateway.seen(), ahead, load.streams), cpu, load)


def _judged(found: Sequence[Error], cpu: float, load: Load) -> Figures:
    if not found:
        raise RunFailedError("none of its requests is known to the gateway")
    ttft, added = [abs(error.ttft) for error in found], [abs(error.added) for error in found]
    return Figures(
        ttft=statistics.fmean(ttft),
        ttft_p99=percentile(ttft, 0.99),
        added=statistics.fmean(added),
        added_p99=percentile(added, 0.99),
        cpu=cpu / load.requests,
        judged=len(found) / (load.requests - load.streams),
    )


async def _finished(command: Sequence[str], folder: Path, load: Load) -> float:
    """The CPU seconds that the process and all that it waited for have used."""
    before, limit = _children_cpu(), _START + _SLACK * load.seconds
    async with _started(command, folder / _LOG) as process:
        try:
            with anyio.fail_after(limit):
                status = await process.wait()
        except TimeoutError as error:
            raise RunFailedError(f"not done after {limit:.3g} s") from error
    if status:
        raise RunFailedError(f"ended with {status}; {_complaint(folder)}")
    return _children_cpu() - before


@asynccontextmanager
async def _started(command: Sequence[str], log: Path) -> AsyncGenerator[Process]:
    """The process, in a group of its own: some leave others behind."""
    with log.open("wb") as said:
        async with await anyio.open_process(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=_ROOT,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _complaint(folder: Path) -> str:
    """The first line of what it said that speaks of an error, else the last one."""
    text = (folder / _LOG).read_text(errors="replace")
    said = [line.strip() for line in text.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in said if "error" in line.lower()), said[-1])[:_LONGEST]
