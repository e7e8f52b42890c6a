"""What shrinking saves: bytes, which are counted, and tokens, which are estimated.

House rule: the service documents one number, that a 30 s clip may cost 20,000 tokens and more
(contract, section 2.4). An estimate built on it is called one wherever it is shown.
"""

from __future__ import annotations

import msgspec

__all__ = ["Saved", "Shrunk", "Window", "estimate_tokens"]

TOKENS_PER_FRAME = 258
TOKENS_PER_SECOND_OF_SOUND = 32
FRAMES_LOOKED_AT = 2.5  # per second; with the two above 30 s come to 20,310


def estimate_tokens(seconds: float, frames: int, *, sound: bool) -> int:
    """Estimate what a model is charged for a video, in prompt tokens.

    258 for each frame it looks at, at most 2.5 frames a second, and 32 for each second of sound:
    figures known of Gemini models, joined so that an ordinary 30 s clip comes to the documented
    20,000. The service does not publish its own formula, so this is no more than an estimate.
    """
    looked_at = max(1.0, min(frames, seconds * FRAMES_LOOKED_AT))
    return round(looked_at * TOKENS_PER_FRAME + sound * seconds * TOKENS_PER_SECOND_OF_SOUND)


class Saved(msgspec.Struct, frozen=True):
    """Bytes as counted and prompt tokens as estimated, before and after; `str()` is one line."""

    bytes_before: int
    bytes_after: int
    tokens_before: int
    tokens_after: int

    def __str__(self) -> str:
        return (
            f"{_size(self.bytes_before)} -> {_size(self.bytes_after)}"
            f" ({_change(self.bytes_before, self.bytes_after)}),"
            f" about {self.tokens_before:,} -> {self.tokens_after:,} tokens"
            f" ({_change(self.tokens_before, self.tokens_after)}, an estimate)"
        )


def _size(count: int) -> str:
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count} bytes"


def _change(before: int, after: int) -> str:
    return f"{(after - before) / before:+.0%}"


class Shrunk(msgspec.Struct, frozen=True):
    """A smaller video: `data` is an mp4, ready to be sent as media.

    `width` and `height` in pixels, upright; `seconds` as long as the original's pictures last;
    `codec` is the encoder that was at hand.
    """

    data: bytes
    width: int
    height: int
    seconds: float
    frames: int
    codec: str
    saved: Saved


class Window(msgspec.Struct, frozen=True):
    """A stretch of a video: `data` is an mp4 of its own, ready to be sent as media.

    `number` counts from 0; `start` and `end` in seconds of the source, counted from its first
    picture. `tokens_before` and `tokens_after` shrinking are estimates, see `estimate_tokens`.
    """

    number: int
    start: float
    end: float
    data: bytes
    frames: int
    tokens_before: int
    tokens_after: int
