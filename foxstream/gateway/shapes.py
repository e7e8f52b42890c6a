"""What the gateway sends: the service's JSON, strictly as the contract words it.

House rule: nothing is optional by accident. A field that may be missing is `UNSET` by default,
one that may be null says so.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

__all__ = [
    "ChatCompletion",
    "Choice",
    "Chunk",
    "ChunkChoice",
    "ChunkDelta",
    "ErrorBody",
    "ErrorEnvelope",
    "File",
    "Function",
    "Message",
    "ModelEntry",
    "ModelList",
    "Status",
    "StreamLink",
    "Task",
    "TaskError",
    "TaskUsage",
    "TokenUsage",
    "ToolCall",
    "ToolCallFragment",
]

Status = Literal["pending", "processing", "completed", "failed"]

TokenUsage = dict[str, int | dict[str, int]]
"""`usage` of a completion: counts, and nested counts such as `completion_tokens_details`."""


class ErrorBody(msgspec.Struct, frozen=True):
    """`error` of the envelope (section 6)."""

    message: str
    type: str
    code: str | UnsetType = UNSET


class ErrorEnvelope(msgspec.Struct, frozen=True):
    """The body of every answer with an error status."""

    error: ErrorBody


class Function(msgspec.Struct, frozen=True, gc=False):
    """`function` of a tool call."""

    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET


class ToolCallFragment(msgspec.Struct, frozen=True, gc=False):
    """A piece of a tool call in a chunk: `id` and the name come once."""

    index: int
    function: Function
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET


class ChunkDelta(msgspec.Struct, frozen=True, gc=False):
    """What a chunk adds to one choice; `role` comes with its first chunk."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: tuple[ToolCallFragment, ...] | UnsetType = UNSET


class ChunkChoice(msgspec.Struct, frozen=True, gc=False):
    """One of a chunk's `choices`."""

    index: int
    delta: ChunkDelta
    finish_reason: str | None


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """The data of an `event: chunk` (section 4)."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: TokenUsage | UnsetType = UNSET


class ToolCall(msgspec.Struct, frozen=True):
    """A whole tool call in a message."""

    id: str
    type: Literal["function"]
    function: Function


class Message(msgspec.Struct, frozen=True):
    """What one choice came to; reasoning is not part of it (section 4)."""

    role: Literal["assistant"]
    content: str
    tool_calls: tuple[ToolCall, ...] | UnsetType = UNSET


class Choice(msgspec.Struct, frozen=True):
    """One of a completion's `choices`."""

    index: int
    message: Message
    finish_reason: str


class ChatCompletion(msgspec.Struct, frozen=True):
    """`results[0]` of a task, and the whole answer in blocking mode (sections 3.3 and 5)."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: TokenUsage | UnsetType = UNSET


class StreamLink(msgspec.Struct, frozen=True):
    """`stream` of a task: the root-relative path of its chunks (section 3)."""

    url: str


class TaskError(msgspec.Struct, frozen=True):
    """`error` of a failed task (section 5)."""

    code: str
    message: str
    type: Literal["task_error"] = "task_error"


class TaskUsage(msgspec.Struct, frozen=True):
    """`usage` of a polled task: what it costs. This gateway is free."""

    credits_reserved: int = 0
    user_group: str = "default"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task, as answered to a submit (without `usage`) and to a poll (sections 3 and 5)."""

    id: str
    object: Literal["llm.generation.task"] = "llm.generation.task"
    type: Literal["llm"] = "llm"
    model: str
    status: Status
    progress: int
    created: int
    stream: StreamLink | None = None
    results: tuple[ChatCompletion] | None = None
    error: TaskError | None = None
    usage: TaskUsage | UnsetType = UNSET


class File(msgspec.Struct, frozen=True):
    """The answer of an upload (section 8)."""

    id: str
    filename: str
    url: str
    size: int
    created: int


class ModelEntry(msgspec.Struct, frozen=True):
    """One entry of the two model lists; only one of them knows `capabilities` (section 7)."""

    id: str
    object: Literal["model"] = "model"
    capabilities: tuple[str, ...] | UnsetType = UNSET
    owned_by: str | UnsetType = UNSET


class ModelList(msgspec.Struct, frozen=True):
    """A model list."""

    data: tuple[ModelEntry, ...]
    object: Literal["list"] = "list"
