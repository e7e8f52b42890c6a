"""The ways to the network: `AiohttpTransport`, `HttpxTransport`, and `ReplayTransport` without one.

House rule: each room imports its own HTTP library and no other; foreign errors are translated
here, once. The names are loaded when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names

if TYPE_CHECKING:
    from foxstream.transports.aiohttp import AiohttpTransport
    from foxstream.transports.httpx import HttpxTransport
    from foxstream.transports.replay import Break, Pause, Play, ReplayTransport

__all__ = ["AiohttpTransport", "Break", "HttpxTransport", "Pause", "Play", "ReplayTransport"]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AiohttpTransport": "foxstream.transports.aiohttp",
        "HttpxTransport": "foxstream.transports.httpx",
        "Break": "foxstream.transports.replay",
        "Pause": "foxstream.transports.replay",
        "Play": "foxstream.transports.replay",
        "ReplayTransport": "foxstream.transports.replay",
    },
)
