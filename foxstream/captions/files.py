"""A file of cues that is valid whenever one looks, and that a second run completes.

House rule: what lies behind all that is there is appended, whole blocks at a time; anything else is
written to a new file that takes the place of the old one, so seldom that it costs little. These
calls block: use a thread.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from contextlib import suppress
from io import FileIO
from pathlib import Path

from foxstream.captions.cue import STAMP, Cue
from foxstream.captions.formats import Format
from foxstream.errors import FoxError, InvalidInputError

__all__ = ["CueFile"]

_SHARE = 64  # so many times as many cues are there when the file is made anew
_MOST_BYTES = 64 * 1024**2


class CueFile:
    """The cues of `source`, a name for the video, in the file at `path`.

    What is there already is kept in `cues`: the file of a run that was broken off. Raises
    `InvalidInputError` for a file that is none of `form` or tells of another source, and where
    it cannot be read or written; it is left as it was then.
    """

    def __init__(self, path: str | os.PathLike[str], form: Format, source: str) -> None:
        self.path: Path = Path(path)
        self.form: Format = form
        self.cues: list[Cue] = []
        self._target = self.path.resolve()  # a link stays one
        self._head = form.head(source)
        self._inserted = 0
        found = self._read()
        self.cues = self._parsed(found)
        self._damaged = found != self._whole()
        self._prepare()

    def write(self, cue: Cue) -> None:
        """Add a final cue; those that were there at its time give way to it, but not to an error.

        What does not belong at the end may come into the file a little later, at the latest with
        `close`. Raises `FoxError` where it cannot be written; the file stays valid.
        """
        first = bisect_right(self.cues, cue.start + STAMP, key=_end)
        behind = bisect_left(self.cues, cue.end - STAMP, key=_start)
        replaced = self.cues[first:behind]
        if cue.error is not None and any(each.error is None for each in replaced):
            return
        self.cues[first : max(first, behind)] = [cue]
        try:
            if first == len(self.cues) - 1 and not replaced and not self._damaged:
                self._append(self.form.block(len(self.cues), cue))
            else:
                self._insert()
        except OSError as error:
            self._damaged = True
            raise FoxError(self._reason("written", error)) from error

    def close(self) -> None:
        """Bring into the file what is not in it yet; raises as `write` does."""
        try:
            if self._inserted:
                self._replace()
        except OSError as error:
            raise FoxError(self._reason("written", error)) from error

    def _read(self) -> str:
        try:
            self._check_kind()
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise self._stranger() from error
        except OSError as error:
            raise InvalidInputError(self._reason("read", error)) from error

    def _check_kind(self) -> None:
        """A device may be without an end, and a large file is the video."""
        if not self.path.is_file() and not self.path.is_dir() and self.path.exists():
            raise InvalidInputError(f"{self.path} is no regular file: name one for the captions")
        if self.path.is_file() and self.path.stat().st_size > _MOST_BYTES:
            raise self._stranger()

    def _parsed(self, found: str) -> list[Cue]:
        """The cues of all blocks that are whole; a head that was cut off has none."""
        if not found.startswith(self._head):
            if self._head.startswith(found):
                return []
            raise self._stranger(self.form.source_of(found))
        try:
            return sorted(self.form.parse(found), key=_start)
        except ValueError as error:
            raise InvalidInputError(
                f"{self.path} exists and is no {self.form.name}: {error}"
            ) from error

    def _stranger(self, source: str | None = None) -> InvalidInputError:
        other = "remove it, or name another file"
        if source is None:
            return InvalidInputError(
                f"{self.path} exists and is no {self.form.name} that was made here: {other}"
            )
        mine = self.form.source_of(self._head)
        return InvalidInputError(f"{self.path} has captions of {source}, not of {mine}: {other}")

    def _prepare(self) -> None:
        """Begin the file, or see whether it can be written at all."""
        try:
            if self.cues:
                self._append("")
            else:
                self._replace()
        except OSError as error:
            raise InvalidInputError(self._reason("written", error)) from error

    def _whole(self) -> str:
        blocks = (self.form.block(number, cue) for number, cue in enumerate(self.cues, 1))
        return self._head + "".join(blocks)

    def _append(self, text: str) -> None:
        with self._target.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                _write_all(file, text.encode())
            except OSError:
                with suppress(OSError):
                    file.truncate(size)
                raise

    def _insert(self) -> None:
        self._inserted += 1
        if self._damaged or self._inserted * _SHARE >= len(self.cues):
            self._replace()

    def _replace(self) -> None:
        new = self._target.with_name(f".{self.path.name}.new")
        try:
            new.write_text(self._whole(), encoding="utf-8", newline="\n")
            new.replace(self._target)
        except OSError:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        self._inserted, self._damaged = 0, False

    def _reason(self, what: str, error: OSError) -> str:
        return f"{self.path} cannot be {what}: {error.strerror}"


def _write_all(file: FileIO, data: bytes) -> None:
    """Write without a buffer, which would try again when the file is closed."""
    while data:
        data = data[file.write(data) :]


def _start(cue: Cue) -> float:
    return cue.start


def _end(cue: Cue) -> float:
    return cue.end
