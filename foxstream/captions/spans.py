"""A set of whole numbers that lie in few stretches, such as the windows that are done.

House rule: every question is answered without walking along a stretch, however long the film.
"""

from __future__ import annotations

from bisect import bisect_right

__all__ = ["Spans"]


class Spans:
    """Whole numbers; knows the first that is missing."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []  # each behind the last number of its stretch

    def __len__(self) -> int:
        return sum(self._ends) - sum(self._starts)

    def __contains__(self, number: int) -> bool:
        return self.first_missing(number) != number

    def add(self, number: int) -> None:
        """Take a number in, unless it is there."""
        if number in self:
            return
        at = bisect_right(self._starts, number)
        self._starts.insert(at, number)
        self._ends.insert(at, number + 1)
        self._join(at)
        self._join(at - 1)

    def remove(self, number: int) -> None:
        """Take a number out that is there."""
        at = bisect_right(self._starts, number) - 1
        start, end = self._starts.pop(at), self._ends.pop(at)
        for first, behind in ((number + 1, end), (start, number)):
            if first < behind:
                self._starts.insert(at, first)
                self._ends.insert(at, behind)

    def first_missing(self, number: int) -> int:
        """Give the first number from `number` on that is not in it."""
        at = bisect_right(self._starts, number) - 1
        return max(number, self._ends[at]) if at >= 0 else number

    def _join(self, at: int) -> None:
        """Make one of the stretch and the next, if they touch."""
        if at >= 0 and self._starts[at + 1 : at + 2] == self._ends[at : at + 1]:
            del self._starts[at + 1], self._ends[at]
