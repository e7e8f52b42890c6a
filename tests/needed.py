"""Programs that a machine may lack: their tests are skipped, or fail where they are required.

`FOXSTREAM_REQUIRE=redis,chromium` names those that must be there.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from benchmarks.relays.redis import PROGRAM

__all__ = ["CHROMIUM", "need"]

CHROMIUM = Path(shutil.which("chromium") or "/usr/bin/chromium")

_LACKING = {
    "redis": None if PROGRAM else "redis-server is not installed: apt-get install redis-server",
    "chromium": None
    if CHROMIUM.exists() and importlib.util.find_spec("playwright")
    else "needs Chromium and playwright: apt-get install chromium; pip install playwright",
}


def need(name: str) -> None:
    """Go on where the program is there; else skip the test, or fail it where it is required."""
    required = set(filter(None, os.environ.get("FOXSTREAM_REQUIRE", "").split(",")))
    if unknown := required - _LACKING.keys():
        pytest.fail(f"FOXSTREAM_REQUIRE names {unknown}: only {sorted(_LACKING)} are known")
    lacking = _LACKING[name]
    if lacking and name in required:
        pytest.fail(f"FOXSTREAM_REQUIRE has {name}, but {lacking}")
    if lacking:
        pytest.skip(lacking)
