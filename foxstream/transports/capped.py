"""A socket whose reads stay small.

asyncio asks for 256 KiB at every read. The C library gives a block of that size by mapping memory
and taking it back, which costs more than everything that a token needs on its way up; up to 64 KiB
it does not. uvloop reads by itself and TLS has a buffer of its own: neither is touched by this.
"""

from __future__ import annotations

import socket

__all__ = ["MOST", "CappedSocket"]

MOST = 64 * 1024


class CappedSocket(socket.socket):
    """As `socket.socket`, but `recv` brings 64 KiB at most."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Up to `size` bytes, and never more than 64 KiB."""
        return super().recv(min(size, MOST), flags)
