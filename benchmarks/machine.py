"""What a figure was measured on: the processor, the Python, the packages.

House rule: read, never asked for; a figure without its machine is no figure.
"""

from __future__ import annotations

import gc
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import msgspec

import foxstream

__all__ = ["Machine", "allow_files", "machine", "pin", "resident", "versions", "waited_ns"]

_CPUINFO = Path("/proc/cpuinfo")
_MEMORY = Path("/proc/self/smaps_rollup")
_SCHEDULED = Path("/proc/self/schedstat")


class Machine(msgspec.Struct, frozen=True):
    """The machine and the interpreter."""

    processor: str
    cores: int
    system: str
    python: str

    @property
    def facts(self) -> list[str]:
        """What a table is headed by."""
        return [self.processor, f"{self.cores} cores", self.system, self.python]


def machine() -> Machine:
    """The one that this runs on."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
    )


def pin(core: int) -> None:
    """Keep this process to one core, the last being -1, where the system can and has two."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core]})


def allow_files(count: int) -> None:
    """Let this process, and those that it starts, have so many files and sockets open."""
    if not find_spec("resource"):
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return
    most = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def resident() -> int:
    """The bytes of memory that this process holds, by the system's exact count (Linux)."""
    gc.collect()
    found = re.search(rb"^Rss:\s+(\d+) kB", _MEMORY.read_bytes(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def waited_ns() -> int:
    """How long this process was ready to run while its core was with others; 0 where unknown."""
    return int(_SCHEDULED.read_bytes().split()[1]) if _SCHEDULED.exists() else 0


def versions(*distributions: str) -> dict[str, str]:
    """foxstream's, and that of each other that is installed."""
    found = {"foxstream": foxstream.__version__}
    for distribution in distributions:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """Linux keeps its name in a file, other systems say it in `platform`."""
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
