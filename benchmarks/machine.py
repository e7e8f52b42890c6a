"""What a figure is measured on, and what a process takes of it: cores, files, memory, time.

House rule: read, never asked for.
"""

from __future__ import annotations

import gc
import re
from pathlib import Path

from foxstream.bench.machine import allow_files, machine, pin, versions
from foxstream.bench.result import Machine

__all__ = ["Machine", "allow_files", "machine", "pin", "resident", "versions", "waited_ns"]

_MEMORY = Path("/proc/self/smaps_rollup")
_SCHEDULED = Path("/proc/self/schedstat")


def resident() -> int:
    """The bytes of memory that this process holds, by the system's exact count (Linux)."""
    gc.collect()
    found = re.search(rb"^Rss:\s+(\d+) kB", _MEMORY.read_bytes(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def waited_ns() -> int:
    """How long this process was ready to run while its core was with others; 0 where unknown."""
    return int(_SCHEDULED.read_bytes().split()[1]) if _SCHEDULED.exists() else 0
