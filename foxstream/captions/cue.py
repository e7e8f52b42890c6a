"""A cue: some text that is on the screen for a while.

House rule: plain data only.
"""

from __future__ import annotations

import msgspec

__all__ = ["STAMP", "Cue"]

STAMP = 0.002
"""Seconds by which times may differ that are the same; files keep them in milliseconds."""


class Cue(msgspec.Struct, frozen=True):
    """`text` to show from `start` to `end`, in seconds of the video; lines end with a newline.

    A partial cue (`final` false) is the screen of `window` as it stands, and each replaces the
    one before; its final cues replace them all. `error` marks a window that failed: with `final`
    it stays without captions, else it is asked again and its partial cues are withdrawn.
    """

    start: float
    end: float
    text: str
    final: bool
    window: int
    error: str | None = None
