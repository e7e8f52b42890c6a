"""Programs that a machine may lack: their tests are skipped, or fail where they are required.

`FOXSTREAM_REQUIRE=redis,chromium` names those that must be there.
"""

from __future__ import annotations

import os

import pytest

from benchmarks.chromium import LACKING
from benchmarks.chromium import PROGRAM as CHROMIUM
from benchmarks.relays.redis import PROGRAM

__all__ = ["CHROMIUM", "need"]

_LACKING = {
    "redis": None if PROGRAM else "redis-server is not installed: apt-get install redis-server",
    "chromium": LACKING,
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
