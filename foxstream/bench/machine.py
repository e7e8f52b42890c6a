"""What a figure was measured on, and what a process that measures may take of it.

House rule: read, never asked for; a figure without its machine is no figure.
"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from foxstream._version import __version__
from foxstream.bench.result import Machine

__all__ = ["MANY_FILES", "allow_files", "machine", "pin", "versions"]

MANY_FILES = 65536
"""More than streams are ever open at once, where the system lets a process have them."""

_CPUINFO = Path("/proc/cpuinfo")


def machine(*distributions: str) -> Machine:
    """The one that this runs on, with the versions of foxstream and of these distributions."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        versions=versions(*distributions),
    )


def versions(*distributions: str) -> dict[str, str]:
    """foxstream's, and that of each other that is installed."""
    found = {"foxstream": __version__}
    for distribution in distributions:
        try:
            found[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


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
    with suppress(ValueError, OSError):  # some systems refuse more than they name
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _processor() -> str:
    """Linux keeps its name in a file, other systems say it in `platform`."""
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
