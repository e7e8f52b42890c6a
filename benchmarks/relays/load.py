"""How busy the process was that serves the viewers, and whether others had its core."""

from __future__ import annotations

import time

import msgspec

from benchmarks.machine import waited_ns

__all__ = ["USED", "WAITED", "Load", "shares"]

USED = "share of its core that it used"
WAITED = "share of the time that it waited for its core"


class Load(msgspec.Struct, frozen=True):
    """What a process has used since it was started, in ns, and at which monotonic instant."""

    cpu_ns: int
    now_ns: int
    waited_ns: int

    @classmethod
    def now(cls) -> Load:
        """That of this process."""
        return cls(time.process_time_ns(), time.monotonic_ns(), waited_ns())


def shares(before: Load, after: Load) -> dict[str, float]:
    """What part of the time in between it used its core, and waited for it."""
    passed = after.now_ns - before.now_ns
    return {
        USED: (after.cpu_ns - before.cpu_ns) / passed,
        WAITED: (after.waited_ns - before.waited_ns) / passed,
    }
