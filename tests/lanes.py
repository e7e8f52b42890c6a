"""The ways to the network: a transport on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import trio

from foxstream import Client
from foxstream.exchange import Transport
from foxstream.transports import AiohttpTransport, HttpxTransport

__all__ = ["EVERY_LANE", "LANES", "Lane"]


class Lane(NamedTuple):
    """A transport on an event loop."""

    transport: Callable[[], Transport]
    backend: str

    def client(self, url: str, **options: Any) -> Client:
        return Client("test-key", base_url=url, transport=self.transport(), **options)

    def run(self, main: Callable[..., Any], *arguments: Any) -> Any:
        """Run a whole program, as its author would."""
        if self.backend == "trio":
            return trio.run(main, *arguments)
        return asyncio.run(main(*arguments))


LANES = {
    "aiohttp-asyncio": Lane(AiohttpTransport, "asyncio"),
    "httpx-asyncio": Lane(HttpxTransport, "asyncio"),
    "httpx-trio": Lane(HttpxTransport, "trio"),
}
"""The three that every promise about sockets is tried on."""

EVERY_LANE = LANES | {
    "aiohttp-uvloop": Lane(AiohttpTransport, "uvloop"),
    "httpx-uvloop": Lane(HttpxTransport, "uvloop"),
}
"""With uvloop, for what runs inside a test."""
