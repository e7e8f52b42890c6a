"""Pieces of media as callers give them: URL, data URI, path, path string, bytes -> `Source`.

House rule: what a value shows by itself is checked here, what lies on the disk is not touched
(contract, sections 2.3 to 2.5).
"""

from __future__ import annotations

import binascii
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from foxstream.errors import InvalidInputError

__all__ = ["Kind", "Media", "Source", "is_list", "source_of", "sources_of"]

Media = str | os.PathLike[str] | bytes
"""What may stand for a video, an image or a sound: URL, data URI, path, path string, bytes."""

Kind = Literal["image", "video", "audio"]

_MAX_ITEMS = 10
_DATA_URI = re.compile(
    r"data:(?P<kind>[a-z]+)/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.IGNORECASE
)
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")


class Source(msgspec.Struct, frozen=True):
    """One piece of media: a string is a URL or a data URI, anything else is still to be read."""

    kind: Kind
    value: str | Path | bytes
    field: str

    @property
    def is_inline(self) -> bool:
        """Whether it is a data URI already."""
        return isinstance(self.value, str) and self.value[:5].lower() == "data:"


def is_list(value: object) -> bool:
    """Whether `value` is a list or a tuple and not one text or blob."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def sources_of(field: str, kind: Kind, values: Sequence[Media]) -> list[Source]:
    """Check a list of media; `InvalidInputError` names `field`, position and value."""
    if not is_list(values):
        raise InvalidInputError(f"{field} is {type(values).__name__}: give a list, {field}=[...]")
    if len(values) > _MAX_ITEMS:
        raise InvalidInputError(f"{field} has {len(values)} items: at most {_MAX_ITEMS} are taken")
    return [source_of(f"{field}[{at}]", kind, value) for at, value in enumerate(values)]


def source_of(field: str, kind: Kind, value: Media) -> Source:
    """Check one piece of media; `InvalidInputError` for what can be seen to be none."""
    if isinstance(value, bytes):
        if not value:
            raise InvalidInputError(f"{field} is empty")
        return Source(kind, value, field)
    if isinstance(value, os.PathLike):
        return Source(kind, Path(value), field)
    if not isinstance(value, str) or not value:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"{field} is {value!r}: a URL, a data URI, a path or bytes")
    if value[:5].lower() == "data:":
        return Source(kind, _checked_data_uri(field, kind, value), field)
    if "://" in value:
        return Source(kind, _checked_url(field, value), field)
    return Source(kind, Path(value), field)


def _checked_data_uri(field: str, kind: Kind, uri: str) -> str:
    head = _DATA_URI.match(uri)
    if head is None or head["kind"].lower() != kind:
        raise InvalidInputError(
            f"{field} is a data URI that begins {uri[:40]!r}: "
            f"data:{kind}/<type>;base64,<payload> is taken"
        )
    try:
        binascii.a2b_base64(uri[head.end() :], strict_mode=True)
    except ValueError as error:
        raise InvalidInputError(f"{field} is a data URI with broken base64: {error}") from error
    if head.end() == len(uri):
        raise InvalidInputError(f"{field} is a data URI without data")
    return uri


def _checked_url(field: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        plain = False
    if not plain or _NOT_IN_A_URL.search(url):
        raise InvalidInputError(f"{field} is {url[:200]!r}: only http and https URLs are taken")
    return _watchable(url)


def _watchable(url: str) -> str:
    """YouTube Shorts are refused upstream; the same video as `watch?v=` is taken (section 2.4)."""
    parts = urlsplit(url)
    shorts = re.fullmatch(r"/shorts/([\w-]+)/?", parts.path)
    if shorts is None or not re.fullmatch(r"(www\.|m\.)?youtube\.com", parts.hostname or ""):
        return url
    return f"https://www.youtube.com/watch?v={shorts[1]}"
