"""Every way in which the gateway says no: status, type and code (contract, sections 2.8 and 6)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web

from foxstream.gateway.shapes import ErrorBody, ErrorEnvelope

__all__ = [
    "RefusedError",
    "busy",
    "forbidden",
    "malformed",
    "not_found",
    "shortened",
    "too_large",
    "unauthorized",
    "unavailable",
    "unprocessable",
]


_LONGEST = 500


def shortened(message: str) -> str:
    """`message` up to a length that is meant to be read: it may quote what a caller sent."""
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}..."


class RefusedError(Exception):
    """A request that is answered with the error envelope and nothing else."""

    def __init__(
        self,
        status: int,
        type: str,
        message: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        message = shortened(message)
        super().__init__(message)
        self.status = status
        self.error: ErrorBody = ErrorBody(message, type, code or msgspec.UNSET)
        self.headers = headers

    def response(self) -> web.Response:
        """The answer that says so."""
        return web.Response(
            status=self.status,
            body=msgspec.json.encode(ErrorEnvelope(self.error)),
            content_type="application/json",
            headers=self.headers,
        )


def malformed(message: str) -> RefusedError:
    """400: the body cannot be read at all."""
    return RefusedError(400, "invalid_request_error", message)


def unauthorized(message: str) -> RefusedError:
    """401: the key is missing or wrong."""
    return RefusedError(
        401, "authentication_error", message, headers={"WWW-Authenticate": "Bearer"}
    )


def forbidden(message: str) -> RefusedError:
    """403: this gateway does not do that."""
    return RefusedError(403, "permission_denied", message)


def not_found(message: str) -> RefusedError:
    """404: no such task, stream, file or route."""
    return RefusedError(404, "not_found", message)


def too_large(message: str) -> RefusedError:
    """413: the body or the file is over the limit."""
    return RefusedError(413, "file_too_large_error", message)


def unprocessable(message: str, code: str = "invalid_param") -> RefusedError:
    """422: a value, the model or its capabilities do not fit."""
    return RefusedError(422, "invalid_request_error", message, code=code)


def unavailable(message: str, code: str | None = None) -> RefusedError:
    """503: there is no answer to be had now."""
    return RefusedError(503, "service_unavailable", message, code=code)


def busy(message: str) -> RefusedError:
    """429: a limit of this gateway is reached for the moment."""
    return RefusedError(429, "rate_limit_error", message, headers={"Retry-After": "1"})
