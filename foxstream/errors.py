"""Every error that foxstream raises, under one root.

    FoxError
    ├── InvalidInputError (ValueError)    refused before anything was sent
    ├── MissingExtraError (ImportError)   an optional package is not installed
    ├── APIStatusError                    the service answered with an error status
    │   ├── BadRequestError               400
    │   ├── AuthenticationError           401
    │   ├── InsufficientQuotaError        402
    │   ├── PermissionDeniedError         403
    │   ├── NotFoundError                 404
    │   ├── RequestTooLargeError          413
    │   ├── UnprocessableEntityError      422
    │   ├── RateLimitError                429
    │   └── InternalServerError           5xx
    ├── APIConnectionError                no connection, or it broke
    │   └── APITimeoutError               a clock ran out; `.phase` names it
    ├── ProtocolError                     bytes that are not the contract
    ├── StreamTruncatedError              the stream ended before the answer did
    ├── StreamDivergedError               a replay told another answer
    └── TaskFailedError                   the service reports that the task failed

House rule: no error knows how it came about; messages are written where it is raised.
"""

from __future__ import annotations

from typing import Literal

from foxstream.answer import Completion

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "FoxError",
    "InsufficientQuotaError",
    "InternalServerError",
    "InvalidInputError",
    "MissingExtraError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimitError",
    "RequestTooLargeError",
    "StreamDivergedError",
    "StreamTruncatedError",
    "TaskFailedError",
    "UnprocessableEntityError",
]

Phase = Literal["connect", "submit", "first_token", "stall", "task", "total"]
"""The clock that ran out; each is a field of `Timeouts`."""


class FoxError(Exception):
    """The root of all errors of this library.

    `partial` is what was said before the failure (`None` before streaming began), `task_id` the
    task that may still be running at the service; `Client.attach(task_id)` follows it again.
    """

    partial: Completion | None = None
    task_id: str | None = None


class InvalidInputError(FoxError, ValueError):
    """An argument was refused before anything was sent; the message names field, limit, value."""


class MissingExtraError(FoxError, ImportError):
    """An optional package is missing; the message holds the command that installs it."""


class APIStatusError(FoxError):
    """The service answered with an error status (contract, section 6).

    `type`, `code` and `request_id` are the service's own words where it sent them, `message` its
    message or the first 200 characters of a body that was no error envelope, `retry_after` the
    seconds it asked to wait.
    """

    def __init__(
        self,
        status_code: int,
        message: str,
        *,
        type: str | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(status_code, message)
        self.status_code = status_code
        self.message = message
        self.type = type
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        known = {
            "type": self.type,
            "code": self.code,
            "request id": self.request_id,
            "retry after": None if self.retry_after is None else f"{self.retry_after:g} s",
        }
        facts = ", ".join(f"{name} {value}" for name, value in known.items() if value)
        return f"HTTP {self.status_code}: {self.message}" + (f" ({facts})" if facts else "")


class BadRequestError(APIStatusError):
    """400: the body was malformed."""


class AuthenticationError(APIStatusError):
    """401: the key is missing, wrong or expired."""


class InsufficientQuotaError(APIStatusError):
    """402: the balance is used up."""


class PermissionDeniedError(APIStatusError):
    """403: not allowed, or blocked in front of the service (`error code: 1010`)."""


class NotFoundError(APIStatusError):
    """404: no such task, stream or route."""


class RequestTooLargeError(APIStatusError):
    """413: the body is larger than the service takes."""


class UnprocessableEntityError(APIStatusError):
    """422: a value, the model or its capabilities do not fit; see `code`."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after` where the service named a time."""


class InternalServerError(APIStatusError):
    """5xx: the service or something in front of it failed."""


class APIConnectionError(FoxError):
    """The connection could not be made, or it broke.

    `sent` is false where no request left: the host has no address, or it refused the connection.
    """

    def __init__(self, message: str = "", *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class APITimeoutError(APIConnectionError):
    """A clock ran out; `phase` is the field of `Timeouts` that set it."""

    def __init__(self, message: str, *, phase: Phase = "total") -> None:
        super().__init__(message)
        self.phase: Phase = phase


class ProtocolError(FoxError):
    """The service sent bytes that are not the contract."""


class StreamTruncatedError(FoxError):
    """The stream ended before the answer did, or with other chunks than the service counted."""


class StreamDivergedError(FoxError):
    """A replay of the stream does not begin with what was already delivered."""


class TaskFailedError(FoxError):
    """The service reports that the task failed; `code` and `message` are its own words."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code

    def __str__(self) -> str:
        return f"{self.message} (code {self.code})" if self.code else self.message
