"""What an answer is made of: the frozen values that users read.

House rule: plain data only. Nothing here knows JSON, HTTP or time.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Choice", "Completion", "Delta", "State", "ToolCall", "ToolCallDelta", "Usage"]

State = Literal["complete", "truncated", "closed"]
"""How an answer ended: to its own end, cut off, or left by its reader."""


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False):
    """A fragment of one tool call: `id` and `name` come once, `arguments` (JSON text) in pieces."""

    index: int = 0
    id: str = ""
    name: str = ""
    arguments: str = ""


class Delta(msgspec.Struct, frozen=True, gc=False):
    """What one chunk added to one choice: answer text, reasoning, tool-call fragments.

    `received_ns` is the monotonic instant, in nanoseconds, at which the read that carried it was
    handed over, taken before any parsing. `str(delta)` is the answer text alone, so reasoning
    can never be printed by mistake.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    index: int = 0
    finish_reason: str | None = None
    received_ns: int = 0

    def __str__(self) -> str:
        return self.text


class ToolCall(msgspec.Struct, frozen=True):
    """A whole tool call; `arguments` is JSON text exactly as the model wrote it."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class Usage(msgspec.Struct, frozen=True):
    """Token counts as the service reported them; `None` is a count it did not report.

    `details` holds the nested counts under their wire names, for example
    `"completion_tokens_details.reasoning_tokens"`.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    details: dict[str, int] = {}


class Choice(msgspec.Struct, frozen=True):
    """One of the alternatives of an answer; most answers have only index 0."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None


class Completion(msgspec.Struct, frozen=True):
    """What was said: the text of choice 0, all choices, and what is known about them.

    `usage is None` means unknown, never zero. `state` is `"complete"` for a whole answer (also
    one that ended with `finish_reason="length"`), `"truncated"` on an error's `.partial`,
    `"closed"` where the reader left early. `recovered` tells that a connection was lost on the
    way, `reasoning_complete` whether all reasoning tokens arrived.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str = ""
    id: str = ""
    task_id: str | None = None
    choices: tuple[Choice, ...] = ()
    state: State = "complete"
    recovered: bool = False
    reasoning_complete: bool = True
