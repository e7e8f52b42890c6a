"""Everybody at every fault: starts the server, runs the trials, keeps what was seen.

House rule: a trial ends. Who takes longer than it may hangs, and is killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.machine import Machine, machine, versions
from benchmarks.mishaps.clients import CLIENTS
from benchmarks.mishaps.faults import FAULTS
from benchmarks.mishaps.server import Ports
from benchmarks.mishaps.stage import Log
from benchmarks.mishaps.trial import Ended, Heard, Line
from benchmarks.mishaps.verdict import RELEASE_SECONDS, Observation, verdict

__all__ = ["HANG_SECONDS", "Cell", "Report", "Row", "compare", "measure"]

HANG_SECONDS = 3.0
"""Who has not ended by then hangs."""

_ROOT = Path(__file__).parent.parent.parent
_START_SECONDS = 60.0  # importing a large library on a busy machine
_LOOKS = 50


class Cell(msgspec.Struct, frozen=True):
    """A client at a fault: the verdict, and what it follows from."""

    client: str
    verdict: str
    seen: Observation


class Row(msgspec.Struct, frozen=True):
    """A fault; a client is missing where it cannot meet it or is not installed."""

    fault: str
    title: str
    cells: list[Cell]


class Report(msgspec.Struct, frozen=True, tag_field="benchmark", tag="mishaps"):
    """What was run on what, and what became of it."""

    machine: Machine
    versions: dict[str, str]
    clients: list[str]
    rows: list[Row]


def measure() -> Report:
    """Run every client that is installed at every fault."""
    clients = [name for name, client in CLIENTS.items() if client.installed]
    return Report(
        machine=machine(),
        versions=versions(
            "openai", "httpx-sse", "aiohttp-sse-client", "httpx", "httpx2", "aiohttp"
        ),
        clients=clients,
        rows=asyncio.run(compare(clients, FAULTS)),
    )


async def compare(
    clients: Iterable[str], faults: Iterable[str], hang_seconds: float = HANG_SECONDS
) -> list[Row]:
    """The rows of these clients at these faults; as many trials at a time as there are cores."""
    pairs = [(fault, client) for fault in faults for client in clients if _can_meet(client, fault)]
    turns = asyncio.Semaphore(os.cpu_count() or 1)
    async with _venue(hang_seconds) as venue:
        cells = await asyncio.gather(*(venue.cell(*pair, turns) for pair in pairs))
    rows = {fault: Row(fault, FAULTS[fault].title, []) for fault, _ in pairs}
    for (fault, _), cell in zip(pairs, cells, strict=True):
        rows[fault].cells.append(cell)
    return list(rows.values())


def _can_meet(client: str, fault: str) -> bool:
    return not FAULTS[fault].abroad or CLIENTS[client].follow is not None


class _Venue:
    """Where trials take place: the server that runs, and a way to its log."""

    def __init__(self, session: aiohttp.ClientSession, url: str, hang_seconds: float) -> None:
        self._session = session
        self._url = url
        self._hang_seconds = hang_seconds
        self._trials = count(1)

    async def cell(self, fault: str, client: str, turns: asyncio.Semaphore) -> Cell:
        async with turns:
            seen = await self._observe(client, fault)
        return Cell(client, verdict(seen, FAULTS[fault]), seen)

    async def _observe(self, client: str, fault: str) -> Observation:
        url = f"{self._url}/{fault}/{next(self._trials)}"
        heard: list[str] = []
        async with _process("trial", client, fault, url) as process:
            ended = await _listened(process, heard, self._hang_seconds)
            if ended is None:
                return Observation(heard, "hang", await self._log(url), self._hang_seconds)
            log = await (self._released(url) if ended.how == "left" else self._log(url))
            return Observation(heard, log=log, **msgspec.structs.asdict(ended))

    async def _released(self, url: str) -> Log:
        """The log when the client's socket was closed, or when it was watched long enough."""
        log = await self._log(url)
        for _ in range(_LOOKS):
            if log.left:
                break
            await asyncio.sleep(RELEASE_SECONDS / _LOOKS)
            log = await self._log(url)
        return log

    async def _log(self, url: str) -> Log:
        async with self._session.get(f"{url}/log") as answer:
            return msgspec.json.decode(await answer.read(), type=Log)


@asynccontextmanager
async def _venue(hang_seconds: float) -> AsyncIterator[_Venue]:
    async with _process("server") as server, aiohttp.ClientSession() as session:
        ports = msgspec.json.decode(await _line(server), type=Ports)
        yield _Venue(session, f"http://127.0.0.1:{ports.home}", hang_seconds)


@asynccontextmanager
async def _process(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """One of this package's own programs, killed in the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", f"benchmarks.mishaps.{module}", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _listened(
    process: asyncio.subprocess.Process, heard: list[str], hang_seconds: float
) -> Ended | None:
    """How the trial ended; `None` where it did not. What its loop gets is put into `heard`."""
    await _line(process)
    try:
        async with asyncio.timeout(hang_seconds):
            while True:
                line = msgspec.json.decode(await _line(process), type=Line)
                if isinstance(line, Ended):
                    return line
                if isinstance(line, Heard):
                    heard.append(line.text)
    except TimeoutError:
        return None


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(_START_SECONDS):
        line = await process.stdout.readline()
    if not line:
        raise RuntimeError(f"a process said nothing and ended with code {await process.wait()}")
    return line
