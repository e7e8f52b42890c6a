"""Whether the first token is found where it is.

House rule: virtual time, one second for each block, so that an instant names a block.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from foxstream.bench.record import Record
from foxstream.bench.request import timed
from foxstream.bench.result import Accuracy
from foxstream.bench.self_test.corpus import CORPUS, Case
from foxstream.bench.self_test.figures import at_most
from foxstream.client import Client
from foxstream.limits import Retries
from foxstream.transports.replay import Pause, Play, ReplayTransport

__all__ = ["check", "complaints", "record_of"]

_TASK = Play(
    (b'{"id":"task-1","status":"pending","model":"m","stream":{"url":"/s"}}',),
    headers={"content-type": "application/json"},
)


async def check(quick: bool) -> AsyncGenerator[Accuracy]:  # noqa: ARG001 (as every check)
    """Every case of the corpus."""
    wrong = [case.name for case in CORPUS if [*complaints(case, await record_of(case))]]
    check = f"first token, {len(CORPUS)} streams: wrong"
    yield at_most(": ".join([check, *wrong]), len(wrong), 0, "streams")


def complaints(case: Case, record: Record) -> Iterator[str]:
    """What is wrong with the record of a case, in words."""
    began = record.stream_opened_ns or 0
    for name, block in (
        ("first_token", case.token),
        ("first_text_token", case.text),
        ("first_reasoning_token", case.reasoning),
    ):
        instant = record.instant(name)
        found = None if instant is None else round((instant - began) / 1e9) - 1
        if found != block:
            yield f"{name} in block {found}, not {block}"
    if len(record.chunk_ns) != case.chunks:
        yield f"{len(record.chunk_ns)} chunks with tokens, not {case.chunks}"
    if record.failed is case.ends:
        yield f"it ended with {record.error}"


async def record_of(case: Case) -> Record:
    """The record of a stream that brings one block of the case each second."""
    parts = tuple(part for block in case.blocks for part in (Pause(1.0), block))
    transport = ReplayTransport(lambda asked: Play(parts) if asked.event_stream else _TASK)
    client = Client(base_url="http://127.0.0.1", transport=transport, retries=Retries(limit=0))
    record = Record(index=0, intended_ns=transport.now())
    return await timed(client.stream("?"), record, transport.now)
