"""Who hears a stream: what was said, and when.

House rule: while the clock runs an ear keeps what it hears and no more; it is told afterwards. It
imports nothing that a rider would not, so that a cold start is the rider's own.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Awaitable, Iterator

from benchmarks.riders.rider import Listen

__all__ = ["Ear", "Stopwatch", "Watchful"]


class Ear:
    """Hears one stream."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.thought: list[str] = []

    @property
    def heard(self) -> tuple[str, str]:
        """The text and the reasoning."""
        return "".join(self.said), "".join(self.thought)

    @property
    def numbers(self) -> str:
        """The numbers of the chunks of a stamped stream (`number:sent_ns `), as they came."""
        return " ".join(stamp.partition(":")[0] for stamp in "".join(self.said).split())

    def listen(self, listen: Listen) -> Awaitable[None]:
        """Hear one answer."""
        return listen(self.said.append, self.thought.append)


class Stopwatch(Ear):
    """Notes when the first piece of text or reasoning came, in monotonic ns; 0: not yet."""

    first_ns = 0

    def listen(self, listen: Listen) -> Awaitable[None]:
        """Hear one answer; empty pieces do not count."""
        return listen(self._say, self._think)

    def _say(self, text: str) -> None:
        if text and not self.first_ns:
            self.first_ns = time.monotonic_ns()
        self.said.append(text)

    def _think(self, reasoning: str) -> None:
        if reasoning and not self.first_ns:
            self.first_ns = time.monotonic_ns()
        self.thought.append(reasoning)


class Watchful(Ear):
    """Notes when each piece of a stamped stream came."""

    def __init__(self) -> None:
        super().__init__()
        self.came_ns = array("q")

    def listen(self, listen: Listen) -> Awaitable[None]:
        """Hear one answer."""
        return listen(self._say, self.thought.append)

    def late_ns(self, begin: int, end: int) -> Iterator[int]:
        """How long after it was sent each chunk came, from one piece to another."""
        for piece, came in zip(self.said[begin:end], self.came_ns[begin:end], strict=True):
            for stamp in piece.split():
                yield came - int(stamp.partition(":")[2])

    def _say(self, text: str) -> None:
        self.came_ns.append(time.monotonic_ns())
        self.said.append(text)
