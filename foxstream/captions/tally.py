"""How far captioning has come and what it has cost."""

from __future__ import annotations

import msgspec

__all__ = ["Tally"]


class Tally(msgspec.Struct):
    """Counts that grow while captions come.

    Of the `windows` seen so far, the last of which ends at `cut` seconds of the video, `done` have
    captions now, `skipped` had them before, `failed` stay without: `seconds` of the video together
    for `done` and `failed`, and `seconds_skipped`. `retried` counts attempts that failed and were
    made again. `tokens` is the total the service reported, `unmetered` the answers, also those
    that failed, for which it reported none. `tokens_before` and `tokens_after` shrinking are
    estimates for the windows that were asked about. `fast` final cues are faster than the layout
    allows; the fastest of all cues has `fastest` characters a second.
    """

    windows: int = 0
    cut: float = 0.0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0.0
    seconds_skipped: float = 0.0
    retried: int = 0
    tokens: int = 0
    unmetered: int = 0
    tokens_before: int = 0
    tokens_after: int = 0
    fast: int = 0
    fastest: float = 0.0

    @property
    def finished(self) -> int:
        """The windows about which nothing more will be asked."""
        return self.done + self.skipped + self.failed
