"""Which window is cut next, as the playhead moves.

House rule: decided, not awaited. Cutting goes on from where it is, unless the playhead has left it;
what was passed over is cut in the end. No window is cut twice, but for one that was put back.
"""

from __future__ import annotations

from foxstream.captions.spans import Spans

__all__ = ["Course"]

_NEAR = 2  # windows that are cut on the way rather than passed over


class Course:
    """Windows of `every` seconds, counted from 0; without `every` they end anywhere.

    Those that end anywhere are cut from the first to the last, wherever the playhead is.
    """

    def __init__(self, every: float | None) -> None:
        self._every = every
        self._done = Spans()
        self._at = 0  # behind the one that was cut last
        self._behind_all: int | None = None

    @property
    def windows(self) -> int:
        """How many are cut, or need not be."""
        return len(self._done)

    def number_at(self, playhead: float) -> int:
        """Give the number of the window at `playhead`, in seconds."""
        if self._every is None:
            return 0
        number = max(0, int(playhead / self._every))
        return number if self._behind_all is None else min(number, max(0, self._behind_all - 1))

    def next(self, playhead: float) -> int | None:
        """Give the number of the window to be cut now; `None` if all are."""
        wanted = self._missing_from(self.number_at(playhead))
        if wanted is None:
            wanted = self._missing_from(0)
        near = wanted is not None and wanted - _NEAR <= self._at <= wanted
        return self._at if near and self._goes_on else wanted

    def leaves(self, playhead: float) -> bool:
        """Whether cutting is to be broken off where it is, to go on elsewhere."""
        return self._goes_on and self.next(playhead) != self._at

    def cut(self, number: int) -> None:
        """A window was cut."""
        self._done.add(number)
        self._at = number + 1

    def skip(self, number: int) -> None:
        """A window need not be cut."""
        self._done.add(number)

    def put_back(self, number: int) -> None:
        """A window that was cut will be cut again when its time comes."""
        self._done.remove(number)

    def end(self, number: int) -> None:
        """The video has no window `number`, and none behind it."""
        self._behind_all = min(number, self._behind_all or number)

    @property
    def _goes_on(self) -> bool:
        """Whether the window behind the last one is still to be cut."""
        return self._missing_from(self._at) == self._at

    def _missing_from(self, number: int) -> int | None:
        """The first window from `number` on that is still to be cut."""
        missing = self._done.first_missing(number)
        return None if self._behind_all is not None and missing >= self._behind_all else missing
