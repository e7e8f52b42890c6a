"""Every fault of the list at one byte of the recorded answer, as histories.

House rule: each fault is named once, here. The byte is where the first connection is cut, the chunk
which that byte belongs to is where a telling goes wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from benchmarks.histories.history import History
from benchmarks.histories.mishaps import Connection, Cut, Ending, Refused, Told, Twist, body_of
from benchmarks.histories.recorded import recorded
from benchmarks.histories.tasks import Task

__all__ = ["SIZE", "edges", "faults", "three_frames"]

_BODY = body_of(Told(), recorded())
_CHUNKS_BEFORE = tuple(accumulate((f.startswith(b"event: chunk") for f in _BODY.frames), initial=0))
SIZE = _BODY.ends[-1]
"""Bytes of the recorded answer."""

_AT_ONCE = 1 << 16  # how a body is cut into reads is not the question here
_ENDINGS: tuple[Ending, ...] = ("end", "reset", "stall", "broken")
_REFUSALS = (
    *map(Refused, (404, 410, 429, 500, 502, 503, None)),
    Refused(429, retry_after=20),
    Refused(404, for_good=True),
)
_TWISTS: tuple[Twist, ...] = ("repeated", "missing", "uncounted", "reported", "diverged")
_ONLY_THE_TASK_KNOWS = {"uncounted", "diverged"}
_TASKS = (
    Task(running=2),
    Task(empty=3),
    Task(ends="empty"),
    Task(ends="silent"),
    Task(ends="failed"),
)


def faults(at: int, one_in: int = 1) -> Iterator[History]:
    """Every ending, and one in so many of the other faults: at the next byte it is others."""
    every = list(_every_fault(at))
    endings, others = every[: len(_ENDINGS)], every[len(_ENDINGS) :]
    yield from endings
    yield from others[at % one_in :: one_in]


def _every_fault(at: int) -> Iterator[History]:
    """Each fault, with the first connection cut after `at` bytes."""
    cut = Told(cut=Cut(at, "reset"))
    for ending in _ENDINGS:
        yield _history(Told(cut=Cut(at, ending)))
    for refused in _REFUSALS:
        yield _history(cut, refused)
    for task in _TASKS:
        yield _history(cut, Refused(410, for_good=True), task=task)
    for replay in _replays(at):
        yield _history(cut, replay)
    yield from _wrong_from_the_start(at)


def _replays(at: int) -> Iterator[Told]:
    """What may come instead of the same answer from its beginning."""
    chunk = _chunk_at(at)
    yield Told("recut")
    yield Told(cut=Cut(at, "reset"))
    for start in (chunk - 1, chunk, chunk + 1):
        yield Told("offset", max(0, start))
    for twist in _TWISTS:
        yield Told(twist, chunk)


def _wrong_from_the_start(at: int) -> Iterator[History]:
    """A first connection that goes wrong at the chunk, and is cut at the byte, or not at all."""
    for twist in _TWISTS:
        told, verify = Told(twist, _chunk_at(at)), twist in _ONLY_THE_TASK_KNOWS
        yield _history(told, verify=verify)
        yield _history(msgspec.structs.replace(told, cut=Cut(at, "reset")), verify=verify)


def _history(*connections: Connection, task: Task = Task(), verify: bool = False) -> History:  # noqa: B008 (frozen)
    return History(connections, task, verify=verify, read_size=_AT_ONCE)


def _chunk_at(at: int) -> int:
    """The number of the chunk that the byte belongs to; the last one's behind them all."""
    return min(_CHUNKS_BEFORE[bisect_right(_BODY.ends, at)], _CHUNKS_BEFORE[-1] - 1)


def edges() -> list[int]:
    """The ends of all frames, and one byte before and after."""
    near = {end + nudge for end in (0, *_BODY.ends) for nudge in (-1, 0, 1)}
    return sorted(at for at in near if 0 <= at <= SIZE)


def three_frames() -> list[int]:
    """Every byte of a frame of reasoning, of one of text with CR LF, and of the last one."""
    reasoning = next(i for i, frame in enumerate(_BODY.frames) if "狐".encode() in frame)
    text = next(
        i for i, frame in enumerate(_BODY.frames) if "狐狸".encode() in frame and b"\r" in frame
    )
    starts = (0, *_BODY.ends)
    frames = (reasoning, text, len(_BODY.frames) - 1)
    return [at for frame in frames for at in range(starts[frame], starts[frame + 1] + 1)]
