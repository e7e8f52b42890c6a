"""What every face of a relay says: its headers, its first words, and how a failure is told.

House rule: no framework is known here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from foxstream.errors import InvalidInputError
from foxstream.relay.entries import ERROR, failure_data
from foxstream.relay.errors import RelayClosedError, RelayError
from foxstream.relay.relays import Relay
from foxstream.relay.viewers import Policy, State, Viewer
from foxstream.sse import encode

__all__ = [
    "HEADERS",
    "LAST_EVENT_ID",
    "OVER",
    "check_retry",
    "event_blocks",
    "is_told",
    "viewer_of",
]

LAST_EVENT_ID = "Last-Event-ID"

OVER = "over"
"""The id that a browser brings after the end of a stream that was for it alone.

It would ask for the stream once more, and at the service that is another one.
"""

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
"""Of an event stream that nothing on the way may keep or buffer."""


def viewer_of(
    relay: Relay,
    last_event_id: str | None,
    policy: Policy,
    max_lag: int,
    state: State | None,
) -> Viewer:
    """The viewer that a request asks for."""
    return relay.view(
        last_event_id=last_event_id or None, policy=policy, max_lag=max_lag, state=state
    )


def is_told(relay: Relay, viewer: Viewer) -> bool:
    """Whether nothing is left to tell: a browser stops to reconnect at status 204."""
    return relay.ended and viewer.unread <= 0


async def event_blocks(viewer: Viewer, retry: float, last_id: str = "") -> AsyncGenerator[bytes]:
    """Yield what goes over the wire; `retry` is after how many seconds a browser reconnects.

    `last_id` is what a browser brings that was told all, where it is not the id of the last event.
    A failure is an `error` event without an id, so that a viewer that comes back goes on from the
    last event it has. Where the relay was closed the stream just ends: another goes on with it.
    """
    yield b"retry: %d\n\n" % round(retry * 1000)
    try:
        while block := await viewer.block():
            yield block
        if last_id:
            yield b"id: %b\n\n" % last_id.encode()
    except RelayClosedError:
        return
    except RelayError as error:
        yield encode(ERROR, failure_data(error))


def check_retry(retry: float) -> None:
    """`InvalidInputError` for a time that is not from 0 to one day, in seconds."""
    if not 0 <= retry <= 86_400:
        raise InvalidInputError(f"retry is {retry}: from 0 to 86400 seconds")
