"""The files of earlier runs, read."""

from __future__ import annotations

from pathlib import Path

from foxstream.bench.record import Record, from_lines
from foxstream.errors import InvalidInputError

__all__ = ["contents", "records_of"]


def contents(file: str) -> bytes:
    """What a file holds; `InvalidInputError` where it cannot be read."""
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(f"{file} cannot be read: {reason}") from error


def records_of(file: str) -> tuple[list[Record], bool]:
    """The records of a raw file, and whether its last line was cut, by a crash, and left out.

    `InvalidInputError` names any other line that is no record, and a file that holds none.
    """
    whole, _, rest = contents(file).rpartition(b"\n")
    try:
        records = list(from_lines(whole.split(b"\n")))
        last, cut = _last(rest)
    except InvalidInputError as error:
        raise InvalidInputError(f"{file}: {error}") from error
    records += last
    if not records:
        raise InvalidInputError(f"{file} holds no whole record")
    return records, cut


def _last(line: bytes) -> tuple[list[Record], bool]:
    """What follows the last line end: nothing, as a rule."""
    try:
        return list(from_lines([line])), False
    except InvalidInputError:
        return [], True
