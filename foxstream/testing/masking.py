"""Secrets out of bytes: each becomes as many `x`, so that no length and no boundary changes.

House rule: what only may be a secret is masked too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["is_secret", "mask", "spellings"]

_NAME = r"[\w-]*(?:key|token|secret|signature|credential|password|authorization|cookie)[\w-]*"
_SECRET_NAME = re.compile(rf"{_NAME}|sig", re.IGNORECASE)
_IN_QUERY = re.compile(rf"[?&](?:{_NAME}|sig)=([^&#\s\"'\\<>]+)".encode(), re.IGNORECASE)
_IN_JSON = re.compile(rf'"{_NAME}"\s*:\s*"((?:[^"\\]|\\.)+)"'.encode(), re.IGNORECASE)
_SHORTEST = 8


def is_secret(name: str) -> bool:
    """Whether a header, parameter or field of that name may hold a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def spellings(secret: str) -> set[bytes]:
    """How a credential may show itself: whole, without its scheme, in a URL.

    Nothing of fewer than 8 characters: it would be found in words that are no secret.
    """
    forms = {secret, secret.rpartition(" ")[2]}
    forms |= {quote(form, safe="") for form in forms}
    return {form.encode() for form in forms if len(form) >= _SHORTEST}


def mask(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """`data` without `secrets`, and without what secret fields and parameters hold."""
    for secret in sorted(secrets, key=len, reverse=True):
        data = data.replace(secret, b"x" * len(secret))
    return _IN_JSON.sub(_masked, _IN_QUERY.sub(_masked, data))


def _masked(match: re.Match[bytes]) -> bytes:
    start, end = match.span(1)
    whole, before = match[0], start - match.start()
    return whole[:before] + b"x" * (end - start) + whole[before + end - start :]
