"""Uploaded files: on disk, found by an unguessable token, gone in time (contract, section 8).

House rule: a name that a client chose never becomes a path.
"""

from __future__ import annotations

import asyncio
import errno
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import anyio
import msgspec
from aiohttp import web

from foxstream.gateway.content_type import content_type_of
from foxstream.gateway.refusal import forbidden, too_large
from foxstream.gateway.settings import Settings

__all__ = ["FileStore", "Incoming", "StoredFile"]

_MAX_FILES = 10_000
_MAX_NAME = 100
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_HEAD = 4096
_STORAGE_FULL = "the storage for uploads is full"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\?#%:*\"<>|]+")


class StoredFile(msgspec.Struct, frozen=True):
    """One file that can be downloaded at `url_path` until it expires."""

    token: str
    filename: str
    path: Path
    size: int
    content_type: str
    created: int

    @property
    def url_path(self) -> str:
        """Where it is served; the URL ends with the file's name, as the service's does."""
        day = time.strftime("%Y%m%d", time.gmtime(self.created))
        return f"/uploads/{day}/{self.token}/{quote(self.filename)}"


class Incoming:
    """A file that is arriving: bytes on disk that have no name yet."""

    def __init__(self, path: Path, max_bytes: int, take: Callable[[int], None]) -> None:
        self.path = path
        self.head: bytes = b""
        self.size: int = 0
        self.started: bool = False
        self.kept: bool = False
        self._max_bytes = max_bytes
        self._take = take

    async def write(self, blocks: AsyncGenerator[bytes]) -> None:
        """Write `blocks` to disk as they come; 413 beyond the limit, 403 where the disk is full."""
        self.started = True
        try:
            async with aclosing(blocks), await anyio.open_file(self.path, "wb") as file:
                async for block in blocks:
                    self._count(block)
                    await file.write(block)
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise forbidden("the disk of this gateway is full") from error
            raise

    def _count(self, block: bytes) -> None:
        self.head = self.head or block[:_HEAD]
        self.size += len(block)
        self._take(len(block))
        if self.size > self._max_bytes:
            raise too_large(f"the file has more than {self._max_bytes} bytes")


class FileStore:
    """The files of one gateway, in a folder of its own that goes when the gateway goes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files: dict[str, StoredFile] = {}
        self._expiries: dict[str, asyncio.TimerHandle] = {}
        self._folder = Path()
        self._taken = 0
        self._arriving = 0

    async def lifespan(self, _app: web.Application) -> AsyncIterator[None]:
        """Have a folder from the start of an application to its end."""
        folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="foxstream-uploads-")
        self._folder = Path(folder)
        yield
        for token in list(self._files):
            self._drop(token)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    @asynccontextmanager
    async def incoming(self) -> AsyncGenerator[Incoming]:
        """A place for a file to arrive at; what is not kept in the block is removed after it."""
        path = self._folder / secrets.token_hex(16)
        incoming = Incoming(path, self._settings.max_upload_bytes, self._arrive)
        try:
            yield incoming
        finally:
            self._arriving -= incoming.size
            if not incoming.kept:
                _remove(path)

    def keep(self, incoming: Incoming, filename: str, *, auto_cleanup: bool) -> StoredFile:
        """Give a file its name and its time; with `auto_cleanup` the oldest ones make room.

        403 where there is no room for it.
        """
        self._make_room(incoming.size, auto_cleanup=auto_cleanup)
        name = _safe_name(filename)
        file = StoredFile(
            token=secrets.token_urlsafe(16),
            filename=name,
            path=incoming.path,
            size=incoming.size,
            content_type=content_type_of(incoming.head, name),
            created=int(time.time()),
        )
        incoming.kept = True
        self._taken += file.size
        self._files[file.token] = file
        self._expiries[file.token] = asyncio.get_running_loop().call_later(
            self._settings.upload_retention, self._drop, file.token
        )
        return file

    def find(self, token: str, filename: str) -> StoredFile | None:
        """The file of that token, if it is there and called so."""
        file = self._files.get(token)
        return file if file and file.filename == filename else None

    def _arrive(self, size: int) -> None:
        """Count bytes of uploads that arrive; 403 where these alone would fill the storage.

        Whether an upload may drive others out is only known at its end, so they are counted apart.
        """
        self._arriving += size
        if self._arriving > self._settings.max_storage_bytes:
            raise forbidden(_STORAGE_FULL)

    def _make_room(self, size: int, *, auto_cleanup: bool) -> None:
        limit = self._settings.max_storage_bytes
        while len(self._files) >= _MAX_FILES or self._taken + size > limit:
            if not auto_cleanup:
                raise forbidden(_STORAGE_FULL)
            self._drop(next(iter(self._files)))

    def _drop(self, token: str) -> None:
        file = self._files.pop(token)
        self._taken -= file.size
        self._expiries.pop(token).cancel()
        _remove(file.path)


def _safe_name(filename: str) -> str:
    """The last component of a name, without what a URL, a shell or a header might mistake."""
    name = _UNSAFE.sub("_", re.split(r"[/\\]", filename)[-1]).strip(". ")
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[: _MAX_NAME - len(suffix)]}{dot}{suffix}"[-_MAX_NAME:] or "upload.bin"


def _remove(path: Path) -> None:
    """Unlink in a thread; nobody waits for it."""
    asyncio.get_running_loop().run_in_executor(None, path.unlink, True)
