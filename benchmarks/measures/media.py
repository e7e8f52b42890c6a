"""`media`: a film on its way out: memory beyond before, and for how long the event loop is held.

House rule: every try is a process that has done nothing but send a small film before. Whatever
else the machine does only adds, so the goal of the loop is held against the best of the tries; the
median is told beside it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import msgspec

from benchmarks.machine import machine, versions
from benchmarks.measures.carriers import CHUNKS, INLINE, UPLOAD, Carrier
from benchmarks.measures.strain import Strain, strain_of
from benchmarks.referee import Turn, alone, rows
from benchmarks.report import Case, Check, Report
from benchmarks.riders.field import FOXSTREAM
from benchmarks.server.ports import Ports, running_server
from benchmarks.server.received import digest, received
from benchmarks.server.script import Script

__all__ = ["QUICK", "Pace", "measure"]

_MIB = 1024 * 1024
_MOST_MEMORY = 16.0
_LONGEST_MS = 20.0
_HEAD = b"\0\0\0\x18ftypmp42"
_MEMORY = "bytes of memory at the peak, beyond before"

Turns = Mapping[str, Sequence[Turn]]
"""By who carried; the cost is for how many seconds the loop was held."""


class Way(msgspec.Struct, frozen=True):
    """How a film of so many bytes travels, and who carries it; the first one is ours."""

    title: str
    carriers: dict[str, Carrier]
    size: int


class Pace(msgspec.Struct, frozen=True):
    """Bytes of a film that is uploaded, of one that goes inline, tries of each carrier."""

    upload: int = 50 * _MIB
    inline: int = 4 * _MIB
    turns: int = 5


QUICK = Pace(upload=2 * _MIB, inline=_MIB // 2, turns=1)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """A file of its own, then one inside the question."""
    ways = [Way("upload", UPLOAD, pace.upload), Way("inline", INLINE, pace.inline)]
    with running_server() as ports, tempfile.TemporaryDirectory() as folder:
        cases = [case for way in ways for case in _cases(way, ports, Path(folder), pace.turns)]
    return Report(
        benchmark="media",
        subject="memory and event loop while a film is sent",
        machine=machine(),
        versions=versions("aiohttp", "anyio", "httpx", "openai"),
        pace=[
            f"{pace.upload / _MIB:g} MiB uploaded, {pace.inline / _MIB:g} MiB inline",
            f"{pace.turns} tries, each in a new process",
        ],
        cases=cases,
        legend=[
            "memory: resident at the peak, beyond what was there before",
            "loop held: the longest that a timer of the same event loop came late",
        ],
    )


def _cases(way: Way, ports: Ports, folder: Path, turns: int) -> list[Case]:
    film = _film(folder / f"{way.title}.mp4", way.size)
    small = _film(folder / "small.mp4", 1024)
    sent = digest(film.read_bytes())
    names = [name for name in way.carriers if find_spec(name)]
    taken: dict[str, list[Turn]] = {name: [] for name in names}
    for _ in range(turns):
        for name in names:
            run = partial(take_turn, way.carriers[name], ports.url, small, film)
            taken[name].append(alone(name, run, sent))
    return [_memory(way, taken), _loop(way, taken)]


def take_turn(carrier: Carrier, url: str, small: Path, film: Path) -> Turn:
    """A small film, off the clock, then `film`; answered with the digest of what has arrived."""

    async def main() -> Strain:
        async with carrier(f"{url}/{Script(CHUNKS).path}") as carry:
            await carry(small)
            received(url)
            return await strain_of(carry(film))

    strain = asyncio.run(main())
    return Turn(strain.held, " ".join(received(url)), {_MEMORY: strain.memory})


def _memory(way: Way, taken: Turns) -> Case:
    turns = {
        name: [msgspec.structs.replace(turn, cost=turn.beside[_MEMORY]) for turn in tries]
        for name, tries in taken.items()
    }
    found = rows(turns, list(way.carriers), {}, 1 / _MIB)
    assert found[0].cost is not None
    what = f"{way.size / _MIB:g} MiB {way.title}: memory beyond before"
    check = Check(what, found[0].cost.median, "MiB", _MOST_MEMORY)
    return Case(f"{way.title}, memory", "MiB", found, [check])


def _loop(way: Way, taken: Turns) -> Case:
    found = rows(taken, list(way.carriers), {}, 1e3)
    assert found[0].cost is not None
    best = min(turn.cost for turn in taken[FOXSTREAM]) * 1e3
    what = f"{way.size / _MIB:g} MiB {way.title}: loop held"
    checks = [
        Check(f"{what}, best try", best, "ms", _LONGEST_MS),
        Check(f"{what}, median", found[0].cost.median, "ms"),
    ]
    return Case(f"{way.title}, loop held", "ms", found, checks)


def _film(file: Path, size: int) -> Path:
    """A file that begins as an MP4 does, and goes on with what cannot be made any smaller."""
    file.write_bytes(_HEAD + os.urandom(size - len(_HEAD)))
    return file
