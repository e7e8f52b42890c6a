"""Who decodes: foxstream, its floor, and the two decoders that people use today.

House rule: each is used as its own users use it, by its public names and its faster, synchronous
way; opening the stream is off the clock, and the clock stops when text and reasoning are in the
user's hands. Libraries are imported where they are used, so that a process loads only its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import msgspec

from benchmarks.recording import DONE, Recording, record
from benchmarks.referee import Attempt, Turn, timed

__all__ = ["CONTENDERS", "FOXSTREAM", "HTTPX_SSE", "MSGSPEC", "OPENAI", "Contender", "take_turn"]

FOXSTREAM = "foxstream"
MSGSPEC = "msgspec alone"
HTTPX_SSE = "httpx-sse + json"
OPENAI = "openai"

_EVENT_STREAM = {"content-type": "text/event-stream"}


class Contender(msgspec.Struct, frozen=True):
    """`prepare` makes an attempt at the blocks that it is `fed`, `gives` is what its user gets.

    `fed` takes the recording and the frames per read.
    """

    prepare: Callable[[list[bytes]], Attempt]
    module: str
    gives: str
    fed: Callable[[Recording, int], list[bytes]] = Recording.reads

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return find_spec(self.module) is not None


def foxstream(reads: list[bytes]) -> Attempt:
    """`Decoder.feed`, read by read."""
    from foxstream.decoder import Decoder
    from foxstream.deltas import Transcript

    decoder = Decoder(Transcript())

    def attempt() -> tuple[str, str]:
        text: list[str] = []
        reasoning: list[str] = []
        for block in reads:
            for delta in decoder.feed(block):
                text.append(delta.text)
                reasoning.append(delta.reasoning)
        return "".join(text), "".join(reasoning)

    return attempt


def msgspec_alone(chunks: list[bytes]) -> Attempt:
    """The floor: JSON that somebody else has already cut out of the stream."""
    from foxstream import wire

    decode = msgspec.json.Decoder(wire.Chunk).decode

    def attempt() -> tuple[str, str]:
        text: list[str] = []
        reasoning: list[str] = []
        for data in chunks:
            for choice in decode(data).choices or ():
                if choice.delta is not None:
                    text.append(choice.delta.content or "")
                    reasoning.append(choice.delta.reasoning_content or "")
        return "".join(text), "".join(reasoning)

    return attempt


def httpx_sse_and_json(reads: list[bytes]) -> Attempt:
    """`EventSource.iter_sse` over a real `httpx.Response`, then `json.loads`."""
    import json

    import httpx
    from httpx_sse import EventSource

    response = httpx.Response(200, headers=_EVENT_STREAM, content=reads)

    def attempt() -> tuple[str, str]:
        text: list[str] = []
        reasoning: list[str] = []
        for event in EventSource(response).iter_sse():
            if event.event == "done":
                break
            for choice in json.loads(event.data)["choices"]:
                delta = choice["delta"]
                text.append(delta.get("content") or "")
                reasoning.append(delta.get("reasoning_content") or "")
        return "".join(text), "".join(reasoning)

    return attempt


def openai_sdk(reads: list[bytes]) -> Attempt:
    """`chat.completions.create(stream=True)`, its client reading from memory."""
    import httpx
    from openai import OpenAI

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=_EVENT_STREAM, content=reads)

    # Any: the SDK takes a client of httpx, but its newer versions declare only that of httpx2.
    http_client: Any = httpx.Client(transport=httpx.MockTransport(respond))
    client = OpenAI(api_key="-", http_client=http_client)
    stream = client.chat.completions.create(model="-", messages=[], stream=True)

    def attempt() -> tuple[str, str]:
        text: list[str] = []
        reasoning: list[str] = []
        for chunk in stream:
            for choice in chunk.choices:
                text.append(choice.delta.content or "")
                reasoning.append(getattr(choice.delta, "reasoning_content", None) or "")
        return "".join(text), "".join(reasoning)

    return attempt


CONTENDERS = {
    FOXSTREAM: Contender(foxstream, "foxstream", "list[Delta], also folded into one Completion"),
    MSGSPEC: Contender(
        msgspec_alone,
        "msgspec",
        "Structs, from JSON that was already cut out of the stream",
        fed=lambda recording, _: recording.data,
    ),
    HTTPX_SSE: Contender(httpx_sse_and_json, "httpx_sse", "ServerSentEvent, its JSON as a dict"),
    OPENAI: Contender(
        openai_sdk, "openai", "ChatCompletionChunk", fed=partial(Recording.reads, end=DONE)
    ),
}
"""By the name they run under; the first is ours."""


def take_turn(name: str, frames_per_read: int, chunks: int, seconds: float) -> Turn:
    """One turn of the contender `name`, in its own process."""
    contender = CONTENDERS[name]
    blocks = contender.fed(record(chunks), frames_per_read)
    return timed(partial(contender.prepare, blocks), seconds)
