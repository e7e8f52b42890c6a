"""`import`: from the start of a process to its first delta, and what `import foxstream` costs.

House rule: it is time on the wall, begun before the process is; each rider's process imports what
that rider needs, and its bytecode is compiled before anybody counts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

import msgspec

from benchmarks.measures import heats
from benchmarks.measures.heats import Heat
from benchmarks.referee import Turn, compete, fingerprint
from benchmarks.report import Case, Check, Report
from benchmarks.riders import cold
from benchmarks.riders.field import (
    AIOHTTP,
    ANTHROPIC,
    FOXSTREAM,
    HTTPX_SSE,
    OPENAI,
    RAW,
    RIDERS,
)
from benchmarks.riders.turns import Lane, expected
from benchmarks.server.ports import Ports
from benchmarks.server.script import Script

__all__ = ["QUICK", "Pace", "first_delta", "imported", "measure"]

HEATS = [
    Heat(
        "to the first delta",
        [FOXSTREAM, RAW, AIOHTTP, HTTPX_SSE, OPENAI, ANTHROPIC],
        {OPENAI: 1 / 2},
    )
]
_SCRIPT = Script(16)
_NOTHING = ""
_IMPORTS = ["import foxstream", "from foxstream import Client"]
_HTTP = {"aiohttp", "httpcore", "httpx", "httpx_sse"}
_LOADED = "HTTP libraries loaded"
_STRUCTS = "raw asyncio and aiohttp + msgspec decode into foxstream's structs, and import those"


class Pace(msgspec.Struct, frozen=True):
    """Turns of each rider, each a process."""

    turns: int = 15


QUICK = Pace(turns=1)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """Every rider's first delta; then the imports alone."""
    return heats.measured(
        "import",
        "from the start of a process to its first delta",
        HEATS,
        partial(_case, pace=pace),
        [f"{pace.turns} processes each", "bytecode is cached"],
    )


def first_delta(name: str, url: str, lane: Lane) -> Turn:  # noqa: ARG001 (all run on asyncio's)
    """Start a process for the rider: ns until it had its first delta."""
    mount: Any = RIDERS[name].mount  # a function of a module, by whose name its process imports it
    arguments = mount.__module__, mount.__name__, f"{url}/{_SCRIPT.path}"
    began, printed = _python(cold.COMMAND, *arguments)
    first_ns, *heard = msgspec.json.decode(printed, type=tuple[int, str, str])
    return Turn(first_ns - began, fingerprint(*heard))


def imported(statement: str) -> Turn:
    """Start a process for the statement: ns until it was done, and what it has loaded."""
    code = f"{statement}\nimport sys, time\nprint(time.monotonic_ns(), *sys.modules)"
    began, printed = _python(code)
    done_ns, *modules = printed.decode().split()
    return Turn(int(done_ns) - began, "", {_LOADED: float(len(_HTTP.intersection(modules)))})


def _python(code: str, *arguments: str) -> tuple[int, bytes]:
    """When it was started, and what it printed."""
    command = [sys.executable, "-c", code, *arguments]
    began = time.monotonic_ns()
    return began, subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def _case(heat: Heat, ports: Ports, pace: Pace) -> Case:
    answer = expected(_SCRIPT.chunks)
    case = heats.case(heat, ports, first_delta, answer, turns=pace.turns, unit="ms", scale=1e-6)
    return msgspec.structs.replace(case, checks=_checks(pace), notes=[*case.notes, _STRUCTS])


def _checks(pace: Pace) -> list[Check]:
    """What the imports add to the start of an interpreter, and that the first one is lean."""
    runs = {what: partial(imported, what) for what in (_NOTHING, *_IMPORTS)}
    turns = compete(runs, "", turns=pace.turns)
    loaded = max(turn.beside[_LOADED] for turn in turns[_IMPORTS[0]])
    return [
        *(Check(what, _added(turns[what], turns[_NOTHING]), "ms") for what in _IMPORTS),
        Check(f"{_IMPORTS[0]}: {_LOADED}", loaded, goal=0.0),
    ]


def _added(turns: Sequence[Turn], nothing: Sequence[Turn]) -> float:
    pairs = zip(turns, nothing, strict=True)
    return median(turn.cost - bare.cost for turn, bare in pairs) / 1e6
