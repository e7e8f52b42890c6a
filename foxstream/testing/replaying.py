"""A transport that tells what was recorded, as fast as it is wanted.

House rule: at speed 0 the clock is virtual, at any other it is the real one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import anyio

from foxstream.errors import APIConnectionError
from foxstream.exchange import Request, Response, Transport
from foxstream.testing.recording import asking
from foxstream.testing.tape import Answered, Asking, Block, Broken, Exchange, Part
from foxstream.transports.replay import Break, Pause, Play, ReplayTransport

__all__ = ["Take", "replaying"]

T = TypeVar("T")

Take = Callable[[Asking], Exchange]
"""The recorded exchange of a request, each once; raises where there is none."""


_SILENCE = 60.0  # seconds


def replaying(take: Take, speed: float) -> Transport:
    """A transport that plays at `speed`: 0 is at once, 1 as it was, 10 ten times as fast."""
    return _PacedTransport(take, speed) if speed else _InstantTransport(take)


class _InstantTransport:
    """Waits pass in virtual time, so that every duration is still the recorded one."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._plays: dict[int, Play] = {}
        self._replay = ReplayTransport(lambda request: self._plays.pop(id(request)))

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        self._plays[id(request)] = _play_of(self._take(await asking(request)))
        return await self._replay.send(request, deadline)

    def now(self) -> int:
        return self._replay.now()

    async def sleep(self, seconds: float) -> None:
        await self._replay.sleep(seconds)

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""


class _PacedTransport:
    """Waits are real ones."""

    def __init__(self, take: Take, speed: float) -> None:
        self._take = take
        self._speed = speed

    async def send(self, request: Request, deadline: int | None = None) -> Response:
        replay = ReplayTransport([_play_of(self._take(await asking(request)))])
        pace = _Pace(replay, self._speed)
        return _PacedResponse(await pace.kept(replay.send(request), deadline), pace)

    def now(self) -> int:
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""


class _Pace:
    """The virtual time of one answer, waited for."""

    def __init__(self, replay: ReplayTransport, speed: float) -> None:
        self._replay = replay
        self._speed = speed
        self._started = time.monotonic_ns()

    async def kept(self, step: Awaitable[T], deadline: int | None) -> T:
        """What `step` brings, or raises, when it is due; `TimeoutError` at the deadline."""
        try:
            brought = await step
        except APIConnectionError:
            await self._until_due(deadline)
            raise
        await self._until_due(deadline)
        return brought

    async def _until_due(self, deadline: int | None) -> None:
        due = self._started + self._replay.now() / self._speed
        until = due if deadline is None else min(due, deadline)
        await anyio.sleep(max(0.0, (until - time.monotonic_ns()) / 1e9))
        if until < due:
            raise TimeoutError


class _PacedResponse:
    def __init__(self, response: Response, pace: _Pace) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._pace = pace

    async def read(self, deadline: int | None = None) -> bytes:
        return await self._pace.kept(self._response.read(), deadline)

    def close(self) -> None:
        self._response.close()

    async def aclose(self) -> None:
        await self._response.aclose()


def _play_of(exchange: Exchange) -> Play:
    head, *rest = exchange.parts or [Broken(0.0, "no answer was recorded")]
    if isinstance(head, Answered):
        parts = tuple(step for part in rest for step in _steps(part))
        return Play(parts, status=head.status, headers=head.headers, delay=head.after)
    pause, end = _steps(head)
    return Play((end,), delay=pause.seconds)


def _steps(part: Part) -> tuple[Pause, bytes | Break]:
    """What a part does; silence outlasts the clock that ran out when it was recorded."""
    if isinstance(part, Block):
        return Pause(part.after), part.data
    if isinstance(part, Broken):
        return Pause(part.after), Break(part.reason, part.sent)
    return Pause(part.after + _SILENCE), Break("nothing more was recorded")
