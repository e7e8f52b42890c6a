"""JSON bodies: read and decoded within the limits, sent from a struct."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from aiohttp import web
from anyio import to_thread

from foxstream.gateway.refusal import malformed, too_large

__all__ = ["json_response", "read_json"]

_LARGE = 256 * 1024
_MOST_VALUES = 1_000_000

T = TypeVar("T")


async def read_json(request: web.Request, limit: int, decode: Callable[[bytes], T]) -> T:
    """What `decode` makes of the body, in a thread where that is large.

    400 for another Content-Type, 413 over `limit` bytes or with too many values: a body of empty
    lists takes twenty times its size and keeps the interpreter for seconds, thread or not.
    """
    if request.content_type != "application/json":
        raise malformed(f"Content-Type is {request.content_type!r}: application/json is needed")
    if (request.content_length or 0) > limit:
        raise too_large(f"the body has {request.content_length} bytes: at most {limit}")
    body = await request.read()
    if len(body) < _LARGE:
        return decode(body)
    return await to_thread.run_sync(_decoded, body, decode)


def json_response(value: msgspec.Struct) -> web.Response:
    """A 200 whose body is `value`."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _decoded(body: bytes, decode: Callable[[bytes], T]) -> T:
    """Commas and brackets tell how many values there are at most, before anything is decoded."""
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > _MOST_VALUES:
        raise too_large(f"the body holds too many values: at most {_MOST_VALUES}")
    return decode(body)
