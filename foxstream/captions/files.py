"""A file of cues that is valid whenever one looks, and that a second run completes.

House rule: what lies behind all that is there is appended, whole blocks at a time; anything else is
written to a new file that takes the place of the old one. These calls block: use a thread.
"""

from __future__ import annotations

import os
from pathlib import Path

from foxstream.captions.cue import Cue
from foxstream.captions.formats import Format
from foxstream.errors import InvalidInputError

__all__ = ["CueFile"]

_STAMP = 0.002  # seconds; files keep times in milliseconds


class CueFile:
    """The cues of `source`, a name for the video, in the file at `path`.

    What is there already is kept in `cues`: the file of a run that was broken off. Raises
    `InvalidInputError` for a file that is none of `form` or tells of another source, and where
    it cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str], form: Format, source: str) -> None:
        self.path: Path = Path(path)
        self.cues: list[Cue] = []
        self._format = form
        self._head = form.head(source)
        found = self._read()
        self.cues = self._parsed(found)
        if found != self._whole():
            self._replace()

    def write(self, cue: Cue) -> None:
        """Add a final cue; those that were there at its time give way to it."""
        if not self.cues or cue.start >= self.cues[-1].end - _STAMP:
            self.cues.append(cue)
            self._append(self._format.block(len(self.cues), cue))
            return
        kept = [each for each in self.cues if not _overlap(each, cue)]
        self.cues = sorted([*kept, cue], key=_start)
        self._replace()

    def _read(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{self.path} is no {self._format.name}") from error
        except OSError as error:
            raise self._refused("read", error) from error

    def _parsed(self, found: str) -> list[Cue]:
        """The cues of all blocks that are whole; a head that was cut off is none."""
        if not found.startswith(self._head):
            if self._head.startswith(found):
                return []
            raise InvalidInputError(
                f"{self.path} exists and is no {self._format.name} of this video: remove it first"
            )
        end = self._format.end
        whole, _, _ = found.rpartition(end)
        try:
            return self._format.parse(whole + end)
        except ValueError as error:
            raise InvalidInputError(
                f"{self.path} exists and is no {self._format.name}: {error}"
            ) from error

    def _whole(self) -> str:
        blocks = (self._format.block(number, cue) for number, cue in enumerate(self.cues, 1))
        return self._head + "".join(blocks)

    def _append(self, text: str) -> None:
        try:
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise self._refused("written", error) from error

    def _replace(self) -> None:
        new = self.path.with_name(f".{self.path.name}.new")
        try:
            new.write_text(self._whole(), encoding="utf-8", newline="\n")
            new.replace(self.path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise self._refused("written", error) from error

    def _refused(self, what: str, error: OSError) -> InvalidInputError:
        return InvalidInputError(f"{self.path} cannot be {what}: {error.strerror}")


def _overlap(one: Cue, other: Cue) -> bool:
    return one.start < other.end - _STAMP and other.start < one.end - _STAMP


def _start(cue: Cue) -> float:
    return cue.start
