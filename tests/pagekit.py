"""What the tests of the caption page share: a page on a real socket, and its viewers."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec

from foxstream.captions import Cue, Tally
from foxstream.captions.page import Listener, Playhead, create_page
from foxstream.sse import Event, Parser
from tests.relaykit import Source

__all__ = ["Page", "cue", "events_of", "final", "growing", "read_events", "serving", "shown"]


class Page(NamedTuple):
    """A page that is served: a client session that begins at its root, and what is behind it."""

    web: aiohttp.ClientSession
    url: str
    tally: Tally
    playhead: Playhead


def cue(window: int, text: str, *, final: bool = True, error: str | None = None) -> Cue:
    return Cue(float(window), window + 1.0, text, final, window, error)


def growing(window: int, *texts: str) -> list[Cue]:
    return [cue(window, text, final=False) for text in texts]


def final(window: int, text: str) -> Cue:
    return cue(window, text)


@asynccontextmanager
async def serving(
    video: Path, *steps: object, cues: AsyncIterable[Cue] | None = None, **options: Any
) -> AsyncIterator[Page]:
    """A page whose cues are `steps`, see `Source`."""
    tally, playhead = Tally(), Playhead()
    source = Source(*steps)() if cues is None else cues
    app = create_page(video, source, tally, playhead=playhead, **options)
    with Listener() as listener:
        async with listener.serving(app), aiohttp.ClientSession(listener.url) as web:
            yield Page(web, listener.url, tally, playhead)


async def read_events(
    web: aiohttp.ClientSession,
    last_event_id: str = "",
    *,
    most: int = 1_000_000,
    until: Callable[[list[Event]], bool] = lambda _: False,
) -> list[Event]:
    """The events until their end, or until they are enough; then the connection is cut."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    parser, events = Parser(), list[Event]()
    async with web.get("/events", headers=headers) as response:
        async for block in response.content.iter_any():
            events += parser.feed(block)
            if len(events) >= most or (events and until(events)):
                response.close()
                return events[:most]
    return events


def events_of(events: Iterable[Event], name: str) -> list[Any]:
    return [msgspec.json.decode(event.data) for event in events if event.event == name]


def shown(events: Iterable[Event]) -> dict[int, list[str]]:
    """The texts of each window, as the script of the page would have them after these events."""
    windows: dict[int, list[tuple[bool, str]]] = {}
    for event in events:
        if event.event == "state":
            windows = {}
            cues = msgspec.json.decode(event.data)["cues"]
        else:
            cues = events_of([event], "cue")
        for each in cues:
            mine = windows.setdefault(each["window"], [])
            if not (mine and mine[0][0] and each["final"]):
                mine.clear()
            mine.append((each["final"], each["text"]))
    return {window: [text for _, text in texts] for window, texts in windows.items()}
