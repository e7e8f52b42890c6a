"""What a running stream tells about itself: where it is, and when things happened.

House rule: instants are handed in; no clock is read here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from foxstream.answer import Delta

__all__ = ["OnStatus", "Status", "Step", "Timings", "unheard"]

Step = Literal[
    "encoding", "uploading", "submitted", "queued", "streaming", "reconnecting", "polling"
]
"""What a stream without new tokens is doing."""


class Status(msgspec.Struct, frozen=True):
    """One report to `on_status`: the step, and for uploads the share done, from 0 to 1."""

    step: Step
    share: float | None = None


OnStatus = Callable[[Status], object]
"""Is told what a silent stream is doing; called in the event loop, so it must not block."""


def unheard(status: Status) -> None:
    """The `OnStatus` of somebody who did not ask to be told."""


class Timings(msgspec.Struct):
    """The instants of one stream, in monotonic nanoseconds; `None` until they happen.

    `started`: the first await. `submitted`: the request was handed to the transport, its media
    ready. `accepted`: the submit was answered. `opened`: the stream's headers came. `first_byte`
    and `first_event`: of the stream. `first_token`: the first reasoning, text or tool-call token.
    `ended`: the answer was known to be over. Every instant is that of a read, before parsing.
    """

    started: int | None = None
    submitted: int | None = None
    accepted: int | None = None
    opened: int | None = None
    first_byte: int | None = None
    first_event: int | None = None
    first_token: int | None = None
    first_reasoning: int | None = None
    first_text: int | None = None
    last_token: int | None = None
    ended: int | None = None
    reconnects: int = 0
    token_reads: array[int] = msgspec.field(default_factory=lambda: array("q"))
    """The instant of every read that carried tokens."""

    def note_read(self, now: int, *, events: bool) -> None:
        """Note one read of the stream, and whether there were `events` in it or before."""
        if self.first_byte is None:
            self.first_byte = now
        if self.first_event is None and events:
            self.first_event = now

    def note_tokens(self, now: int, deltas: Sequence[Delta]) -> None:
        """Note one read that carried tokens."""
        if self.first_token is None:
            self.first_token = now
        if self.first_text is None or self.first_reasoning is None:
            self._note_kinds(now, deltas)
        self.last_token = now
        self.token_reads.append(now)

    def _note_kinds(self, now: int, deltas: Sequence[Delta]) -> None:
        for delta in deltas:
            if self.first_text is None and delta.text:
                self.first_text = now
            if self.first_reasoning is None and delta.reasoning:
                self.first_reasoning = now

    @property
    def ttft(self) -> float | None:
        """Seconds from `submitted` to the first token of any kind."""
        return _seconds(self.submitted, self.first_token)

    @property
    def ttft_text(self) -> float | None:
        """Seconds from `submitted` to the first answer text."""
        return _seconds(self.submitted, self.first_text)

    @property
    def ttft_reasoning(self) -> float | None:
        """Seconds from `submitted` to the first reasoning."""
        return _seconds(self.submitted, self.first_reasoning)

    @property
    def e2e(self) -> float | None:
        """Seconds from `submitted` to the end of the answer."""
        return _seconds(self.submitted, self.ended)

    @property
    def itl(self) -> list[float]:
        """The gaps, in seconds, between consecutive reads that carried tokens."""
        return [(after - before) / 1e9 for before, after in pairwise(self.token_reads)]


def _seconds(start: int | None, end: int | None) -> float | None:
    return None if start is None or end is None else (end - start) / 1e9
