"""What the tests of the relay share: sources that wait for the test, and how events add up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import anyio.lowlevel
import msgspec

from foxstream.answer import Delta
from foxstream.relay import Relay, Viewer
from foxstream.sse import Event

__all__ = ["Source", "begun", "data", "offsets", "texts", "words"]


class Source:
    """Says its steps: text as a delta, an event to wait for, an error to raise, other values.

    `closed` counts how often one of its tellings was ended, `told` how many values it has said.
    """

    def __init__(self, *steps: object) -> None:
        self.steps: Iterable[object] = steps
        self.closed = 0
        self.told = 0

    async def __call__(self) -> AsyncIterator[object]:
        try:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                if hasattr(step, "wait"):
                    await step.wait()
                    continue
                await anyio.lowlevel.checkpoint()
                self.told += 1
                yield Delta(text=step) if isinstance(step, str) else step
        finally:
            self.closed += 1


async def begun(relay: Relay, events: int) -> None:
    """Wait until the relay has so many events."""
    with anyio.fail_after(5):
        async with relay.view() as viewer:
            for _ in range(events):
                await anext(viewer)


async def words(viewer: Viewer) -> list[Event]:
    """All that a viewer is told, to its end."""
    with anyio.fail_after(10):
        return [event async for event in viewer]


def data(event: Event) -> Any:
    return msgspec.json.decode(event.data)


def texts(events: Iterable[Event]) -> str:
    """What a page would show: a delta adds, a snapshot replaces."""
    shown = ""
    for event in events:
        if event.event == "delta":
            shown += data(event)["text"]
        elif event.event == "snapshot":
            shown = "".join(choice["text"] for choice in data(event)["choices"])
    return shown


def offsets(events: Iterable[Event]) -> list[int]:
    return [int(event.id.rpartition(".")[2]) for event in events]
