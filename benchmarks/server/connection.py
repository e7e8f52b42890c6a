"""One connection to a rider: just enough of HTTP/1.1, written by hand, for three services.

House rule: a path is `/{script}/{dialect's own path}`; nothing is refused, nothing is looked up.
"""

from __future__ import annotations

import asyncio
from array import array
from typing import cast

import msgspec

from benchmarks.server import received
from benchmarks.server.load import loaded
from benchmarks.server.script import Script
from benchmarks.server.sending import Pacer, at_once

__all__ = ["Connection"]

_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_EVENTS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_DIALECTS = {"chat/completions": "openai", "messages": "anthropic"}


class Connection(asyncio.Protocol):
    """Answers one request after another; of a body only the digest of its media is kept."""

    def __init__(self, lags: array[int]) -> None:
        self._lags = lags
        self._head = b""
        self._request: bytes | None = None
        self._body = bytearray()
        self._missing = 0
        self._pacer: Pacer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The rider is here."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass
        self._transport.set_write_buffer_limits(1 << 30)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the protocol's)
        """The rider has left."""
        if self._pacer is not None:
            self._pacer.stop()

    def data_received(self, data: bytes) -> None:
        """More of a request; a rider sends no second one before it was answered."""
        if self._request is None:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._request, self._head, data = head, b"", rest
            self._missing = _length(head)
            if b"100-continue" in head:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._missing -= len(data)
        self._body += data
        if self._missing <= 0:
            request, self._request = self._request, None
            body, self._body = bytes(self._body), bytearray()
            received.note(body)
            self._answer(request.split(b" ", 2)[1].decode(), body)

    def _answer(self, path: str, body: bytes) -> None:
        _, script, *rest = path.split("/", 3)
        if script == "load":
            self._send_json(msgspec.json.encode(loaded(self._lags)))
        elif script == "received":
            self._send_json(received.told())
        elif rest[-1] == "llm/generations" and b'"sync":true' not in body:
            self._send_json(_task(f"{path}/t-1/stream"))
        elif rest[-1].startswith("files"):
            self._send_json(b'{"url":"http://127.0.0.1/clip.mp4"}')
        else:
            self._send_events(_DIALECTS.get(rest[-1], "foxapi"), Script.of(script))

    def _send_json(self, body: bytes) -> None:
        self._transport.write(_JSON % (len(body), body))

    def _send_events(self, dialect: str, script: Script) -> None:
        if script.rate:
            self._transport.write(_EVENTS)
            self._pacer = Pacer(dialect, script, self._transport, self._lags)
        else:
            self._transport.write(_EVENTS + at_once(dialect, script))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _task(stream: str) -> bytes:
    return msgspec.json.encode(
        {"id": "t-1", "status": "pending", "model": "m-1", "stream": {"url": stream}}
    )
