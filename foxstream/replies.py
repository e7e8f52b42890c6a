"""What the service answered: a `Reply` -> a task, a completion, a list, or the named error.

House rule: tolerant in what is read; each tolerance names the section of the contract.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import msgspec

from foxstream import errors, wire
from foxstream.answer import Completion
from foxstream.deltas import completion_of
from foxstream.endpoints import is_task_id
from foxstream.errors import APIStatusError, ProtocolError
from foxstream.exchange import Reply
from foxstream.resources import Model, Task, TaskFailure, Upload

__all__ = [
    "chat_completion_from",
    "check_event_stream",
    "completion_from",
    "error_from",
    "is_json",
    "models_from",
    "task_from",
    "upload_from",
]

_ERRORS: Mapping[int, type[APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.InsufficientQuotaError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    413: errors.RequestTooLargeError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}
# Section 9.6: two generations of status words; every other word means that the task still runs.
_STATUS = {"success": "completed"} | dict.fromkeys(
    ("error", "cancelled", "canceled", "interrupted"), "failed"
)
_REQUEST_ID = re.compile(r"request[_ ]id:\s*([\w.:-]*\w)", re.IGNORECASE)
_QUOTED = 200


def error_from(reply: Reply) -> APIStatusError:
    """The named error for a status that is not 200 (section 6, and 9.11 for foreign bodies)."""
    failure = _failure_in(reply.body)
    message = failure.message or _beginning(reply.body) or "the answer has no body"
    kind = _ERRORS.get(reply.status) or (
        errors.InternalServerError if reply.status >= 500 else APIStatusError
    )
    in_message = _REQUEST_ID.search(message)
    return kind(
        reply.status,
        message + _hint(reply),
        type=failure.type,
        code=None if failure.code is None else str(failure.code),
        request_id=reply.headers.get("x-request-id") or (in_message[1] if in_message else None),
        retry_after=_retry_after(reply.headers),
    )


def task_from(body: bytes) -> Task:
    """A task, from a submit answer or a poll; `ProtocolError` without an id.

    An error envelope in its place is a `TaskFailedError` (section 9.4).
    """
    read = wire.decode(body, wire.Task)
    if not read.id and read.error is not None:
        raise wire.task_failed(read.error)
    if not read.id or not is_task_id(read.id):
        raise ProtocolError(f"a task without a usable id: the answer is {_beginning(body)!r}")
    status = (read.status or "pending").lower()
    return Task(
        id=read.id,
        status=_STATUS.get(status, status),
        progress=read.progress,
        model=read.model or "",
        created=read.created,
        stream_url=_stream_url(read),
        completion=_completion_in(read),
        error=_task_failure(read.error),
        usage=read.usage or {},
    )


def completion_from(body: bytes) -> Completion | Task:
    """The answer of a blocking submit: a completion, or a task where the service made one (9.5)."""
    read = wire.decode(body, wire.ChatCompletion)
    if read.object == "chat.completion" or read.choices is not None:
        return completion_of(read)
    return task_from(body)


def chat_completion_from(body: bytes) -> Completion:
    """The answer of a chat completion that is not streamed.

    An error envelope in its place is a `TaskFailedError`, anything else a `ProtocolError`.
    """
    read = wire.decode(body, wire.ChatCompletion)
    if read.choices:
        return completion_of(read)
    failure = _failure_in(body)
    if failure.message:
        raise wire.task_failed(failure)
    raise ProtocolError(f"a completion without choices: the answer is {_beginning(body)!r}")


def models_from(body: bytes) -> list[Model]:
    """The model list; entries without an id are left out (section 7).

    OpenAI-compatible servers may tell capabilities in words of their own: then they are unknown.
    """
    entries = wire.decode(body, wire.ModelList).data or []
    return [
        Model(entry.id, tuple(entry.capabilities) if isinstance(entry.capabilities, list) else None)
        for entry in entries
        if entry.id
    ]


def upload_from(body: bytes) -> Upload:
    """The uploaded file; only its URL is required (section 8)."""
    read = wire.decode(body, wire.UploadedFile)
    if not read.url:
        raise ProtocolError("the service answered an upload without a URL")
    return Upload(read.url, read.id, read.filename, read.size)


def is_json(headers: Mapping[str, str]) -> bool:
    """Whether the answer says that it is JSON."""
    return _media_type(headers) == "application/json"


def check_event_stream(headers: Mapping[str, str]) -> None:
    """`ProtocolError` where an answer with status 200 is no plain event stream."""
    kind = _media_type(headers)
    if kind != "text/event-stream":
        raise ProtocolError(f"an event stream was asked for, the answer is {kind or 'untyped'!r}")
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise ProtocolError(f"an uncompressed stream was asked for, the answer is {coding!r}")


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _failure_in(body: bytes) -> wire.Failure:
    try:
        envelope = wire.decode(body, wire.Envelope)
    except ProtocolError:
        return wire.Failure()
    if isinstance(envelope.error, wire.Failure):
        return envelope.error
    detail = envelope.detail if isinstance(envelope.detail, str) else None
    message = envelope.error or envelope.message or detail
    return wire.Failure(message, envelope.type, envelope.code)


def _beginning(body: bytes) -> str:
    return " ".join(body[: 4 * _QUOTED].decode("utf-8", "replace").split())[:_QUOTED]


def _hint(reply: Reply) -> str:
    if reply.status == 403 and b"error code: 1010" in reply.body[:_QUOTED]:
        return " (blocked in front of the service because of the User-Agent)"
    return ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from a number or from a date relative to the answer's own `Date`."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,3})?", value):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, (until - parsedate_to_datetime(headers["date"])).total_seconds())
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def _stream_url(read: wire.Task) -> str | None:
    """Section 9.1: an object, a bare string, or the older top-level name."""
    named = read.stream.url if isinstance(read.stream, wire.StreamRef) else read.stream
    return named or read.stream_url or None


def _completion_in(read: wire.Task) -> Completion | None:
    """Completed with empty results is not yet a result (section 5)."""
    first = read.results[0] if read.results else None
    if first is None:
        return None
    result = wire.Result(text=first) if isinstance(first, str) else first
    completion = completion_of(result, task_id=read.id)
    if not completion.choices:
        return None
    # A task does not keep what only its stream carried: reasoning (section 4).
    return msgspec.structs.replace(completion, reasoning_complete=bool(completion.reasoning))


def _task_failure(error: wire.Failure | str | None) -> TaskFailure | None:
    if error is None:
        return None
    if isinstance(error, str):
        return TaskFailure(error)
    code = None if error.code is None else str(error.code)
    return TaskFailure(error.message or "", code, error.type)
