"""How loud a sound is: the level meter.

House rule: every sample of every channel counts, as a 16-bit value; nothing is resampled.
"""

from __future__ import annotations

import math
from array import array
from fractions import Fraction
from operator import mul

from av import AudioFrame

from foxstream.video.convert import SoundConverter
from foxstream.video.facts import Sound

__all__ = ["Meter"]

_FULL_SCALE = 32768


class Meter:
    """Listens to frames of any sample format and tells peak, mean level and length."""

    def __init__(self) -> None:
        self._converter = SoundConverter("s16")
        self._seconds = Fraction(0)
        self._peak = 0
        self._squares = 0
        self._samples = 0

    def add(self, frame: AudioFrame) -> None:
        """Listen to one frame."""
        self._seconds += Fraction(frame.samples, frame.sample_rate)
        for converted in self._converter.convert(frame):
            length = 2 * converted.samples * converted.layout.nb_channels
            samples = array("h", bytes(converted.planes[0])[:length])
            self._peak = max(self._peak, *map(abs, samples))
            self._squares += sum(map(mul, samples, samples))
            self._samples += len(samples)

    def sound(self) -> Sound:
        """Say what was heard so far."""
        mean = self._squares / self._samples if self._samples else 0.0
        return Sound(
            seconds=float(self._seconds),
            peak=_decibels(self._peak),
            rms=_decibels(math.sqrt(mean)),
        )


def _decibels(value: float) -> float | None:
    return 20 * math.log10(value / _FULL_SCALE) if value else None
