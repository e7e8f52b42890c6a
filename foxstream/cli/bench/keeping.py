"""The files of a run: whether they can be written, and writing them.

House rule: that they can is known before anything is sent, and no file that cannot be written in
the end costs another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import anyio.to_thread
import msgspec

from foxstream.bench.page import page, ready
from foxstream.bench.record import Record, to_line
from foxstream.bench.result import Report
from foxstream.cli.screen import Screen
from foxstream.errors import InvalidInputError

__all__ = ["Files", "RawFile", "keep", "kept_whole", "raw_file"]

T = TypeVar("T")


class Files(msgspec.Struct, frozen=True):
    """Where the report goes, as JSON and as a page, and where the raw records go."""

    json: Path | None = None
    page: Path | None = None
    raw: Path | None = None

    def check(self, *sources: Path) -> None:
        """`InvalidInputError` where one cannot be written; what is there is left as it is.

        The same where two are one file, or where one is among the `sources` that are read.
        `MissingExtraError` where a page is asked for and nothing can draw it.
        """
        paths = [path for path in (self.json, self.page, self.raw) if path is not None]
        named = [path.resolve() for path in (*paths, *sources) if not path.is_char_device()]
        if len(set(named)) < len(named):
            raise InvalidInputError("two of the files are the same one")
        for path in paths:
            _check(path)
        if self.page is not None:
            ready()


def _check(path: Path) -> None:
    try:
        new = not path.exists() and not path.is_symlink()
        path.open("ab").close()
        if new:
            path.unlink()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(f"{path} cannot be written: {reason}") from error


def keep(report: Report, files: Files) -> Iterator[str]:
    """Write what is to be written, and tell what could not be."""
    for path, written in ((files.json, _as_json), (files.page, _as_page)):
        if path is not None:
            try:
                path.write_bytes(written(report))
            except OSError as error:
                yield f"{path}: {error.strerror or error}"


async def kept_whole(report: Report, files: Files, raw: RawFile | None, screen: Screen) -> bool:
    """Write the files, complain about each that cannot be, and tell whether all were."""
    complaints = [] if raw is None or raw.error is None else [f"{files.raw}: {raw.error.strerror}"]
    complaints += await _to_the_end(lambda: list(keep(report, files)))
    for complaint in complaints:
        screen.complain(f"cannot be written: {complaint}")
    return not complaints


async def _to_the_end(work: Callable[[], T]) -> T:
    """Do `work` in a thread and wait for it, also where the caller is cancelled meanwhile."""
    working = asyncio.ensure_future(anyio.to_thread.run_sync(work))
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.shield(working)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return working.result()


def _as_json(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report)) + b"\n"


def _as_page(report: Report) -> bytes:
    return page(report).encode()


class RawFile:
    """Takes a line of each record as it ends, and hands it to the system at once.

    A thread writes, so that a slow disk holds up no clock; `error` is the first that it met.
    """

    def __init__(self, path: Path, writer: ThreadPoolExecutor) -> None:
        self.error: OSError | None = None
        self._path = path
        self._writer = writer
        self._file: BinaryIO | None = None

    def add(self, record: Record) -> None:
        """Write the record as it is now."""
        line = to_line(record)
        self._do(lambda: self._write(line))

    def close(self) -> None:
        """Everything that was added is written before."""
        self._do(self._close)

    def _do(self, step: Callable[[], None]) -> None:
        self._writer.submit(step).add_done_callback(self._look)

    def _look(self, step: Future[None]) -> None:
        error = step.exception()
        if isinstance(error, OSError):
            self.error = self.error or error

    def _write(self, line: bytes) -> None:
        """The first line takes the place of what the file held."""
        if self._file is None:
            self._file = self._path.open("wb")
        self._file.write(line)
        self._file.flush()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


@asynccontextmanager
async def raw_file(path: Path | None) -> AsyncGenerator[RawFile | None]:
    """Have everything written in the end."""
    if path is None:
        yield None
        return
    writer = ThreadPoolExecutor(1)
    raw = RawFile(path, writer)
    try:
        yield raw
    finally:
        raw.close()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(writer.shutdown)
