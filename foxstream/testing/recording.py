"""A transport that writes down what another one carries.

House rule: it changes nothing on the way. What is written is made fit for a file elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from foxstream.errors import APIConnectionError
from foxstream.exchange import Request, Response, Transport
from foxstream.testing.masking import spellings
from foxstream.testing.tape import (
    Answered,
    Asking,
    Broken,
    Exchange,
    Part,
    Silent,
    asking_of,
    block_of,
)

__all__ = ["Recording", "RecordingTransport"]

_HARMLESS = {"accept", "accept-encoding", "content-length", "content-type", "user-agent"}
_KEPT = ("content-type", "content-encoding", "location", "retry-after", "x-request-id")
_LEFT = "nobody read on when this was recorded"


class Recording:
    """All exchanges of one cassette, and every credential that was seen."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.secrets: set[bytes] = spellings(os.environ.get("FOXAPI_API_KEY", ""))

    async def begin(self, request: Request) -> Exchange:
        """A new exchange."""
        self.secrets |= _secrets_in(request)
        exchange = Exchange(await asking(request), [])
        self.exchanges.append(exchange)
        return exchange


class RecordingTransport:
    """`transport`, with everything written into `recording`; a `Transport`."""

    def __init__(self, transport: Transport, recording: Recording) -> None:
        self._transport = transport
        self._recording = recording

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        """Send, and write down the answer; see `Transport.send`."""
        exchange = await self._recording.begin(request)
        notes = _Notes(self._transport, exchange)
        try:
            response = await self._transport.send(request, deadline)
        except APIConnectionError as error:
            notes.add(Broken(notes.elapsed(), str(error), error.sent))
            raise
        except TimeoutError:
            notes.add(Silent(notes.elapsed()))
            raise
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        notes.add(Answered(notes.elapsed(), response.status, headers))
        return _RecordedResponse(response, notes)

    def now(self) -> int:
        """The clock of the transport inside."""
        return self._transport.now()

    async def sleep(self, seconds: float) -> None:
        """Wait on its clock."""
        await self._transport.sleep(seconds)

    def close(self) -> None:
        """Close it."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close it."""
        await self._transport.aclose()


class _Notes:
    """What is written about one exchange, each part with the seconds since the one before."""

    def __init__(self, clock: Transport, exchange: Exchange) -> None:
        self._clock = clock
        self._exchange = exchange
        self._last = clock.now()

    def elapsed(self) -> float:
        now = self._clock.now()
        elapsed, self._last = (now - self._last) / 1e9, now
        return round(elapsed, 6)

    def add(self, part: Part) -> None:
        self._exchange.parts.append(part)


class _RecordedResponse:
    def __init__(self, response: Response, notes: _Notes) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._notes = notes
        self._ended = False

    async def read(self, deadline: int | None = None) -> bytes:
        try:
            data = await self._response.read(deadline)
        except APIConnectionError as error:
            self._end(Broken(self._notes.elapsed(), str(error)))
            raise
        except TimeoutError:
            self._end(Silent(self._notes.elapsed()))
            raise
        if data:
            self._notes.add(block_of(self._notes.elapsed(), data))
        else:
            self._ended = True
        return data

    def close(self) -> None:
        self._leave()
        self._response.close()

    async def aclose(self) -> None:
        self._leave()
        await self._response.aclose()

    def _leave(self) -> None:
        if not self._ended:
            self._end(Broken(self._notes.elapsed(), _LEFT))

    def _end(self, part: Part) -> None:
        self._ended = True
        self._notes.add(part)


async def asking(request: Request) -> Asking:
    """How a request is told apart; a body in pieces is read where it is JSON."""
    body = request.body or b""
    if not isinstance(body, bytes):
        is_json = request.headers.get("Content-Type", "").startswith("application/json")
        body = b"".join([block async for block in body.blocks()]) if is_json else body.length
    return asking_of(request, body, _secrets_in(request))


def _secrets_in(request: Request) -> set[bytes]:
    """Any header that is not known to be harmless is taken for a secret."""
    values = (v for name, v in request.headers.items() if name.lower() not in _HARMLESS)
    return set[bytes]().union(*map(spellings, values))
