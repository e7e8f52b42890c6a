"""A history lived in virtual time, through `Stream` and without a socket.

House rule: the whole client takes part; only the transport is a `ReplayTransport`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import anyio
import msgspec

from benchmarks.histories.history import History
from benchmarks.histories.life import Life, Outcome
from benchmarks.histories.mishaps import Refused, Told, body_of, bytes_of
from benchmarks.histories.reading import read
from benchmarks.histories.recorded import Recording
from benchmarks.histories.tasks import showing
from foxstream import Client, Retries
from foxstream.exchange import Request
from foxstream.transports import Break, Pause, Play, ReplayTransport

__all__ = ["REFUSAL", "TASK", "blocks_of", "completed", "live", "lived", "refusal_of"]

TASK = "task-llm-1776874565-yq3szvcu"
REFUSAL = b'{"error":{"message":"not now","type":"some_error"}}'
_JSON = {"content-type": "application/json"}
_FOR_EVER = 1e7


def lived(history: History, backend: str = "asyncio") -> Outcome:
    """The outcome of a history, on an event loop of its own."""
    return anyio.run(live, history, backend=backend)


async def live(history: History) -> Outcome:
    """The outcome of a history."""
    life = Life(history)
    transport = ReplayTransport(lambda request: _play(life, request))
    retries = Retries(limit=history.limit)
    client = Client("sk-test", base_url="https://fox.test", transport=transport, retries=retries)
    outcome = await read(client, life)
    if transport.open:
        raise AssertionError(f"{transport.open} responses were not closed")
    return outcome


def _play(life: Life, request: Request) -> Play:
    recording = life.recording
    if request.event_stream:
        connection = life.open()
        if isinstance(connection, Refused):
            return refusal_of(connection)
        return _says(connection, recording, life.history.read_size)
    if request.method == "POST":
        return _json(completed(recording) | {"status": "pending", "results": None})
    look = life.look()
    if look == "busy":
        return refusal_of(Refused(500))
    return _json(showing(look, completed(recording)))


def _json(value: object) -> Play:
    return Play((msgspec.json.encode(value),), headers=_JSON)


def completed(recording: Recording) -> dict[str, object]:
    """The task once it is finished."""
    message = {"role": "assistant", "content": recording.words.text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 62, "total_tokens": 69}
    result = {"object": "chat.completion", "choices": [choice], "usage": usage}
    return {"id": TASK, "status": "completed", "progress": 100, "results": [result]}


def refusal_of(refused: Refused) -> Play:
    """What is answered instead of a stream."""
    if refused.status is None:
        return Play((Break("connection refused"),))
    waits = {} if refused.retry_after is None else {"retry-after": str(refused.retry_after)}
    return Play((REFUSAL,), status=refused.status, headers=_JSON | waits)


def _says(told: Told, recording: Recording, read_size: int | None) -> Play:
    ending = told.cut.ending if told.cut else "end"
    return Play((*blocks_of(told, recording, read_size), *_AFTER[ending]))


_AFTER = {
    "end": (),
    "reset": (Break(),),
    "broken": (Break("a chunk of the body is not well framed"),),
    "stall": (Pause(_FOR_EVER),),
}


def blocks_of(told: Told, recording: Recording, read_size: int | None) -> Iterator[bytes]:
    """The bytes that come, read by read."""
    body = bytes_of(told, recording)
    ends = body_of(told, recording).ends
    if read_size:
        ends = range(read_size, len(body) + read_size, read_size)
    for start, end in pairwise((0, *ends)):
        if start < len(body):
            yield body[start:end]
