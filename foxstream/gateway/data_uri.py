"""`data:video/mp4;base64,...`: recognised, measured and decoded without a needless copy."""

from __future__ import annotations

import binascii
import re
from collections.abc import AsyncGenerator
from typing import NamedTuple

import anyio.to_thread

__all__ = ["DataUri", "decode_base64"]

_HEAD = re.compile(
    r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII | re.IGNORECASE
)
_PIECE = 1024 * 1024  # a multiple of 4; decoding one takes about a millisecond


class DataUri(NamedTuple):
    """One base64 data URI: its media type in lower case and its text, from `start` on."""

    media_type: str
    text: str
    start: int

    @classmethod
    def parse(cls, text: str) -> DataUri | None:
        """Recognise `text` by its head; `None` where it is no base64 data URI."""
        head = _HEAD.match(text)
        return cls(head[1].lower(), text, head.end()) if head else None

    @property
    def decoded_size(self) -> int:
        """The number of bytes that the base64 stands for."""
        padding = 2 if self.text.endswith("==") else self.text.endswith("=")
        return (len(self.text) - self.start) * 3 // 4 - padding


async def decode_base64(text: str, start: int = 0) -> AsyncGenerator[bytes]:
    """Yield what `text` stands for from `start` on, a piece at a time, each decoded in a thread.

    Raises `ValueError` where it is not base64. In pieces, because one call over 50 MB would hold
    the interpreter for a tenth of a second, thread or not.
    """
    for position in range(start, len(text), _PIECE):
        if position > start and text[position - 1] == "=":
            raise ValueError("padding in the middle")
        piece = text[position : position + _PIECE]
        yield await anyio.to_thread.run_sync(_decode, piece)


def _decode(piece: str) -> bytes:
    return binascii.a2b_base64(piece, strict_mode=True)
