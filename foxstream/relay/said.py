"""What was said so far, as long as it can be told in one event.

House rule: bounded, like all that a relay keeps.
"""

from __future__ import annotations

from collections.abc import Iterable

from foxstream.answer import Choice, Delta, ToolCallDelta
from foxstream.deltas import Transcript
from foxstream.relay.entries import DELTA, Entry, delta_of

__all__ = ["Said"]

_PIECE = 64  # a short string of its own, in bytes


class Said:
    """Folds entries up to one answer; `whole` is false once there were others, or too many bytes.

    `transcript` is what was said; empty where it is not whole.
    """

    def __init__(self, max_bytes: int, choices: Iterable[Choice] = ()) -> None:
        self.whole: bool = True
        self.transcript: Transcript = Transcript()
        self._max_bytes = max_bytes
        self._size = 0
        for choice in choices:
            self._take(_delta_of_choice(choice))

    def add(self, entry: Entry) -> None:
        """Fold one entry in; one that ends the stream says nothing."""
        if entry.last or not self.whole:
            return
        if entry.event == DELTA:
            self._take(delta_of(entry.data))
        else:
            self.give_up()

    def give_up(self) -> None:
        """Forget what was said: some of it is missing, or cannot be told in one event."""
        self.whole = False
        self.transcript = Transcript()

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What was said, choice by choice."""
        return self.transcript.completion("truncated").choices

    def _take(self, delta: Delta) -> None:
        words = len(delta.text) + len(delta.reasoning)
        words += sum(len(call.arguments) for call in delta.tool_calls)
        self._size += words + _PIECE
        self.transcript.take((delta,))
        if self._size > self._max_bytes:
            self.give_up()


def _delta_of_choice(choice: Choice) -> Delta:
    calls = tuple(
        ToolCallDelta(index, call.id, call.name, call.arguments)
        for index, call in enumerate(choice.tool_calls)
    )
    return Delta(choice.text, choice.reasoning, calls, choice.index, choice.finish_reason)
