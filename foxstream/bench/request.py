"""One request, timed: a stream read to its end, and its `Record`.

House rule: nothing is done between two tokens but to note them; what they say is dropped.
"""

from __future__ import annotations

import time
from asyncio import CancelledError
from collections.abc import Callable, Sequence

from foxstream.answer import Completion
from foxstream.bench.journal import CURRENT, Journal
from foxstream.bench.record import CANCELLED, Record
from foxstream.errors import FoxError, InvalidInputError, MissingExtraError
from foxstream.progress import Timings
from foxstream.streams import Stream

__all__ = ["timed"]


async def timed(
    stream: Stream, record: Record, now: Callable[[], int] = time.monotonic_ns
) -> Record:
    """Read `stream` to its end and fill `record` in; a `FoxError` is kept in it, not raised.

    What is refused before anything is sent is raised. `now` is the clock of its transport.
    """
    journal = Journal()
    token = CURRENT.set(journal)
    received: list[int] = []
    record.issued_ns = now()
    try:
        async with stream:
            async for delta in stream:
                received.append(delta.received_ns)  # noqa: PERF401 (kept where it fails, too)
    except FoxError as error:
        record.error, record.message = type(error).__name__, str(error)
        if isinstance(error, InvalidInputError | MissingExtraError):
            raise
    except BaseException as error:
        record.error = CANCELLED if isinstance(error, CancelledError) else type(error).__name__
        raise
    finally:
        record.closed_ns = now()
        CURRENT.reset(token)
        _note(record, stream, journal, received)
    _note_answer(record, stream, await _completion(stream, failed=record.failed))
    return record


def _note(record: Record, stream: Stream, journal: Journal, received: Sequence[int]) -> None:
    _note_opening(record, stream)
    _note_exchanges(record, journal)
    _note_stream(record, journal, stream.timings)
    _note_chunks(record, journal, received)


def _note_opening(record: Record, stream: Stream) -> None:
    """What the stream itself knows of its requests; a journal knows better."""
    timings = stream.timings
    record.submit_sent_ns = timings.submitted
    record.task_accepted_ns = None if stream.task_id is None else timings.accepted
    record.stream_opened_ns = timings.opened


def _note_exchanges(record: Record, journal: Journal) -> None:
    """The submit that was accepted, the uploads before it, the first stream behind it."""
    submit, stream = journal.last("submit"), journal.first("stream")
    first, last = journal.first("upload"), journal.last("upload")
    if first is not None and last is not None and last.answered is not None:
        record.upload_began_ns, record.upload_done_ns = first.began, last.answered.instant
    if submit is not None:
        record.submits = sum(each.kind == "submit" for each in journal.exchanges)
        record.submit_began_ns = submit.began
        record.connection_acquired_ns = submit.acquired
        record.connected_ns, record.tls_done_ns = submit.connected, submit.tls_done
        record.submit_sent_ns = submit.sent or record.submit_sent_ns
        opened = stream or submit
        if stream is not None and submit.answered is not None:
            record.task_accepted_ns = submit.answered.instant
        if opened.answered is not None:
            record.stream_opened_ns = opened.answered.instant


def _note_stream(record: Record, journal: Journal, timings: Timings) -> None:
    """The stream's own instants, each as that of the reading which brought it."""
    for name, instant in (
        ("first_byte", timings.first_byte),
        ("first_event", timings.first_event),
        ("first_token", timings.first_token),
        ("first_reasoning_token", timings.first_reasoning),
        ("first_text_token", timings.first_text),
        ("last_token", timings.last_token),
        ("done", None if record.failed else timings.ended),
    ):
        if instant is not None:
            setattr(record, f"{name}_ns", journal.reading_of(instant).instant)


def _note_chunks(record: Record, journal: Journal, received: Sequence[int]) -> None:
    readings = [journal.reading_of(instant) for instant in received]
    record.chunk_ns = [reading.instant for reading in readings]
    record.chunk_lag_ns = [reading.lag for reading in readings]
    if any(lag is not None for lag in record.chunk_lag_ns):
        record.clock = "kernel"


def _note_answer(record: Record, stream: Stream, completion: Completion | None) -> None:
    record.task_id, record.reconnects = stream.task_id, stream.timings.reconnects
    if completion is None:
        return
    record.answer_id = completion.id or None
    record.finish_reason, record.recovered = completion.finish_reason, completion.recovered
    if completion.usage is not None:
        usage = completion.usage
        record.prompt_tokens = usage.prompt_tokens
        record.completion_tokens = usage.completion_tokens
        record.total_tokens = usage.total_tokens


async def _completion(stream: Stream, *, failed: bool) -> Completion | None:
    """What was said; where the stream told no usage the task is asked, off the clock."""
    if failed:
        return stream.completion
    try:
        return await stream.get_final_completion()
    except (FoxError, RuntimeError):
        return stream.completion
