"""`multipart/form-data` with one file, read as it comes (contract, section 8).

House rule: the file goes to disk block by block, and everything else in the form is small.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http import HttpProcessingError

from foxstream.gateway.files import Incoming
from foxstream.gateway.refusal import malformed

__all__ = ["Form", "receive_form"]

_BLOCK = 256 * 1024
_MAX_FIELD = 4096
_MAX_PARTS = 16


class Form(msgspec.Struct, frozen=True):
    """What a form said beside its file; `file_name` falls back on that of the file's part."""

    file_name: str
    auto_cleanup: bool


async def receive_form(request: web.Request, incoming: Incoming) -> Form:
    """Write the part `file` to `incoming`; 400 where the body is no form or has no such part."""
    if request.content_type != "multipart/form-data":
        raise malformed(f"Content-Type is {request.content_type!r}: multipart/form-data is needed")
    try:
        fields = await _receive(await request.multipart(), incoming)
    # Some releases of aiohttp assert that a form has its end.
    except (ValueError, AssertionError, HttpProcessingError) as error:
        raise malformed(f"the form is broken: {error}") from error
    if not incoming.started:
        raise malformed("the form has no part named file")
    name = fields.get("file_name") or fields.get("filename", "")
    return Form(name, fields.get("auto_cleanup", "true").lower() != "false")


async def _receive(form: MultipartReader, incoming: Incoming) -> dict[str, str]:
    fields: dict[str, str] = {}
    async for part in _parts(form):
        if part.name == "file" and not incoming.started:
            fields["filename"] = part.filename or ""
            await incoming.write(_content(part))
        elif part.name:
            fields[part.name] = await _text(part)
    return fields


async def _parts(form: MultipartReader) -> AsyncIterator[BodyPartReader]:
    for _ in range(_MAX_PARTS):
        part = await form.next()
        if part is None:
            return
        if not isinstance(part, BodyPartReader):
            raise malformed("a form within the form")
        yield part
    raise malformed(f"the form has more than {_MAX_PARTS} parts")


async def _content(part: BodyPartReader) -> AsyncGenerator[bytes]:
    while block := await part.read_chunk(_BLOCK):
        yield block


async def _text(part: BodyPartReader) -> str:
    value = b""
    async for block in _content(part):
        value += block
        if len(value) > _MAX_FIELD:
            raise malformed(f"the field {part.name} has more than {_MAX_FIELD} bytes")
    return value.decode()
