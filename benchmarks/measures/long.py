"""`long`: what does not end soon: 100,000 chunks, an event of 4 MiB, a million keep-alives.

House rule: linear means that a unit of the long one costs what a unit of a short one does, in the
same run; bounded means that the peak of memory does not know how long the stream was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from benchmarks.machine import machine, versions
from benchmarks.measures import fed, whole
from benchmarks.measures.fed import WHOLE, Diet
from benchmarks.measures.whole import COMPLETIONS, FALSE_STARTS, Length
from benchmarks.referee import Turn, alone, compete, fingerprint, rows
from benchmarks.report import Case, Check, Report, Row
from benchmarks.riders.turns import expected
from benchmarks.server.dialects import words
from benchmarks.server.ports import Ports, running_server
from benchmarks.server.script import Script

__all__ = ["QUICK", "Pace", "measure"]

_MIB = 1024 * 1024
_LINEAR = 1.2
_CHEAPER = 0.8
_EVENT_COPIES = 3.0
_KEEPALIVES_MIB = 1.0
_TOKENS = 64

Turns = Mapping[str, Sequence[Turn]]
"""By the name of what was read."""


class Pace(msgspec.Struct, frozen=True):
    """The long ones: chunks of an answer, bytes of an event, keep-alives before a token.

    The short ones have a hundredth of the chunks, a quarter of the bytes, a tenth of the
    keep-alives. `turns` of each; what is fed in this process takes `turn_seconds` at least.
    """

    chunks: int = 100_000
    event: int = 4 * _MIB
    keepalives: int = 1_000_000
    turns: int = 5
    turn_seconds: float = 0.2


QUICK = Pace(chunks=2000, event=_MIB, keepalives=5000, turns=1, turn_seconds=0.01)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """Over sockets, and fed to a decoder in the process itself."""
    with running_server() as ports:
        cases = [
            _answers(pace, ports),
            _events_fed(pace),
            _events(pace, ports),
            _keepalives_fed(pace),
            _keepalives(pace, ports),
        ]
    return Report(
        benchmark="long",
        subject="CPU time of a unit of a long stream, beside one of a short stream",
        machine=machine(),
        versions=versions("aiohttp", "msgspec"),
        pace=[f"{pace.turns} turns each"],
        cases=cases,
        legend=[
            "fed: to `Decoder` in this process, reads of 1 KiB, or of one keep-alive each",
            "otherwise through sockets by `Client.stream`, from the opening to the end",
        ],
    )


def _answers(pace: Pace, ports: Ports) -> Case:
    lengths = {
        f"{count:,} chunks": Length(Script(count), expected(count), count, streams)
        for count, streams in ((pace.chunks, 1), (pace.chunks // 100, 100))
    }
    turns = _streamed(lengths, pace, ports)
    most = max(turn.beside[COMPLETIONS] for tries in turns.values() for turn in tries)
    return _case("long answer", "us", turns, [Check(COMPLETIONS, most, goal=1.0)])


def _events_fed(pace: Pace) -> Case:
    diets = {_bytes(size): partial(fed.event, size) for size in (pace.event, pace.event // 4)}
    turns, peak = _fed(diets, pace)
    check = Check("memory at the peak, in times the event", peak / pace.event, "x", _EVENT_COPIES)
    note = (
        "at one moment there is the event and its text. Beyond ASCII Python keeps up to four bytes "
        "for a character of text."
    )
    return _case("large event, fed", "ns", turns, [check], [note])


def _events(pace: Pace, ports: Ports) -> Case:
    """As many bytes in all, in four times as many events."""
    lengths = {
        _bytes(size): Length(
            Script(chunks, width=size), fingerprint(words(size) * chunks, ""), chunks * size
        )
        for size, chunks in ((pace.event, 4), (pace.event // 4, 16))
    }
    return _case("large event", "ns", _streamed(lengths, pace, ports), [])


def _keepalives_fed(pace: Pace) -> Case:
    counts = (pace.keepalives, pace.keepalives // 10)
    diets = {_comments(count): partial(fed.keepalives, count) for count in counts}
    turns, peak = _fed(diets, pace)
    check = Check("memory at the peak", peak / _MIB, "MiB", _KEEPALIVES_MIB)
    return _case("keep-alives, fed", "ns", turns, [check])


def _keepalives(pace: Pace, ports: Ports) -> Case:
    sent = expected(_TOKENS)
    lengths = {
        _comments(count): Length(Script(_TOKENS, comments=count), sent, count, streams)
        for count, streams in ((pace.keepalives, 1), (pace.keepalives // 10, 10))
    }
    turns = _streamed(lengths, pace, ports)
    name, longest = next(iter(lengths.items()))
    peak = alone(name, partial(whole.memory, ports.url, longest), WHOLE).cost
    false = sum(turn.beside[FALSE_STARTS] for tries in turns.values() for turn in tries)
    checks = [
        Check("memory at the peak, beyond before", peak / _MIB, "MiB", _KEEPALIVES_MIB),
        Check(FALSE_STARTS, false, goal=0.0),
    ]
    return _case("keep-alives", "ns", turns, checks)


def _streamed(lengths: Mapping[str, Length], pace: Pace, ports: Ports) -> Turns:
    runs = {name: partial(whole.take_turn, ports.url, length) for name, length in lengths.items()}
    return compete(runs, WHOLE, turns=pace.turns)


def _fed(diets: Mapping[str, Callable[[], Diet]], pace: Pace) -> tuple[Turns, float]:
    """The turns, and the bytes that the first one takes at its peak."""
    runs = {name: partial(fed.take_turn, diet, pace.turn_seconds) for name, diet in diets.items()}
    turns = compete(runs, WHOLE, turns=pace.turns)
    name, longest = next(iter(diets.items()))
    return turns, alone(name, partial(fed.memory, longest), WHOLE).cost


def _case(
    title: str, unit: str, turns: Turns, checks: list[Check], notes: Sequence[str] = ()
) -> Case:
    """The first is the long one; costs are nanoseconds, told in `unit`."""
    long, short = turns
    found = rows(turns, [long, short], {short: _LINEAR}, {"ns": 1.0, "us": 1e-3}[unit])
    return Case(title, unit, found, checks, notes=[*notes, *_cheaper(found[1], long, short)])


def _cheaper(row: Row, long: str, short: str) -> list[str]:
    """Beyond the goal's other side: that is no fault, but it is said."""
    if row.ratio is None or row.ratio.median >= _CHEAPER:
        return []
    return [f"a unit of {long} costs less than one of {short}: it bears less of its stream"]


def _bytes(size: int) -> str:
    return f"event of {size / _MIB:g} MiB" if size >= _MIB else f"event of {size / 1024:g} KiB"


def _comments(count: int) -> str:
    return f"{count:,} comments"
