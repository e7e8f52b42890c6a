"""Many viewers over real sockets, read by one process that does nothing else.

House rule: reading costs as little as Python can make it, so that lateness is the host's: sockets
are polled, and a block of bytes is searched for numbers and stamps without taking HTTP apart.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from benchmarks.machine import allow_files
from benchmarks.referee import Turn, WrongAnswerError
from benchmarks.relays.beat import ALL, Beat, Ear
from benchmarks.relays.hosted import hosted
from benchmarks.relays.lateness import lateness
from benchmarks.relays.load import shares

__all__ = ["held", "take_turn"]

_REQUEST = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_DONE = b"event: done"
_PATIENCE = 180.0


def take_turn(face: str, beat: Beat, viewers: int) -> Turn:
    """CPU ns of the host for one event that reached one viewer."""
    allow_files(viewers + 256)
    late_ns: list[int] = []
    ears = [Ear(late_ns) for _ in range(viewers)]
    with hosted(face, beat) as host, _opened(host.port, viewers) as sockets:
        before = host.begin()
        _read_all(dict(zip(sockets, ears, strict=True)))
        after = host.load()
    for ear in ears:
        if ear.heard != beat.events:
            raise WrongAnswerError(f"{ear.heard} events came, {beat.events} were made")
    beside = lateness(late_ns) | shares(before, after)
    return Turn((after.cpu_ns - before.cpu_ns) / len(late_ns), ALL, beside)


def held(face: str, viewers: int) -> Turn:
    """Bytes of the host for one viewer who waits; the first is not counted."""
    allow_files(viewers + 256)
    with hosted(face, Beat(1, 1.0)) as host, _opened(host.port, 1):
        before = host.memory()
        with _opened(host.port, viewers - 1):
            return Turn((host.memory() - before) / (viewers - 1), ALL)


@contextmanager
def _opened(port: int, viewers: int) -> Generator[list[socket.socket]]:
    """Viewers whose response has begun."""
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), _PATIENCE))
            for _ in range(viewers)
        ]
        for each in sockets:
            each.sendall(_REQUEST)
        for each in sockets:
            _until_head(each)
        yield sockets


def _until_head(each: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        block = each.recv(4096)
        if not block:
            raise WrongAnswerError(f"no response: {head!r}")
        head += block
    if not head.startswith(b"HTTP/1.1 200"):
        raise WrongAnswerError(f"no event stream: {head[:80]!r}")


def _read_all(ears: dict[socket.socket, Ear]) -> None:
    readers = {each.fileno(): _Reader(each, ear) for each, ear in ears.items()}
    poll = select.poll()
    for fileno in readers:
        poll.register(fileno, select.POLLIN)
    deadline = time.monotonic() + _PATIENCE
    while readers:
        for fileno, _ in poll.poll(1000):
            if readers[fileno].read():
                poll.unregister(fileno)
                del readers[fileno]
        if time.monotonic() > deadline:
            raise WrongAnswerError(f"{len(readers)} viewers have not seen the end")


class _Reader:
    """Reads one socket; what of an event is not there yet waits."""

    def __init__(self, each: socket.socket, ear: Ear) -> None:
        self._socket = each
        self._ear = ear
        self._rest = b""

    def read(self) -> bool:
        """Take what is there; whether that was the end of the stream."""
        block = self._socket.recv(65536)
        if not block:
            raise WrongAnswerError("a response ended before its stream")
        whole, blank, self._rest = (self._rest + block).rpartition(b"\n\n")
        self._ear.hear(whole)
        return bool(blank) and _DONE in whole
