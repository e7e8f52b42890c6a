"""What a stream shall say and how fast: the first part of a path.

House rule: a script is a value; the same script is the same bytes for every rider.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Self

import msgspec

__all__ = ["Script"]


class Script(msgspec.Struct, frozen=True, omit_defaults=True):
    """`chunks` chunks, at once or `rate` a second, each in a packet of its own.

    At once, `frames` of them share an HTTP chunk; 0 stands for about 64 KiB, as a gateway replays.
    `stamped`: the text of a chunk is its number and the instant at which it was sent, in
    monotonic nanoseconds: `17:123456789 `. `comments` keep-alives come before the first chunk.
    `lead`: seconds until a paced stream begins; `pause`: of silence behind its first chunk.
    `width`: characters of text in each chunk, in the service's own dialect; 0 stands for tokens.
    """

    chunks: int
    rate: float = 0.0
    frames: int = 0
    stamped: bool = False
    comments: int = 0
    lead: float = 1.0
    pause: float = 0.0
    width: int = 0

    @property
    def path(self) -> str:
        """The script as one part of a path."""
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def of(cls, path: str) -> Self:
        """The script of a `path`."""
        return msgspec.json.decode(urlsafe_b64decode(path + "=="), type=cls)
