"""JSON bodies: read within the limit, sent from a struct."""

from __future__ import annotations

import msgspec
from aiohttp import web

from foxstream.gateway.refusal import malformed, too_large

__all__ = ["json_response", "read_json"]


async def read_json(request: web.Request, limit: int) -> bytes:
    """The raw body of a JSON request: 400 for another Content-Type, 413 over `limit` bytes."""
    if request.content_type != "application/json":
        raise malformed(f"Content-Type is {request.content_type!r}: application/json is needed")
    if (request.content_length or 0) > limit:
        raise too_large(f"the body has {request.content_length} bytes: at most {limit}")
    return await request.read()


def json_response(value: msgspec.Struct) -> web.Response:
    """A 200 whose body is `value`."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
