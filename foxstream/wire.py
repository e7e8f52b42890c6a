"""The service's JSON: bytes <-> `Submission`, `Task`, `Chunk`, `ChatCompletion`.

House rule: JSON names live here and nowhere else. A struct for reading declares only what is
used, tolerates unknown, missing and null fields, and refuses wrong types; a struct for sending
holds only documented fields (contract, sections 2 to 6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Annotated, TypeVar

import msgspec

from foxstream.errors import ProtocolError, TaskFailedError

__all__ = [
    "DECODE_ERRORS",
    "MAX_INDEX",
    "ChatCompletion",
    "ChatSubmission",
    "Chunk",
    "ChunkChoice",
    "ChunkDelta",
    "Done",
    "Envelope",
    "Failure",
    "Message",
    "MessageChoice",
    "ModelEntry",
    "ModelList",
    "Result",
    "StreamRef",
    "Submission",
    "Task",
    "TokenUsage",
    "ToolCallFragment",
    "ToolFunction",
    "UploadedFile",
    "decode",
    "decode_chunk",
    "decode_chunks",
    "encode_chunk",
    "encode_submission",
    "not_the_contract",
    "task_failed",
]


MAX_INDEX = 1023
"""The highest index of a choice or a tool call: a bound of this client, far beyond any answer."""

_Index = Annotated[int, msgspec.Meta(ge=0, le=MAX_INDEX)]


class ToolFunction(msgspec.Struct, gc=False):
    """`function` of a tool call, whole or a fragment."""

    name: str | None = None
    arguments: str | None = None


class ToolCallFragment(msgspec.Struct, gc=False):
    """One entry of `tool_calls`, in a chunk or in a message."""

    index: _Index | None = None
    id: str | None = None
    function: ToolFunction | None = None


class ChunkDelta(msgspec.Struct, gc=False):
    """`delta` of a chunk's choice; reasoning comes under one of three names."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking: str | None = None
    tool_calls: list[ToolCallFragment] | None = None


class ChunkChoice(msgspec.Struct, gc=False):
    """One of a chunk's `choices`."""

    index: _Index | None = None
    delta: ChunkDelta | None = None
    finish_reason: str | None = None


class TokenUsage(msgspec.Struct):
    """`usage` of a chunk or a completion."""

    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    total_tokens: float | None = None
    prompt_tokens_details: dict[str, object] | None = None
    completion_tokens_details: dict[str, object] | None = None


class Failure(msgspec.Struct):
    """`error` of an envelope, of a failed task, or the data of an `error` event (section 4, 6)."""

    message: str | None = None
    type: str | None = None
    code: str | int | None = None


class Chunk(msgspec.Struct, gc=False):
    """A `chat.completion.chunk` (section 4). Null `choices` are no choices."""

    id: str | None = None
    model: str | None = None
    choices: list[ChunkChoice] | None = None
    usage: TokenUsage | None = None
    error: Failure | str | None = None


class Done(msgspec.Struct):
    """The data of a `done` event."""

    total_chunks: int | None = None


class Message(msgspec.Struct):
    """`message` of a finished choice."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking: str | None = None
    tool_calls: list[ToolCallFragment] | None = None


class MessageChoice(msgspec.Struct):
    """One of a completion's `choices`."""

    index: _Index | None = None
    message: Message | None = None
    finish_reason: str | None = None


class ChatCompletion(msgspec.Struct):
    """A `chat.completion`, the body of a blocking answer (section 3.3)."""

    object: str | None = None
    id: str | None = None
    model: str | None = None
    choices: list[MessageChoice] | None = None
    usage: TokenUsage | None = None


class Result(ChatCompletion):
    """`results[0]` of a task: a `ChatCompletion`, or one of the shapes of section 9.3."""

    message: Message | None = None
    text: str | None = None
    content: str | None = None


class StreamRef(msgspec.Struct):
    """`stream` of a submit answer."""

    url: str | None = None


