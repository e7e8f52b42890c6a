"""One viewer: a cursor into the log of a relay.

House rule: a viewer is never pushed to. It reads at its own pace, and what it is owed when it has
fallen behind is decided when it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

import anyio.lowlevel

from foxstream.relay.errors import EventsGoneError, SlowViewerError, again
from foxstream.relay.log import Kept, Log, framed
from foxstream.relay.pulse import Pulse
from foxstream.sse import Event

__all__ = ["Policy", "State", "Viewer"]

Policy = Literal["wait", "snapshot", "disconnect"]
"""What becomes of a viewer that is more than `max_lag` events behind.

`"wait"`: it reads on from where it is, as long as the log reaches back so far. `"snapshot"`: it
gets what was said so far as one event, then goes on live; where no event can tell that, it reads
on. `"disconnect"`: its reading fails.
"""

State = Callable[[], Event]
"""Gives an event that stands for all before it; its id is that of the last it stands for."""

_BLOCK = 64 * 1024  # frames are joined up to about this size
_COMMENT = b": keep-alive\n\n"


class Viewer:
    """An async iterator of `sse.Event`, and an async context manager; made by `Relay.view`.

    The last event is `done`, `error` or `stopped`, and a reading that ends otherwise raises: a
    `RelayError`. `snapshot` events replace all that was told before them. Leaving frees the
    viewer and touches neither the source nor other viewers. It has one reader.
    """

    def __init__(
        self,
        log: Log,
        pulse: Pulse,
        leave: Callable[[Viewer], None],
        *,
        offset: int | None,
        policy: Policy,
        max_lag: int,
        state: State | None = None,
    ) -> None:
        self.on_disconnect: Callable[[], None] | None = None
        """Called when the relay lets go of a viewer that may be stuck in front of its socket."""
        self.has_left: Callable[[], bool] | None = None
        """Asked a few times a second, where nobody tells that the reader has gone."""
        self._log = log
        self._pulse = pulse
        self._leave = leave
        self._offset = offset
        self._policy = policy
        self._max_lag = max_lag
        self._state = state
        self._joined = log.end
        self._waiting = False
        self._over = False

    @property
    def lag(self) -> int:
        """How many events came since this viewer joined that it has not read."""
        offset = 0 if self._offset is None else self._offset
        return max(0, self._log.end - max(offset, self._joined))

    @property
    def unread(self) -> int:
        """How many events of the stream it has not read; all where it begins with a snapshot."""
        return self._log.end - (0 if self._offset is None else self._offset)

    async def block(self) -> bytes:
        """What is there, framed for the wire and joined; a comment after a time of silence.

        Empty at the end. Raises as reading does.
        """
        kept = await self._read(_BLOCK, beats=True)
        if kept:
            return b"".join([event.frame for event in kept])
        return b"" if self._over else _COMMENT

    def close(self) -> None:
        """Leave. Whoever waits for the next event of this viewer stops."""
        self._over = True
        self._leave(self)
        if self._waiting:
            self._pulse.wake()

    async def aclose(self) -> None:
        """Leave; the same as `close`, and never waits."""
        self.close()

    def attend(self) -> None:
        """Let go of this viewer if it has left or is too slow, also where it is stuck."""
        left = self.has_left is not None and self.has_left()
        if self.on_disconnect is not None and (left or self._too_slow("disconnect")):
            self.on_disconnect()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        kept = await self._read(1, beats=False)
        if not kept:
            raise StopAsyncIteration
        return kept[0].event

    async def _read(self, size: int, *, beats: bool) -> list[Kept]:
        """At least one event and about `size` bytes; none at the end, or for a beat."""
        if self._is_ready():
            await anyio.lowlevel.checkpoint()  # who has much to catch up on lets others in
        beat = self._pulse.beats
        while not self._over:
            kept = self._due(size)
            if kept or self._over or (beats and beat != self._pulse.beats):
                return kept
            self._waiting = True
            try:
                await self._pulse.wait()
            finally:
                self._waiting = False
        return []

    def _is_ready(self) -> bool:
        """Whether a read would not wait, and so would give nobody else a turn."""
        log, offset = self._log, self._offset
        ended = self._over or log.ended or log.failure is not None
        return ended or offset is None or offset < log.end

    def _due(self, size: int) -> list[Kept]:
        log = self._log
        if self._too_slow("disconnect"):
            raise SlowViewerError(f"{self.lag} events behind: at most {self._max_lag}")
        start = self._offset
        if start is None or start < log.first or self._too_slow("snapshot"):
            jump = self._jump()
            if jump is not None:
                return [jump]
            start = start or 0
        if start >= log.end:
            return self._nothing(log)
        kept = [log.at(start)]
        while (size := size - len(kept[-1].frame)) > 0 and start + len(kept) < log.end:
            kept.append(log.at(start + len(kept)))
        self._offset = start + len(kept)
        self._over = kept[-1].last
        return kept

    def _jump(self) -> Kept | None:
        """To the newest snapshot, from an offset that is gone, of another stream, or far back.

        `None` where there is none, but each event is still there.
        """
        if self._state is not None:
            event = self._state()
            self._offset = self._log.after(event.id) or 0
            return framed(event)
        snapshot = self._log.snapshot()
        if snapshot is not None:
            self._offset = self._log.told
        elif (self._offset or 0) < self._log.first:
            raise EventsGoneError(f"the log begins with event {self._log.first} by now")
        return snapshot

    def _nothing(self, log: Log) -> list[Kept]:
        self._over = log.ended
        if log.failure is not None and not log.ended:
            raise again(log.failure)
        return []

    def _too_slow(self, policy: Policy) -> bool:
        return self._policy == policy and self.lag > self._max_lag
