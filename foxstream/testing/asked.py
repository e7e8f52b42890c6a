"""What was asked of a scripted gateway, as its test looks at it.

House rule: no credential is kept, so that no failing assertion shows one.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from foxstream.testing.masking import is_secret

__all__ = ["Asked", "asked_of"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request for an answer.

    `images`, `videos` and `audio` are URLs or data URIs; `messages` is the conversation where one
    was sent, media and all. `headers` have lower-case names and are without credentials.
    """

    model: str = ""
    prompt: str | None = None
    system_prompt: str | None = None
    messages: tuple[dict[str, object], ...] = ()
    images: tuple[str, ...] = msgspec.field(default=(), name="image_urls")
    videos: tuple[str, ...] = msgspec.field(default=(), name="video_urls")
    audio: str | None = msgspec.field(default=None, name="audio_url")
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning: bool | None = None
    headers: dict[str, str] = {}


def asked_of(body: bytes, headers: Mapping[str, str]) -> Asked:
    """The request in a JSON body; of one that is malformed only the headers are known."""
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError):
        asked = Asked()
    kept = {name.lower(): value for name, value in headers.items() if not is_secret(name)}
    return msgspec.structs.replace(asked, headers=kept)
