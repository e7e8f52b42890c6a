"""A scripted HTTP/1.1 server on a real loopback socket, on whatever event loop the test runs."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream

HANG = object()
"""Say nothing more until the client goes away."""
RESET = object()
"""Abort the connection."""
CUT = object()
"""Close the connection in the middle of the body."""


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Answer:
    """`parts` are blocks of the body, seconds to wait, or HANG, RESET, CUT."""

    parts: tuple[object, ...] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    framing: str = "chunked"
    delay: float = 0.0


@dataclass
class Server:
    url: str
    asked: list[Asked] = field(default_factory=list)
    left: list[anyio.Event] = field(default_factory=list)
    """One event for each connection, set when the client has closed it."""

    async def client_left(self, connection: int = 0, within: float = 5.0) -> float:
        """Seconds until the client had closed that connection."""
        start = anyio.current_time()
        with anyio.fail_after(within):
            await self.left[connection].wait()
        return anyio.current_time() - start


@asynccontextmanager
async def serving(answer: Callable[[Asked], Answer]) -> AsyncIterator[Server]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    server = Server(f"http://127.0.0.1:{port}")

    async def handle(stream: SocketStream) -> None:
        number = len(server.left)
        server.left.append(anyio.Event())
        try:
            await _converse(stream, number, server, answer)
        except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
            pass
        finally:
            server.left[number].set()
            with anyio.CancelScope(shield=True):
                await stream.aclose()

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield server
        tasks.cancel_scope.cancel()


async def _converse(
    stream: SocketStream, number: int, server: Server, answer: Callable[[Asked], Answer]
) -> None:
    pending = b""
    while True:
        asked, pending = await _request(stream, pending, number)
        server.asked.append(asked)
        if not await _respond(stream, answer(asked)):
            return


async def _request(stream: SocketStream, pending: bytes, number: int) -> tuple[Asked, bytes]:
    while b"\r\n\r\n" not in pending:
        pending += await stream.receive()
    head, _, pending = pending.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    length = int(headers.get("content-length", "0"))
    while len(pending) < length:
        pending += await stream.receive()
    return Asked(method, target, headers, pending[:length], number), pending[length:]


async def _respond(stream: SocketStream, answer: Answer) -> bool:
    """Whether the connection can serve another request."""
    await anyio.sleep(answer.delay)
    blocks = [part for part in answer.parts if isinstance(part, bytes)]
    headers = {"Connection": "keep-alive", **answer.headers}
    if answer.framing == "chunked":
        headers["Transfer-Encoding"] = "chunked"
    elif answer.framing == "length":
        headers.setdefault("Content-Length", str(sum(map(len, blocks))))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    await stream.send(f"HTTP/1.1 {answer.status} Scripted\r\n{head}\r\n".encode())
    for part in answer.parts:
        if isinstance(part, bytes):
            framed = b"%x\r\n%b\r\n" % (len(part), part) if answer.framing == "chunked" else part
            await stream.send(framed)
        elif isinstance(part, int | float):
            await anyio.sleep(part)
        elif part is HANG:
            await stream.receive()
        elif part is RESET:
            _reset(stream)
            return False
        elif part is CUT:
            return False
    if answer.framing == "chunked":
        await stream.send(b"0\r\n\r\n")
    return answer.framing != "close"


def _reset(stream: SocketStream) -> None:
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
