"""What an engine reads from: data URIs, uploads of this gateway, perhaps remote URLs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
from yarl import URL

from foxstream.gateway.data_uri import DataUri, decode_base64
from foxstream.gateway.engine import EngineError
from foxstream.gateway.files import FileStore, StoredFile
from foxstream.gateway.remote import RemoteError, fetch
from foxstream.gateway.settings import Settings

__all__ = ["Sources"]


class Sources:
    """The `Media` of a gateway."""

    def __init__(self, files: FileStore, settings: Settings) -> None:
        self._files = files
        self._settings = settings

    async def read(self, url: str) -> bytes:
        """See `Media.read`; the limit is `max_upload_bytes`, whichever way the bytes come."""
        try:
            if uri := DataUri.parse(url):
                return await self._gather(decode_base64(uri.text, uri.start))
            if file := self._uploaded(url):
                return await anyio.Path(file.path).read_bytes()
            return await self._gather(fetch(url, self._settings))
        except (RemoteError, ValueError, OSError) as error:
            raise EngineError(
                f"cannot read {url[:80]}: {error}", code="invalid_media_url"
            ) from error

    def upload_size(self, url: str) -> int | None:
        """See `Media.upload_size`."""
        if DataUri.parse(url):
            return None
        file = self._uploaded(url)
        return None if file is None else file.size

    def _uploaded(self, url: str) -> StoredFile | None:
        """What a URL that this gateway gave out leads to; its token tells, not its host."""
        match URL(url).parts:
            case ("/", "uploads", _, token, filename):
                return self._files.find(token, filename)
            case _:
                return None

    async def _gather(self, blocks: AsyncGenerator[bytes]) -> bytes:
        gathered = bytearray()
        async with aclosing(blocks):
            async for block in blocks:
                gathered += block
                if len(gathered) > self._settings.max_upload_bytes:
                    raise ValueError(f"more than {self._settings.max_upload_bytes} bytes")
        return bytes(gathered)
