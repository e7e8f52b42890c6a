"""How much of a stranger's file is opened at all."""

from __future__ import annotations

import msgspec

__all__ = ["DEFAULT_LIMITS", "Limits"]


class Limits(msgspec.Struct, frozen=True):
    """The bounds of one file; what lies over one of them is `InvalidInputError`.

    `size` in bytes, `pixels` of one frame (8192x4352 is the largest of H.264 and HEVC),
    `frames` and `seconds` of the whole. Files are read piece by piece and decoded by one thread,
    so memory is bounded by `pixels` times the reference frames a codec may keep, not by `size`.
    """

    size: int = 2 * 1024**3
    pixels: int = 8192 * 4352
    frames: int = 1_000_000
    seconds: float = 4 * 3600.0


DEFAULT_LIMITS = Limits()
