"""Which window is asked about next.

House rule: decided, not awaited. The nearest to the playhead comes first, those ahead of it before
those behind; a window that fails waits again until its attempts are used up.
"""

from __future__ import annotations

from foxstream.errors import InvalidInputError

__all__ = ["Planner"]


class Planner:
    """Keeps at most `at_once` windows running, and tries each at most `attempts` times."""

    def __init__(self, at_once: int, attempts: int) -> None:
        for name, value in (("at_once", at_once), ("attempts", attempts)):
            if value < 1:
                raise InvalidInputError(f"{name} is {value!r}: at least 1")
        self._at_once = at_once
        self._attempts = attempts
        self._waiting: dict[int, tuple[float, float]] = {}
        self._running: dict[int, tuple[float, float]] = {}
        self._tried: dict[int, int] = {}

    def add(self, number: int, start: float, end: float) -> None:
        """Let the window `number`, from `start` to `end` seconds, wait for its turn."""
        self._waiting[number] = (start, end)

    def next(self, playhead: float) -> int | None:
        """Begin the window that is nearest to `playhead`, in seconds; `None` if none may begin."""
        if not self._waiting or len(self._running) >= self._at_once:
            return None
        number = min(self._waiting, key=lambda each: _distance(*self._waiting[each], playhead))
        self._running[number] = self._waiting.pop(number)
        self._tried[number] = self._tried.get(number, 0) + 1
        return number

    def let_go(self) -> list[int]:
        """Forget the windows that wait and were never begun; give their numbers."""
        numbers = [number for number in self._waiting if number not in self._tried]
        for number in numbers:
            del self._waiting[number]
        return numbers

    def attempts_of(self, number: int) -> int:
        """Give how often a window has been begun."""
        return self._tried.get(number, 0)

    def done(self, number: int) -> None:
        """A window that was running has its captions, or was given up."""
        del self._running[number], self._tried[number]

    def failed(self, number: int) -> bool:
        """A window that was running failed; say whether it waits to be tried again."""
        if self._tried[number] >= self._attempts:
            self.done(number)
            return False
        self._waiting[number] = self._running.pop(number)
        return True


def _distance(start: float, end: float, playhead: float) -> tuple[bool, float]:
    return end <= playhead, abs(start - playhead)
