"""Whether all of a file is there, as far as its container says how long it should be.

House rule: told before anything is decoded, so that half a download is never taken for a video.
"""

from __future__ import annotations

import io

from foxstream.errors import InvalidInputError
from foxstream.video.containers import Container
from foxstream.video.files import Nameless

__all__ = ["check_whole"]

_BOXES = (b"ftyp", b"moov", b"mdat", b"moof")
_SEGMENT = b"\x18\x53\x80\x67"
_HEAD = 256
_MOST_BOXES = 100_000
_UNKNOWN = (0, 0xFFFFFFFF)  # a RIFF that was written to a pipe


def check_whole(file: Nameless, container: Container, kind: str) -> None:
    """Raise `InvalidInputError` where `file` is shorter than its container says."""
    claimed = _claimed_end(file, container)
    file.seek(0)
    if claimed > file.size:
        lengths = f"its {container.name} ends at byte {claimed:,}, the file at {file.size:,}"
        raise InvalidInputError(f"{kind} is cut off: {lengths}")


def _claimed_end(file: Nameless, container: Container) -> int:
    match container.demuxer:
        case "mov":
            return _end_of_boxes(file)
        case "matroska":
            return _end_of_segment(_at(file, 0, _HEAD).ljust(_HEAD, b"\0"))
        case "avi" | "wav" | "webp_pipe":
            length = int.from_bytes(_at(file, 4, 4), "little")
            return 0 if length in _UNKNOWN else length + 8
        case _:
            return 0


def _at(file: Nameless, offset: int, count: int) -> bytes:
    file.seek(offset, io.SEEK_SET)
    return file.read(count)


def _end_of_boxes(file: Nameless) -> int:
    """Walk the top-level boxes of an mp4 up to the one that leads out of the file."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = _at(file, at, 16)
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        if length < 8:  # 0 means up to the end of the file
            return 0
        at += length
        if at >= file.size:
            return at if head[4:8] in _BOXES else 0
    return 0


def _end_of_segment(head: bytes) -> int:
    """Skip the EBML header and read the length of the Matroska segment after it."""
    length, at = _vint(head, 4)
    segment = at + length
    if head[segment : segment + 4] != _SEGMENT:
        return 0
    length, at = _vint(head, segment + 4)
    return at + length


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """Read an EBML length; give it, 0 if it is left open, and the offset behind it."""
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width])
    most = (1 << 7 * width) - 1
    return (0 if value & most == most else value & most), at + width
