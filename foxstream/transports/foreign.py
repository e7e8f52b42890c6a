"""The errors of HTTP libraries, before they are raised as ours.

House rule: translated once, at the door, with the cause chained; but without its frames, whose
local variables hold what was sent, and without the URL, which may hold the password of a proxy.
"""

from __future__ import annotations

from collections.abc import Iterator
from socket import gaierror
from typing import cast
from urllib.parse import urlsplit

from foxstream.errors import APIConnectionError, APITimeoutError
from foxstream.exchange import Request

__all__ = ["failed", "never_left", "no_connection", "reason_of", "without_frames"]


def no_connection(request: Request) -> APITimeoutError:
    """The error for a connection that was not made within `request.connect` seconds."""
    limit = request.connect or 0
    return APITimeoutError(f"no connection to {_host(request)} within {limit:g} s", phase="connect")


def failed(request: Request, reason: str, *, sent: bool) -> APIConnectionError:
    """The error for a request that was not answered; for `sent` see `APIConnectionError`."""
    return APIConnectionError(f"{_host(request)}: {reason}", sent=sent)


def reason_of(error: Exception) -> str:
    """What the error says, or at least what it is."""
    return str(error) or type(error).__name__


def without_frames(error: Exception, outer: BaseException | None = None) -> Exception:
    """The error itself; neither it nor what led to it shows local variables any more.

    `outer` is what the caller was handling before: it, and what led to it, is left alone.
    """
    for link in _chain(error, outer):
        link.__traceback__ = None
    return error


def never_left(error: BaseException, outer: BaseException | None = None) -> bool:
    """Whether a failure to connect comes of a name without an address, or of refusals alone.

    Then the request certainly never left this machine. `outer` as above.
    """
    if isinstance(error, gaierror | ConnectionRefusedError):
        return True
    led_to = list(_led_to(error, outer))
    return bool(led_to) and all(never_left(inner, outer) for inner in led_to)


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc


def _chain(error: BaseException, outer: BaseException | None) -> Iterator[BaseException]:
    yield error
    for inner in _led_to(error, outer):
        yield from _chain(inner, outer)


def _led_to(error: BaseException, outer: BaseException | None) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from cast("BaseExceptionGroup[BaseException]", error).exceptions
        return
    cause = error.__cause__ or error.__context__
    if cause is not None and cause is not outer:
        yield cause
