"""Raw readers of a gateway: they ask for a finished log, again and again, and count.

House rule: a reader spends as little as it can, so that the gateway is what is measured; every
answer must be as long as the first one was, and the last one of each reader is read for what it
says, off the clock.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from functools import partial
from http.client import HTTPResponse
from importlib.util import find_spec
from io import BytesIO
from typing import cast
from urllib.parse import urlsplit

from benchmarks.referee import Turn, fingerprint
from benchmarks.riders.turns import on
from benchmarks.server.load import Load
from benchmarks.server.script import Script
from foxstream import Client
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript

__all__ = ["GATEWAY_SHARE", "READERS_SHARE", "made", "take_turn"]

READERS_SHARE = "share of a core used by the readers"
GATEWAY_SHARE = "share of a core used by the gateway"

_END = b"\r\n0\r\n\r\n"


class _Reader(asyncio.Protocol):
    """Asks `times` times for the same, each time as soon as the last answer has ended.

    `sizes` are those of the answers, heads included, `blocks` the last one of them.
    """

    def __init__(self, asked: bytes, times: int) -> None:
        self.sizes: list[int] = []
        self.blocks: list[bytes] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked = asked
        self._times = times
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass
        self._transport.write(self._asked)

    def data_received(self, data: bytes) -> None:
        self.blocks.append(data)
        self._tail = (self._tail + data[-len(_END) :])[-len(_END) :]
        if self._tail != _END:
            return
        self._tail = b""
        self.sizes.append(sum(map(len, self.blocks)))
        if len(self.sizes) == self._times:
            self._transport.close()
        else:
            self.blocks = []
            self._transport.write(self._asked)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the protocol's)
        if not self.over.done():
            self.over.set_result(None)


def take_turn(url: str, script: Script, readers: int, times: int) -> Turn:
    """Wall-clock ns of one chunk, with so many readers at once; the answer is what they read."""

    async def main() -> tuple[int, list[_Reader], dict[str, float]]:
        asked = await _finished(url, script)
        before, cpu_ns, began = Load.at(url), time.process_time_ns(), time.monotonic_ns()
        found = await _read(url, asked, readers, times)
        lasted = time.monotonic_ns() - began
        share = (time.process_time_ns() - cpu_ns) / lasted
        shares = {GATEWAY_SHARE: Load.at(url).share_since(before), READERS_SHARE: share}
        return lasted, found, shares

    lasted, found, shares = on("uvloop" if find_spec("uvloop") else "asyncio", main())
    return Turn(lasted / (script.chunks * readers * times), _answer(found, times), shares)


def made(url: str, script: Script) -> Turn:
    """Wall-clock ns of one chunk of an answer that is made and read at once, by our own client."""

    async def main() -> Turn:
        async with Client(base_url=url) as client:
            began = time.monotonic_ns()
            async with client.stream(script.path) as answer:
                async for _ in answer:
                    pass
            lasted = time.monotonic_ns() - began
        assert answer.completion is not None
        said = fingerprint(answer.completion.text, answer.completion.reasoning)
        return Turn(lasted / script.chunks, said)

    return asyncio.run(main())


async def _finished(url: str, script: Script) -> bytes:
    """The request for the log of a task that has ended."""
    async with Client(base_url=url) as client:
        task = await client.submit(script.path)
        async with client.attach(task.id) as answer:
            async for _ in answer:
                pass
    return f"GET {task.stream_url} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode()


async def _read(url: str, asked: bytes, readers: int, times: int) -> list[_Reader]:
    connect = asyncio.get_running_loop().create_connection
    parts = urlsplit(url)
    ready = partial(connect, partial(_Reader, asked, times), parts.hostname, parts.port)
    found = [(await ready())[1] for _ in range(readers)]
    await asyncio.gather(*(reader.over for reader in found))
    return found


def _answer(readers: Sequence[_Reader], times: int) -> str:
    sizes = {size for reader in readers for size in reader.sizes}
    if len(sizes) != 1 or any(len(reader.sizes) != times for reader in readers):
        return f"answers of {sorted(sizes)} bytes"
    return " or ".join({_said(b"".join(reader.blocks)) for reader in readers})


def _said(answer: bytes) -> str:
    """The fingerprint of one answer, or how it ended."""
    response = HTTPResponse(cast("socket.socket", _Kept(answer)))
    response.begin()
    decoder = Decoder(Transcript())
    deltas = decoder.feed(response.read())
    if decoder.total_chunks != decoder.chunks:
        return f"{decoder.chunks} chunks of {decoder.total_chunks}"
    return fingerprint(
        "".join(delta.text for delta in deltas), "".join(delta.reasoning for delta in deltas)
    )


class _Kept:
    """An answer that has come already, as `http.client` likes to read it."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._answer)
