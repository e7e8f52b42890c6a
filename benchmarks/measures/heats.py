"""A heat: riders on one loop, plain or over TLS, taking turns at the same script.

House rule: who cannot run here is named in the table, and where the server was what riders waited
for, the case says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec

import msgspec

from benchmarks.machine import machine, versions
from benchmarks.referee import Turn, compete, rows
from benchmarks.report import Case, Report, Stage, spread
from benchmarks.riders.field import RIDERS, RUNGS
from benchmarks.riders.turns import SERVER_SHARE, Lane
from benchmarks.server.ports import Ports, running_server

__all__ = ["Heat", "Take", "case", "measured"]

_BUSY = 0.8
_DISTRIBUTIONS = (
    "aiohttp",
    "msgspec",
    "uvloop",
    "httpx",
    "httpx-sse",
    "aiohttp-sse-client",
    "openai",
    "anthropic",
)

Take = Callable[[str, str, Lane], Turn]
"""Takes the turn of a rider, by name, at a URL, on a loop; picklable."""


class Heat(msgspec.Struct, frozen=True):
    """Who rides how: the first of `field` is ours, `goals` are what our ratio may be at most."""

    title: str
    field: Sequence[str]
    goals: Mapping[str, float] = {}
    lane: Lane = "asyncio"
    secure: bool = False


def measured(
    benchmark: str,
    subject: str,
    heats: Sequence[Heat],
    run: Callable[[Heat, Ports], Case],
    pace: list[str],
) -> Report:
    """The report of all heats that can be held here, before one server."""
    with running_server() as ports:
        cases = [run(heat, ports) for heat in heats if _can_be_held(heat, ports)]
    names = dict.fromkeys(name for heat in heats for name in heat.field)
    return Report(
        benchmark=benchmark,
        subject=subject,
        machine=machine(),
        versions=versions(*_DISTRIBUTIONS),
        pace=pace,
        cases=cases,
        legend=[f"{name}: {RIDERS[name].gives}" for name in names],
    )


def case(
    heat: Heat,
    ports: Ports,
    take: Take,
    answer: str,
    *,
    turns: int,
    unit: str,
    scale: float,
    profile: bool = False,
) -> Case:
    """Hold one heat: costs are told in `unit`, nanoseconds times `scale`.

    `profile` adds the stages of our way.
    """
    url = (ports.secure_url or "") if heat.secure else ports.url
    runs = {
        name: partial(take, name, url, heat.lane) for name in heat.field if not RIDERS[name].missing
    }
    taken = compete(runs, answer, turns=turns)
    return Case(
        title=heat.title,
        unit=unit,
        rows=rows(taken, list(heat.field), heat.goals, scale),
        stages=_stages(partial(take, url=url, lane=heat.lane), answer, turns, scale)
        if profile
        else [],
        notes=_waited_for(taken),
    )


def _stages(take: Callable[[str], Turn], answer: str, turns: int, scale: float) -> list[Stage]:
    """The ladder is climbed by turns, as a heat is."""
    taken = compete({name: partial(take, name) for name in RUNGS}, answer, turns=turns)
    return [Stage(name, spread([turn.cost * scale for turn in taken[name]])) for name in RUNGS]


def _can_be_held(heat: Heat, ports: Ports) -> bool:
    loop = heat.lane == "asyncio" or find_spec(heat.lane) is not None
    return loop and not (heat.secure and ports.tls is None)


def _waited_for(taken: Mapping[str, Sequence[Turn]]) -> list[str]:
    """Those in whose turns the server was at its limit."""
    shares = {
        name: max(turn.beside.get(SERVER_SHARE, 0.0) for turn in turns)
        for name, turns in taken.items()
    }
    limited = [f"{name} ({share:.0%})" for name, share in shares.items() if share > _BUSY]
    return [f"the server was busy in turns of {', '.join(limited)}"] if limited else []
