"""What a service in trouble does to a request, or in front of an event."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Sequence

from aiohttp import web

from tests.script import as_json

__all__ = ["MISHAPS", "REFUSALS", "HangUpError", "Mishaps", "meet", "refusal"]

MISHAPS = ("comment", "empty", "end", "cut", "reset", "silence")
REFUSALS = ("refuse", "gone")
_STATUS = {"refuse": 503, "gone": 404}

_ROLE_ONLY = b'event: chunk\ndata: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n'


class HangUpError(Exception):
    """The stream ends here."""


class Mishaps:
    """Draws one of `kinds` for a `share` of all that may meet one, the same for each `seed`."""

    def __init__(self, kinds: Sequence[str], share: float, seed: int) -> None:
        self.met: Counter[str] = Counter()
        self._kinds = kinds
        self._share = share
        self._chance = random.Random(seed)

    def next(self) -> str | None:
        if self._chance.random() >= self._share:
            return None
        kind = self._chance.choice(self._kinds)
        self.met[kind] += 1
        return kind


def refusal(kind: str) -> web.Response:
    """503, or a stream that is over."""
    body = as_json({"error": {"message": "not now", "type": "service_unavailable"}})
    return web.Response(status=_STATUS[kind], body=body, content_type="application/json")


async def meet(kind: str | None, request: web.Request, response: web.StreamResponse) -> int:
    """Keep alive, fall silent, or end the stream; the number of chunks that it took."""
    if kind == "comment":
        await response.write(b": still here\n\n")
    elif kind == "empty":
        await response.write(_ROLE_ONLY)
        return 1
    elif kind == "silence":
        await asyncio.Event().wait()
    elif kind == "end":
        raise HangUpError
    elif kind is not None:
        _hang_up(request, reset=kind == "reset")
    return 0


def _hang_up(request: web.Request, *, reset: bool) -> None:
    if request.transport is not None and reset:
        linger = struct.pack("ii", 1, 0)  # on, for 0 seconds: closing sends RST
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    if request.transport is not None:
        request.transport.abort()
    raise HangUpError
