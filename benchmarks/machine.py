"""What a figure was measured on: the processor, the Python, the packages.

House rule: read, never asked for; a figure without its machine is no figure.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

import foxstream

__all__ = ["Machine", "machine", "pin", "versions"]

_CPUINFO = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True):
    """The machine and the interpreter."""

    processor: str
    cores: int
    system: str
    python: str


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
