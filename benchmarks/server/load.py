"""How busy the server is, told by itself: `GET /load`."""

from __future__ import annotations

import time
from array import array
from http.client import HTTPConnection, HTTPSConnection
from typing import Self
from urllib.parse import urlsplit

import msgspec

from benchmarks.machine import waited_ns

__all__ = ["Load", "loaded"]


class Load(msgspec.Struct, frozen=True):
    """Nanoseconds of CPU and of the clock since the process began, and the lag of its sends.

    `waited_ns`: it was ready to run and others had its core, as far as the system tells (Linux).
    """

    cpu_ns: int
    now_ns: int
    lag_ns: list[float]
    waited_ns: int = 0

    def share_since(self, before: Self) -> float:
        """Which share of one core the server has used since `before`."""
        return (self.cpu_ns - before.cpu_ns) / max(1, self.now_ns - before.now_ns)

    def waited_since(self, before: Self) -> float:
        """Which share of the time since `before` it waited for its core."""
        return (self.waited_ns - before.waited_ns) / max(1, self.now_ns - before.now_ns)

    @classmethod
    def at(cls, url: str) -> Self:
        """The load of the server at `url`, asked by a plain request of the standard library."""
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.netloc, timeout=30)
        try:
            connection.request("GET", "/load")
            return msgspec.json.decode(connection.getresponse().read(), type=cls)
        finally:
            connection.close()


def loaded(lags: array[int]) -> Load:
    """The load of the process; `lag_ns`: 50th, 99th, 100th percentile since the last time."""
    kept = sorted(lags)
    del lags[:]
    at = (
        [kept[min(len(kept) - 1, len(kept) * share // 100)] for share in (50, 99, 100)]
        if kept
        else []
    )
    lag_ns = [float(lag) for lag in at]
    return Load(time.process_time_ns(), time.monotonic_ns(), lag_ns, waited_ns())
