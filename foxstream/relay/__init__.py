"""One stream, many viewers: who comes late gets the past, who drops off comes back.

    async with Relay(client.stream("What is happening?")) as relay:
        async with relay.view(last_event_id=request.headers.get("Last-Event-ID")) as viewer:
            async for event in viewer: ...

House rule: the source is read once, by one task that the relay owns. A viewer is a cursor into a
bounded log, so a slow one costs nothing but itself. The names are loaded when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names

if TYPE_CHECKING:
    from foxstream.relay.bounds import Bounds
    from foxstream.relay.entries import Entry
    from foxstream.relay.errors import (
        EventsGoneError,
        LeaseLostError,
        RelayClosedError,
        RelayError,
        SlowViewerError,
        StoreError,
    )
    from foxstream.relay.hub import Hub
    from foxstream.relay.memory_store import MemoryStore
    from foxstream.relay.redis_store import RedisStore
    from foxstream.relay.relays import Relay
    from foxstream.relay.stores import Lease, Page, Store
    from foxstream.relay.viewers import Policy, State, Viewer

__all__ = [
    "Bounds",
    "Entry",
    "EventsGoneError",
    "Hub",
    "Lease",
    "LeaseLostError",
    "MemoryStore",
    "Page",
    "Policy",
    "RedisStore",
    "Relay",
    "RelayClosedError",
    "RelayError",
    "SlowViewerError",
    "State",
    "Store",
    "StoreError",
    "Viewer",
]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Bounds": "foxstream.relay.bounds",
        "Entry": "foxstream.relay.entries",
        "EventsGoneError": "foxstream.relay.errors",
        "Hub": "foxstream.relay.hub",
        "Lease": "foxstream.relay.stores",
        "LeaseLostError": "foxstream.relay.errors",
        "MemoryStore": "foxstream.relay.memory_store",
        "Page": "foxstream.relay.stores",
        "Policy": "foxstream.relay.viewers",
        "RedisStore": "foxstream.relay.redis_store",
        "Relay": "foxstream.relay.relays",
        "RelayClosedError": "foxstream.relay.errors",
        "RelayError": "foxstream.relay.errors",
        "SlowViewerError": "foxstream.relay.errors",
        "State": "foxstream.relay.viewers",
        "Store": "foxstream.relay.stores",
        "StoreError": "foxstream.relay.errors",
        "Viewer": "foxstream.relay.viewers",
    },
)