class Task(msgspec.Struct):
    """A task, from a submit answer or a poll (sections 3 and 5)."""

    id: str | None = None
    status: str | None = None
    progress: float | None = None
    model: str | None = None
    created: float | None = None
    stream: StreamRef | str | None = None
    stream_url: str | None = None
    results: list[Result | str | None] | None = None
    error: Failure | str | None = None
    usage: dict[str, object] | None = None


class ModelEntry(msgspec.Struct):
    """One entry of a model list (section 7)."""

    id: str | None = None
    capabilities: list[str] | dict[str, object] | None = None


class ModelList(msgspec.Struct):
    """The answer of the model list, `data` being the models."""

    data: list[ModelEntry] | None = None


class UploadedFile(msgspec.Struct):
    """The answer of an upload (section 8); only `url` can be relied on."""

    url: str | None = None
    id: str | None = None
    filename: str | None = None
    size: int | None = None


class Envelope(Failure):
    """An error body: the service's own form, or one of those seen in front of it (9.11)."""

    error: Failure | str | None = None
    detail: object = None


class Submission(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of `POST /v1/llm/generations`; `None` and `()` are left out (section 2)."""

    model: str
    prompt: str | None = None
    system_prompt: str | None = None
    messages: Sequence[Mapping[str, object]] = ()
    image_urls: tuple[str, ...] = ()
    video_urls: tuple[str, ...] = ()
    audio_url: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning: bool | None = None
    sync: bool = False
    stream: bool = False


class ChatSubmission(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of `POST /v1/chat/completions`, as OpenAI and compatible servers take it."""

    model: str
    messages: Sequence[Mapping[str, object]]
    max_tokens: int | None = None
    temperature: float | None = None
    stream: bool = False
    stream_options: Mapping[str, bool] | None = None


DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding bytes that are not the contract can raise."""

_error_of = attrgetter("error")

decode_chunk: Callable[[bytes], Chunk] = msgspec.json.Decoder(Chunk).decode
"""`bytes -> Chunk`, once per token: its caller translates `DECODE_ERRORS`."""


def decode_chunks(data: list[bytes]) -> list[Chunk]:
    """The chunks that `data` begins with: up to what is none, or reports an error."""
    chunks: list[Chunk] = []
    try:  # noqa: SIM105 (`suppress` takes as long as a chunk)
        chunks.extend(map(decode_chunk, data))
    except DECODE_ERRORS:
        pass
    errors = list(map(_error_of, chunks))
    if errors.count(None) < len(errors):
        del chunks[next(at for at, error in enumerate(errors) if error is not None) :]
    return chunks


T = TypeVar("T")


def decode(body: bytes, shape: type[T]) -> T:
    """Read one JSON body as `shape`; `ProtocolError` where it is not one."""
    try:
        return msgspec.json.decode(body, type=shape)
    except DECODE_ERRORS as error:
        raise not_the_contract(shape.__name__, body, error) from error


def not_the_contract(what: str, body: bytes, cause: Exception) -> ProtocolError:
    """The `ProtocolError` for `body`, quoting how it begins."""
    begin = body[:80].decode("utf-8", "replace")
    return ProtocolError(f"this is no {what}: {cause}; it begins with {begin!r}")


def task_failed(failure: Failure | str) -> TaskFailedError:
    """The error that the service reports with `failure`, in its own words."""
    if isinstance(failure, str):
        failure = Failure(message=failure)
    message = failure.message or "the service reported an error without a message"
    return TaskFailedError(message, code=None if failure.code is None else str(failure.code))


def encode_chunk(chunk: Chunk) -> bytes:
    """A chunk as JSON."""
    return msgspec.json.encode(chunk)


def encode_submission(
    submission: Submission | ChatSubmission, extra: Mapping[str, object]
) -> bytes:
    """The body of a submit; `extra` adds fields that `submission` does not know."""
    return msgspec.json.encode({**msgspec.to_builtins(submission), **extra})
