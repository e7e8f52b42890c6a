"""A transport without a network, in virtual time: scripted answers, waits and breaks.

Hours pass in milliseconds: `sleep` and pauses move the clock and return at once. What waits at the
same time waits together, as it does on a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import anyio.lowlevel
import msgspec

from foxstream.errors import APIConnectionError
from foxstream.exchange import Request, Response

__all__ = ["Break", "Pause", "Play", "ReplayTransport"]


class Pause(msgspec.Struct, frozen=True):
    """Nothing comes for `seconds`."""

    seconds: float


class Break(msgspec.Struct, frozen=True):
    """The connection breaks here; as the first part, before the headers.

    `sent` is false for a connection that could not even be made.
    """

    reason: str = "connection reset by peer"
    sent: bool = True


class Play(msgspec.Struct, frozen=True):
    """One scripted answer: `parts` are the blocks that its reads bring, pauses and breaks.

    `delay` is how long the headers take, in seconds.
    """

    parts: tuple[bytes | Pause | Break, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = msgspec.field(
        default_factory=lambda: {"content-type": "text/event-stream"}
    )
    delay: float = 0.0


class ReplayTransport:
    """Answers each request with the next `Play`, or with what a function makes of the request.

    `requests` is what was sent, in order; `open` how many responses were not yet closed.
    """

    def __init__(self, plays: Iterable[Play] | Callable[[Request], Play]) -> None:
        self.requests: list[Request] = []
        self.open: int = 0
        self._now = 0
        self._next = plays if callable(plays) else _in_order(iter(plays))

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Take the next answer; `APIConnectionError` when there is none."""
        began = self._now
        await anyio.lowlevel.checkpoint()
        self.requests.append(request)
        play = self._next(request)
        self.wait(play.delay, deadline, began)
        if play.parts and isinstance(play.parts[0], Break):
            raise APIConnectionError(play.parts[0].reason, sent=play.parts[0].sent)
        self.open += 1
        return _ReplayResponse(self, play)

    def now(self) -> int:
        """The virtual clock, in nanoseconds."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move the clock."""
        began = self._now
        await anyio.lowlevel.checkpoint()
        self.wait(seconds, None, began)

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""

    def wait(self, seconds: float, deadline: int | None, began: int) -> int:
        """Move the clock to `seconds` after `began`, at most to `deadline`: `TimeoutError` there.

        Returns where the wait ended. Waits that began together end together: the clock may be
        there already.
        """
        until = began + round(seconds * 1e9)
        if deadline is not None and until > deadline:
            self._now = max(self._now, deadline)
            raise TimeoutError
        self._now = max(self._now, until)
        return until


class _ReplayResponse:
    """The parts of one `Play`, read one after the other."""

    def __init__(self, transport: ReplayTransport, play: Play) -> None:
        self.status = play.status
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in play.headers.items()}
        self._transport = transport
        self._parts = iter(play.parts)
        self._closed = False

    async def read(self, deadline: int | None = None) -> bytes:
        """The next block; pauses move the clock, a break raises."""
        began = self._transport.now()
        await anyio.lowlevel.checkpoint()
        for part in self._parts:
            if isinstance(part, Pause):
                began = self._transport.wait(part.seconds, deadline, began)
            elif isinstance(part, Break):
                raise APIConnectionError(part.reason)
            elif part:
                return part
        return b""

    def close(self) -> None:
        """Count the response as closed."""
        if not self._closed:
            self._closed = True
            self._transport.open -= 1

    async def aclose(self) -> None:
        """The same."""
        self.close()


def _in_order(plays: Iterator[Play]) -> Callable[[Request], Play]:
    def following(request: Request) -> Play:
        play = next(plays, None)
        if play is None:
            raise APIConnectionError(f"no play is left for {request.method} {request.url}")
        return play

    return following
