"""Every figure of one request, as a formula over two of its instants.

House rule: nothing is measured here. A figure whose instants did not both come is not there: it is
never zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise

import msgspec

from foxstream.bench.record import Record

__all__ = ["SPANS", "Span", "gaps", "reads", "span", "tpot"]


class Span(msgspec.Struct, frozen=True):
    """The seconds from one named instant to another."""

    name: str
    start: str
    end: str
    about: str

    @property
    def formula(self) -> str:
        """As `--explain` prints it."""
        return f"{self.end} - {self.start}"

    def of(self, record: Record) -> float | None:
        """Seconds; `None` where one of the instants did not come."""
        start, end = record.instant(self.start), record.instant(self.end)
        return None if start is None or end is None else (end - start) / 1e9


_STARTS = {
    "": ("intended", "from when it was due"),
    "_from_issued": ("issued", "from when this program began it"),
    "_from_sent": ("submit_sent", "from its last byte on the way"),
}
_FIRSTS = {
    "ttft": ("first_token", "first token, reasoning or text or tool call"),
    "ttft_text": ("first_text_token", "first answer text"),
    "ttft_reasoning": ("first_reasoning_token", "first reasoning"),
}

SPANS: dict[str, Span] = {
    each.name: each
    for each in (
        *(
            Span(f"{name}{suffix}", start, end, f"{first}, {since}")
            for name, (end, first) in _FIRSTS.items()
            for suffix, (start, since) in _STARTS.items()
        ),
        Span("e2e", "intended", "done", "the whole answer, from when it was due"),
        Span("e2e_from_sent", "submit_sent", "done", "the whole answer, from its last byte sent"),
        Span("send_delay", "intended", "issued", "how late this program began it"),
        Span("connection", "submit_began", "connection_acquired", "from the pool or new"),
        Span("tls", "connected", "tls_done", "the handshake of a new connection"),
        Span("upload", "upload_began", "upload_done", "media sent before the request"),
        Span(
            "sending", "connection_acquired", "submit_sent", "the request itself, its media with it"
        ),
        Span("submit", "submit_sent", "task_accepted", "until the task was accepted"),
        Span("stream_open", "task_accepted", "stream_opened", "until its stream was open"),
        Span("queue", "stream_opened", "first_token", "open, but no token: queue and prefill"),
        Span("thinking", "first_reasoning_token", "first_text_token", "reasoning before the text"),
        Span("decode", "first_token", "last_token", "from the first token to the last"),
    )
}
"""By name."""


def span(name: str, record: Record) -> float | None:
    """Seconds of the named span."""
    return SPANS[name].of(record)


def reads(record: Record) -> list[int]:
    """The instants of the reads that carried tokens, each once."""
    return [instant for instant, _ in groupby(record.chunk_ns)]


def gaps(record: Record) -> Iterator[float]:
    """The seconds between consecutive reads that carried tokens; they add up to `decode`."""
    for before, after in pairwise(reads(record)):
        yield (after - before) / 1e9


def tpot(record: Record) -> float | None:
    """Seconds for each token after the first, by the service's own count; `None` without one."""
    tokens, decode = record.completion_tokens, span("decode", record)
    return None if tokens is None or tokens < 2 or decode is None else decode / (tokens - 1)
