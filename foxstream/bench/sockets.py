"""A socket that knows when it was read, and when the kernel had received what it read.

Linux stamps every packet that comes in, if asked (`SO_TIMESTAMPNS`), and hands the stamp over with
the bytes; several packets that are read at once carry the stamp of the last. Elsewhere, and on
uvloop, which reads by itself, there are no such stamps.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Iterable
from typing import cast

import msgspec

from foxstream.bench.anchor import Anchor
from foxstream.transports.capped import MOST, CappedSocket

__all__ = ["Reading", "StampedSocket", "Traffic"]

_SO_TIMESTAMPNS = 35
"""On Linux, x86 and ARM; it is also the type of the message that carries the stamp."""

_TIMESPEC = struct.Struct("@ll")
_ROOM = socket.CMSG_SPACE(_TIMESPEC.size) if sys.platform == "linux" else 0

_Bytes = bytes | bytearray | memoryview
_Room = bytearray | memoryview
_Ancillary = list[tuple[int, int, bytes]]


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One read: when this process had it, and when the kernel had received it, where known."""

    user_ns: int
    kernel_ns: int | None = None

    @property
    def instant(self) -> int:
        """The kernel's stamp, or else this process' own."""
        return self.user_ns if self.kernel_ns is None else self.kernel_ns

    @property
    def lag(self) -> int | None:
        """How much later this process had it; `None` where the kernel's stamp is not known."""
        return None if self.kernel_ns is None else self.user_ns - self.kernel_ns


class Traffic:
    """What went over a socket for one request.

    `connected_ns`: the connection stood, if it was made for this request. `sent_ns`: its last piece
    was handed to the kernel. `readings`: those from then on.
    """

    __slots__ = ("connected_ns", "readings", "sent_ns")

    def __init__(self) -> None:
        self.connected_ns: int | None = None
        self.sent_ns: int | None = None
        self.readings: list[Reading] = []


class StampedSocket(CappedSocket):
    """Keeps the traffic of the request that uses it.

    `anchor` turns the kernel's stamps; `None` leaves them out.
    """

    def __init__(
        self, family: int, kind: int, protocol: int, *, anchor: Anchor | None = None
    ) -> None:
        super().__init__(family, kind, protocol)
        self._connected_ns: int | None = None
        self._traffic = Traffic()
        self._anchor = anchor if self._asked_for_stamps(anchor) else None

    def begin(self) -> Traffic:
        """A request was given this socket: what goes over it from here on is its own."""
        self._traffic = Traffic()
        self._traffic.connected_ns, self._connected_ns = self._connected_ns, None
        return self._traffic

    def connect(self, address: tuple[object, ...], /) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] (TCP)
        """Connect; on a socket that does not block it often stands only later."""
        super().connect(address)
        self._has_connected()

    def getsockopt(self, level: int, option: int, *size: int) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] (event loops ask for numbers)
        """An option; event loops ask for `SO_ERROR` when a connection stands or has failed."""
        value = cast("int", super().getsockopt(level, option, *size))
        if option == socket.SO_ERROR and level == socket.SOL_SOCKET and value == 0:
            self._has_connected()
        return value

    def send(self, data: _Bytes, flags: int = 0, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] (what event loops hand over)
        """Send, and note when it was handed to the kernel; what is read from then on answers it."""
        self._sends()
        return super().send(data, flags)

    def sendmsg(self, buffers: Iterable[_Bytes], /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] (what event loops hand over)
        """Send several buffers at once, as event loops do from Python 3.12 on."""
        self._sends()
        return super().sendmsg(buffers)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Up to `size` bytes, and never more than 64 KiB."""
        if self._anchor is None:
            data = super().recv(size, flags)
            self._traffic.readings.append(Reading(time.monotonic_ns()))
            return data
        data, ancillary, _, _ = self.recvmsg(min(size, MOST), _ROOM, flags)
        self._has_read(self._anchor, ancillary)
        return data

    def recv_into(self, buffer: _Room, size: int = 0, flags: int = 0, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] (by position, as event loops do)
        """Read into `buffer`: what TLS does."""
        if self._anchor is None:
            count = super().recv_into(buffer, size, flags)
            self._traffic.readings.append(Reading(time.monotonic_ns()))
            return count
        count, ancillary, _, _ = self.recvmsg_into([buffer], _ROOM, flags)
        self._has_read(self._anchor, ancillary)
        return count

    def _sends(self) -> None:
        self._traffic.sent_ns = time.monotonic_ns()
        self._traffic.readings.clear()

    def _has_connected(self) -> None:
        self._connected_ns = time.monotonic_ns()

    def _has_read(self, anchor: Anchor, ancillary: _Ancillary) -> None:
        now, wall = time.monotonic_ns(), time.time_ns()
        kernel = None
        for level, kind, stamp in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, rest = _TIMESPEC.unpack_from(stamp)
                kernel = anchor.monotonic(seconds * 1_000_000_000 + rest, wall, now)
        self._traffic.readings.append(Reading(now, kernel))

    def _asked_for_stamps(self, anchor: Anchor | None) -> bool:
        if anchor is None or not _ROOM:
            return False
        try:
            self.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        except OSError:
            return False
        return True
