"""A script on its way to one rider: all at once, or paced.

House rule: the schedule is absolute. A late chunk does not make the next one late, and how late
each was is noted.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Iterator
from functools import cache, partial

from benchmarks.server.dialects import DIALECTS, STAMP, Frames, wide
from benchmarks.server.script import Script

__all__ = ["Pacer", "at_once", "http_chunk"]

_COMMENT = b": keep-alive\n\n"
_BLOCK = 64 * 1024
_LAST = b"0\r\n\r\n"
_GOLDEN = 0.6180339887498949


def http_chunk(block: bytes) -> bytes:
    """A block of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(block), block)


@cache
def at_once(dialect: str, script: Script) -> bytes:
    """The whole body of a script that is not paced."""
    frames = _frames(dialect, script)
    comments = [_COMMENT * 4096] * (script.comments // 4096) + [_COMMENT * (script.comments % 4096)]
    blocks = [*filter(None, comments), *_blocks(frames.chunks, script.frames)]
    blocks = (
        [frames.begin + blocks[0], *blocks[1:-1], blocks[-1] + frames.end]
        if len(blocks) > 1
        else [frames.begin + blocks[0] + frames.end]
    )
    return b"".join(map(http_chunk, blocks)) + _LAST


def _frames(dialect: str, script: Script) -> Frames:
    if script.width:
        return wide(script.chunks, script.width)
    return DIALECTS[dialect](-script.chunks if script.stamped else script.chunks)


def _blocks(frames: list[bytes], each: int) -> Iterator[bytes]:
    each = each or max(1, _BLOCK * len(frames) // sum(map(len, frames)))
    for at in range(0, len(frames), each):
        yield b"".join(frames[at : at + each])


@cache
def _packets(dialect: str, script: Script) -> list[bytes]:
    """One HTTP chunk for each chunk of the stream."""
    frames = _frames(dialect, script)
    first, *others = frames.chunks
    if not others:
        return [http_chunk(frames.begin + first + frames.end) + _LAST]
    return [
        http_chunk(frames.begin + first),
        *map(http_chunk, others[:-1]),
        http_chunk(others[-1] + frames.end) + _LAST,
    ]


class Pacer:
    """Writes one chunk every `1 / rate` seconds; `lags` collects how late, in nanoseconds.

    Streams begin at instants spread evenly over one period, so that packets come one by one.
    """

    _streams = 0

    def __init__(
        self, dialect: str, script: Script, transport: asyncio.WriteTransport, lags: array[int]
    ) -> None:
        self._dialect, self._script = dialect, script
        self._frames = _frames(dialect, script) if script.stamped else None
        self._packets = _packets(dialect, script)
        self._transport, self._lags = transport, lags
        self._loop = asyncio.get_running_loop()
        self._period = 1 / script.rate
        Pacer._streams += 1
        phase = Pacer._streams * _GOLDEN % 1 * self._period
        self._begins = time.monotonic() + script.lead + phase
        self._sent = 0
        self._plan()

    def stop(self) -> None:
        """The rider has left."""
        self._timer.cancel()

    def _plan(self) -> None:
        pause = self._script.pause if self._sent else 0.0
        due = self._begins + pause + self._sent * self._period
        self._timer = self._loop.call_later(
            max(0.0, due - time.monotonic()), partial(self._send, due)
        )

    def _send(self, due: float) -> None:
        now = time.monotonic_ns()
        self._lags.append(now - int(due * 1e9))
        self._transport.write(self._packet(now))
        self._sent += 1
        if self._sent < len(self._packets):
            self._plan()

    def _packet(self, now: int) -> bytes:
        if self._frames is None:
            return self._packets[self._sent]
        stamp = b"%d:%d " % (self._sent, now)
        last = self._sent + 1 == len(self._packets)
        frame = self._frames.chunks[self._sent].replace(STAMP, stamp)
        return http_chunk(frame + self._frames.end) + _LAST if last else http_chunk(frame)
