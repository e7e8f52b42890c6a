"""The errors of HTTP libraries, before they are raised as ours.

House rule: translated once, at the door, with the cause chained; but without its frames, whose
local variables hold what was sent, and without the URL, which may hold the password of a proxy.
"""

from __future__ import annotations

from collections.abc import Iterator
from socket import gaierror
from typing import cast

__all__ = ["never_left", "without_frames"]


def without_frames(error: Exception) -> Exception:
    """The error itself; neither it nor what led to it shows local variables any more."""
    for link in _chain(error):
        link.__traceback__ = None
    return error


def never_left(error: BaseException) -> bool:
    """Whether a failure to connect comes of a name without an address, or of refusals alone.

    Then the request certainly never left this machine.
    """
    if isinstance(error, gaierror | ConnectionRefusedError):
        return True
    led_to = list(_led_to(error))
    return bool(led_to) and all(map(never_left, led_to))


def _chain(error: BaseException) -> Iterator[BaseException]:
    yield error
    for inner in _led_to(error):
        yield from _chain(inner)


def _led_to(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from cast("BaseExceptionGroup[BaseException]", error).exceptions
    elif cause := error.__cause__ or error.__context__:
        yield cause
