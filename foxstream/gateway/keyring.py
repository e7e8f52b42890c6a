"""Who may come in: bearer keys, compared in constant time."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection

from aiohttp import web

from foxstream.errors import InvalidInputError
from foxstream.gateway.refusal import unauthorized

__all__ = ["Keyring"]

_VISIBLE = re.compile(r"[\x21-\x7e]+")


class Keyring:
    """The keys of a gateway; without any, everybody may come in and shares what is there."""

    def __init__(self, api_key: str | Collection[str] | None) -> None:
        keys = {api_key} if isinstance(api_key, str) else set(api_key or ())
        if api_key is not None and not keys:
            raise InvalidInputError("api_key is an empty collection: None means no key")
        if not all(_VISIBLE.fullmatch(key) for key in keys):
            raise InvalidInputError(
                "api_key is empty, or holds a space or a character beyond ASCII"
            )
        self._keys = sorted(keys)

    def owner(self, request: web.Request) -> str | None:
        """The key that `request` carries, `None` where none is needed; 401 otherwise."""
        if not self._keys:
            return None
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        offered = given.strip().encode("utf-8", "surrogateescape")
        # All keys are compared, so that time does not tell which one was nearly right.
        matches = [key for key in self._keys if hmac.compare_digest(key.encode(), offered)]
        if scheme.lower() != "bearer" or not matches:
            raise unauthorized("the API key is missing or wrong: Authorization: Bearer KEY")
        return matches[0]
