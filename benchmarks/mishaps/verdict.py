"""What was seen -> a few words.

House rule: the words follow from the texts that the loop got, the way it ended and what the server
saw, the same for every client; nothing here knows who it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from benchmarks.mishaps.faults import ENDLESS_MIB, Fault
from benchmarks.mishaps.stage import Log

__all__ = ["RELEASE_SECONDS", "Observation", "verdict"]

RELEASE_SECONDS = 1.0
"""How long a socket is watched after its loop was left."""


class Observation(msgspec.Struct, frozen=True):
    """The texts that the loop got, how it ended, and what the server saw of it."""

    heard: list[str]
    how: Literal["end", "left", "error", "hang"]
    log: Log
    seconds: float
    error: str | None = None
    message: str | None = None
    kept_in: str | None = None


def verdict(seen: Observation, fault: Fault) -> str:
    """What became of it."""
    return ", ".join([_outcome(seen, fault), *_remarks(seen.log)])


def _outcome(seen: Observation, fault: Fault) -> str:
    match seen.how:
        case "left":
            state = "closed within" if seen.log.left else "open after"
            return f"socket {state} {RELEASE_SECONDS:g} s"
        case "hang":
            return f"hangs (> {seen.seconds:g} s) {_progress(seen.heard, fault.pieces)}"
        case "error":
            kept = f", kept in .{seen.kept_in}" if seen.kept_in else ""
            return f"{seen.error} {_progress(seen.heard, fault.pieces)}{kept}"
        case "end":
            return _ending(seen.heard, fault.pieces)


def _ending(heard: list[str], truth: Sequence[str]) -> str:
    """The text of a loop that came to its end as if nothing had happened."""
    if "".join(heard) == "".join(truth):
        return "whole"
    if _is_beginning(heard, truth):
        return f"silent truncation ({len(heard)} of {len(truth)})"
    return f"{_difference(heard, truth)} in silence"


def _progress(heard: list[str], truth: Sequence[str]) -> str:
    """How far the loop had come when it was over."""
    if _is_beginning(heard, truth):
        return f"after {len(heard)} of {len(truth)}"
    furthest = max((at for at, piece in enumerate(truth) if piece in heard), default=-1)
    return f"({_difference(heard, truth[: furthest + 1])})"


def _is_beginning(heard: list[str], truth: Sequence[str]) -> bool:
    return heard == list(truth[: len(heard)])


def _difference(heard: Sequence[str], expected: Sequence[str]) -> str:
    surplus = Counter(heard) - Counter(expected)
    repeated = sum(surplus[piece] for piece in set(expected))
    counts = {
        "repeated": repeated,
        "lost": (Counter(expected) - Counter(heard)).total(),
        "garbled": surplus.total() - repeated,
    }
    found = [f"{count} {what}" for what, count in counts.items() if count]
    return " and ".join(found) or "out of order"


def _remarks(log: Log) -> list[str]:
    """What else the server saw."""
    return [
        *([f"pays {log.submits} times"] if log.submits > 1 else []),
        *([f"buffers {ENDLESS_MIB} MiB"] if log.took_all else []),
        *(["sends the key"] if log.key_abroad else ["keeps the key"] if log.abroad else []),
    ]
