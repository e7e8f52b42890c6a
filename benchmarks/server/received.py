"""The media that came with requests: noted by size and checksum, told on demand.

House rule: what is told is what has really arrived, not what a header promised.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from urllib.request import urlopen

import msgspec

__all__ = ["digest", "media_of", "note", "received", "told"]

_DATA_URI = re.compile(rb"data:video/mp4;base64,([A-Za-z0-9+/=]+)")

_noted: list[str] = []


def digest(content: bytes) -> str:
    """The size and the checksum of a medium."""
    return f"{len(content)}-{zlib.crc32(content):08x}"


def media_of(body: bytes) -> bytes:
    """The last part of a form, or a data URI in JSON; nothing where there is neither."""
    if body.startswith(b"--"):
        boundary = body[: body.index(b"\r\n")]
        end = body.rindex(b"\r\n" + boundary)
        part = body.rindex(boundary, 0, end)
        return body[body.index(b"\r\n\r\n", part) + 4 : end]
    uri = _DATA_URI.search(body)
    return b64decode(uri[1]) if uri else b""


def note(body: bytes) -> None:
    """Keep the digest of the media in `body`, if it holds any."""
    if media := media_of(body):
        _noted.append(digest(media))


def told() -> bytes:
    """The digests since the last time, as JSON."""
    noted = msgspec.json.encode(_noted)
    _noted.clear()
    return noted


def received(url: str) -> list[str]:
    """What the server at `url` has received since it was last asked: `GET /received`."""
    with urlopen(f"{url}/received", timeout=30) as answer:
        return msgspec.json.decode(answer.read(), type=list[str])
