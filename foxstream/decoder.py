"""One stream from bytes to deltas: counts its chunks, knows how it ended.

House rule: `feed` never raises. A failure is kept in `error` and raised by whoever reads, after
the good deltas that shared its read. The end of the bytes is said explicitly, by `eof`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from foxstream import wire
from foxstream.answer import Delta
from foxstream.errors import (
    FoxError,
    ProtocolError,
    StreamDivergedError,
    StreamTruncatedError,
)
from foxstream.sse import DEFAULT_MAX_EVENT_BYTES, Event, Parser, Run

__all__ = ["Decoder", "Folding"]

_CHUNK_EVENTS = {"chunk", "message"}


class Folding(Protocol):
    """Where chunks go: a `Transcript`, or the `Retelling` of one."""

    @property
    def finished(self) -> bool:
        """Whether every choice that spoke has said how it ended."""
        ...

    def add(self, chunks: Sequence[wire.Chunk], received_ns: int) -> list[Delta]:
        """Fold the chunks of one read in; return their deltas."""
        ...


class Decoder:
    """Turns the bytes of one stream into deltas, and folds them into `transcript`.

    It understands the task stream (`event: chunk | done | error`, contract section 4) and the
    unnamed `data:` chunks that end with `[DONE]` (section 9.4). `chunks` counts the events read
    as chunks, `total_chunks` is the service's own count, given by `done`. Once `done` or `error`
    is set the stream is `over`, and the rest of it is ignored. `finish_reason_ends` is for streams
    without a task: there a finish reason followed by the end of the bytes is an end too.
    """

    def __init__(
        self,
        transcript: Folding,
        *,
        finish_reason_ends: bool = False,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        self.transcript = transcript
        self._finish_reason_ends = finish_reason_ends
        self.chunks: int = 0
        self.events: int = 0
        self.total_chunks: int | None = None
        self.done: bool = False
        self.error: FoxError | None = None
        self.over: bool = False
        self._last_chunk: bytes = b""
        self._parser = Parser(max_event_bytes)

    def feed(self, block: bytes, received_ns: int = 0) -> list[Delta]:
        """Take the bytes of one read; return their deltas, all stamped `received_ns`."""
        chunks: list[wire.Chunk] = []
        for part in self._parser.feed_runs(block):
            if isinstance(part, Run):
                self._take_run(part, chunks)
            else:
                self._take(part, chunks)
        self.chunks += len(chunks)
        if self._parser.error is not None and not self.over:
            self.fail(self._parser.error)
        try:
            return self.transcript.add(chunks, received_ns)
        except StreamDivergedError as error:
            self.fail(error)
            return []

    def fail(self, error: FoxError) -> None:
        """The stream is over, because of `error`."""
        self.error = error
        self.over = True

    def eof(self) -> None:
        """The bytes are over: without a `done` before, the answer was cut."""
        if self.over:
            return
        if self._finish_reason_ends and self.transcript.finished:
            self._finish()
        else:
            self.fail(
                _reported(self._last_chunk)
                or StreamTruncatedError(
                    f"the stream ended after {self.chunks} chunks without saying that it was done"
                )
            )

    def _finish(self) -> None:
        self.done = self.over = True

    def _take_run(self, run: Run, chunks: list[wire.Chunk]) -> None:
        """Decode at once what are chunks, and event by event from where something is not."""
        decoded: list[wire.Chunk] = []
        if run.event in _CHUNK_EVENTS and not self.over:
            decoded = wire.decode_chunks(run.data)
            self.events += len(decoded)
            chunks += decoded
            self._last_chunk = run.data[len(decoded) - 1] if decoded else self._last_chunk
        for data in run.data[len(decoded) :]:
            self._take(Event(run.event, data, run.id), chunks)

    def _take(self, event: Event, chunks: list[wire.Chunk]) -> None:
        """Decode an event, if it is a chunk; else what it says of the stream is noted."""
        if self.over:
            return
        self.events += 1
        if event.event not in _CHUNK_EVENTS and not self._named(event):
            return
        try:
            chunk = wire.decode_chunk(event.data)
        except wire.DECODE_ERRORS as error:
            self._not_a_chunk(event.data, error)
            return
        if chunk.error is None:
            chunks.append(chunk)
            self._last_chunk = event.data
        else:
            self.fail(wire.task_failed(chunk.error))

    def _not_a_chunk(self, data: bytes, error: Exception) -> None:
        """`[DONE]` ends an OpenAI-style stream, an empty event is a sign of life."""
        text = data.strip()
        if text == b"[DONE]":
            self._end()
        elif text:
            failure = wire.not_the_contract("chunk", data, error)
            failure.__cause__ = error
            self.fail(failure)

    def _end(self) -> None:
        """What came last may have been an error that looks like a chunk."""
        if error := _reported(self._last_chunk):
            self.fail(error)
        else:
            self._finish()

    def _named(self, event: Event) -> bool:
        """`done`, `error`, and any other name: a chunk only if it holds choices (section 9)."""
        if event.event == "done":
            self._finish()
            self.total_chunks = _total_chunks(event.data)
        elif event.event == "error":
            self.fail(wire.task_failed(_failure(event.data)))
        else:
            return _holds_choices(event.data)
        return False


def _total_chunks(data: bytes) -> int | None:
    try:
        return wire.decode(data, wire.Done).total_chunks
    except ProtocolError:
        return None


def _failure(data: bytes) -> wire.Failure | str:
    """The data of an `error` event: `{"message"}`, an envelope, or plain text."""
    text = data.decode("utf-8", "replace")[:200]
    try:
        envelope = wire.decode(data, wire.Envelope)
    except ProtocolError:
        return text
    return envelope.error or (envelope if envelope.message else text)


def _reported(data: bytes) -> FoxError | None:
    """The error of a server that puts no `error` around it, such as an older vLLM."""
    if _holds_choices(data):
        return None
    try:
        failure = wire.decode(data, wire.Envelope)
    except ProtocolError:
        return None
    return wire.task_failed(failure) if failure.message else None


def _holds_choices(data: bytes) -> bool:
    try:
        return wire.decode(data, wire.Chunk).choices is not None
    except ProtocolError:
        return False
