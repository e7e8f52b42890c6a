"""The handlers of the three upload routes and of what they gave out (contract, section 8)."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TypeVar

import msgspec
from aiohttp import web

from foxstream.gateway.bodies import json_response, read_json
from foxstream.gateway.content_type import extension_for
from foxstream.gateway.data_uri import DataUri, decode_base64
from foxstream.gateway.files import FileStore, StoredFile
from foxstream.gateway.form import receive_form
from foxstream.gateway.refusal import forbidden, malformed, not_found
from foxstream.gateway.remote import RemoteError, fetch
from foxstream.gateway.settings import Settings
from foxstream.gateway.shapes import File

__all__ = ["Uploads"]

_DEFAULT_NAME = "upload.bin"

T = TypeVar("T")


class Base64Body(msgspec.Struct, frozen=True):
    """The body of `POST /v1/files/upload/base64`."""

    file_data: str
    file_name: str | None = None
    auto_cleanup: bool = True


class UrlBody(msgspec.Struct, frozen=True):
    """The body of `POST /v1/files/upload/url`."""

    url: str
    file_name: str | None = None
    auto_cleanup: bool = True


class Uploads:
    """Everything under `/v1/files/upload` and `/uploads`."""

    def __init__(self, files: FileStore, settings: Settings) -> None:
        self._files = files
        self._settings = settings

    async def from_form(self, request: web.Request) -> web.Response:
        """`POST /v1/files/upload/stream`: multipart, written to disk as it comes."""
        async with self._files.incoming() as incoming:
            form = await receive_form(request, incoming)
            name = form.file_name or _DEFAULT_NAME
            return _told(request, self._files.keep(incoming, name, auto_cleanup=form.auto_cleanup))

    async def from_base64(self, request: web.Request) -> web.Response:
        """`POST /v1/files/upload/base64`: bare base64 or a data URI."""
        body = await self._body(request, Base64Body)
        uri = DataUri.parse(body.file_data)
        name = body.file_name or (
            f"upload{extension_for(uri.media_type)}" if uri else _DEFAULT_NAME
        )
        async with self._files.incoming() as incoming:
            try:
                await incoming.write(decode_base64(body.file_data, uri.start if uri else 0))
            except ValueError as error:
                raise malformed(f"file_data is not base64: {error}") from error
            return _told(request, self._files.keep(incoming, name, auto_cleanup=body.auto_cleanup))

    async def from_url(self, request: web.Request) -> web.Response:
        """`POST /v1/files/upload/url`: refused unless the gateway may fetch."""
        body = await self._body(request, UrlBody)
        name = body.file_name or body.url.partition("?")[0].rpartition("/")[2] or _DEFAULT_NAME
        async with self._files.incoming() as incoming:
            try:
                await incoming.write(fetch(body.url, self._settings))
            except RemoteError as error:
                refusal = malformed if self._settings.fetch_remote else forbidden
                raise refusal(str(error)) from error
            return _told(request, self._files.keep(incoming, name, auto_cleanup=body.auto_cleanup))

    async def download(self, request: web.Request) -> web.FileResponse:
        """`GET /uploads/{day}/{token}/{filename}`, also in ranges."""
        file = self._files.find(request.match_info["token"], request.match_info["filename"])
        if file is None:
            raise not_found("there is no such file, or it has expired")
        headers = {
            "Content-Type": file.content_type,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        }
        return web.FileResponse(file.path, headers=headers)

    async def _body(self, request: web.Request, shape: type[T]) -> T:
        return await read_json(request, self._settings.max_body_bytes, partial(_read, shape))


def _read(shape: type[T], body: bytes) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(str(error)) from error


def _told(request: web.Request, file: StoredFile) -> web.Response:
    """The answer of an upload, with a URL as its caller reaches this gateway."""
    origin = f"{request.scheme}://{request.host}"
    return json_response(
        File(
            id=f"file-{file.created}-{secrets.token_hex(3)}",
            filename=file.filename,
            url=f"{origin}{file.url_path}",
            size=file.size,
            created=file.created,
        )
    )
