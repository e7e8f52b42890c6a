"""Uploads -> media types, by content first and by name second; the same on every machine."""

from __future__ import annotations

from mimetypes import MimeTypes

from foxstream.media import mime_of

__all__ = ["content_type_of", "extension_for"]

_TYPES = MimeTypes()
for _type, _extension in (
    ("audio/aac", ".aac"),
    ("audio/flac", ".flac"),
    ("audio/mp4", ".m4a"),
    ("audio/ogg", ".ogg"),
    ("image/webp", ".webp"),
    ("video/x-matroska", ".mkv"),
):
    _TYPES.add_type(_type, _extension)

_SERVED = ("audio/", "image/", "video/", "application/pdf")
_ACTIVE = "image/svg+xml"


def content_type_of(head: bytes, filename: str) -> str:
    """The type under which an upload is served: media as such, all else as mere bytes.

    A page or a script that somebody uploaded must not run in the gateway's own origin.
    """
    named = _TYPES.guess_type(filename)[0] or ""
    found = mime_of(head, named.partition("/")[0]) or named
    return found if found.startswith(_SERVED) and found != _ACTIVE else "application/octet-stream"


def extension_for(media_type: str) -> str:
    """The usual ending of names of that type, `.bin` where there is none."""
    return _TYPES.guess_extension(media_type) or ".bin"
