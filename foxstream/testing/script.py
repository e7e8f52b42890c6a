"""The answers that a scripted gateway has yet to give, and what was asked of it.

House rule: filled by the test's thread, emptied by the gateway's.
"""

from __future__ import annotations

from collections import deque

from foxstream.gateway.refusal import malformed
from foxstream.testing.answers import Answer
from foxstream.testing.asked import Asked
from foxstream.testing.errors import UnansweredError, UnaskedError

__all__ = ["Script"]


class Script:
    """`asked` is what was asked, in order, also what was refused or found no answer."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: deque[Answer] = deque()
        self._unanswered: list[Asked] = []

    def add(self, answer: Answer) -> None:
        """Say `answer` after those that are there."""
        self._answers.append(answer)

    def take(self, asked: Asked) -> Answer:
        """The answer to `asked`; 400 where none is left, which no client sends again."""
        self.asked.append(asked)
        try:
            return self._answers.popleft()
        except IndexError:
            self._unanswered.append(asked)
            raise malformed("no answer is left: script one with fox_gateway.answer()") from None

    def give_back(self, answer: Answer) -> None:
        """Say `answer` next: its request was refused for what it asked."""
        self._answers.appendleft(answer)

    def check(self, *, strict: bool) -> None:
        """`UnansweredError` where a request found no answer; `UnaskedError` where one is left."""
        if self._unanswered:
            first = self._unanswered[0]
            raise UnansweredError(
                f"{len(self._unanswered)} of {len(self.asked)} requests found no answer, first "
                f"{first.prompt or first.messages!r}: script one with fox_gateway.answer()"
            )
        if strict and self._answers:
            raise UnaskedError(
                f"{len(self._answers)} scripted answers were not asked for: script fewer, or set "
                "fox_gateway.strict = False"
            )
