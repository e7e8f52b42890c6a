"""Reading a stranger's bytes, from memory or from a file, before anything understands them.

House rule: only regular files within bounds are opened, and they leave here without their name.
"""

from __future__ import annotations

import io
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from errno import EIO
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from foxstream.errors import InvalidInputError

__all__ = ["Nameless", "Source", "as_source", "reading"]

Source = bytes | Path
"""Where the bytes come from: memory or a file."""


class Nameless:
    """What a demuxer needs of a file. A `name` would be passed on to it, so there is none.

    `error` is the failure that ended reading: raised in a callback of FFmpeg it would be printed.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self.error: OSError | None = None
        self.seek: Callable[..., int] = file.seek
        self.tell: Callable[[], int] = file.tell
        self._file = file

    def check(self) -> None:
        """Raise `error`, if there is one."""
        if self.error is not None:
            raise self.error

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; fewer at the end or with an `error`."""
        try:
            data = self._file.read(size)
        except OSError as error:
            self.error = error
            return b""
        if len(data) < size and self.tell() < self.size:
            self.error = OSError(EIO, "it has become shorter")
        return data


def as_source(source: str | PathLike[str] | bytes | bytearray, kind: str) -> Source:
    """Take a path, a path string or bytes; `InvalidInputError` for anything else, also a URL."""
    if isinstance(source, bytes | bytearray):
        return bytes(source)
    if isinstance(source, str) and ("://" in source or source.startswith("data:")):
        raise InvalidInputError(f"{kind} is a URL: what is opened here is a path or bytes")
    try:
        return Path(source)
    except TypeError as error:
        given = type(source).__name__
        raise InvalidInputError(f"{kind} is of type {given}: a path or bytes is meant") from error


@contextmanager
def reading(source: Source, kind: str, limit: int) -> Generator[Nameless]:
    """Open `source`; `InvalidInputError` if there is nothing to read or more than `limit` bytes."""
    if isinstance(source, bytes):
        yield _bounded(io.BytesIO(source), len(source), kind, limit)
        return
    with _open(source, kind) as file:
        nameless = _bounded(file, file.seek(0, io.SEEK_END), f"{kind} {source}", limit)
        try:
            yield nameless
        except OSError as error:
            if error is not nameless.error:
                raise
        if nameless.error:
            raise InvalidInputError(f"{kind} {source} cannot be read: {nameless.error.strerror}")


def _open(path: Path, kind: str) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise InvalidInputError(f"{kind} {path} cannot be opened: {reason}") from error
    what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
    raise InvalidInputError(f"{kind} {path} is {what}")


def _bounded(file: BinaryIO, size: int, name: str, limit: int) -> Nameless:
    if size == 0:
        raise InvalidInputError(f"{name} is empty")
    if size > limit:
        raise InvalidInputError(f"{name} has {size:,} bytes: at most {limit:,} are opened")
    return Nameless(file, size)
