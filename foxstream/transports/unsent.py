"""Whether a request certainly never left this machine, so that it may be sent once more.

House rule: in doubt it did.
"""

from __future__ import annotations

from socket import gaierror
from typing import cast

__all__ = ["never_left"]


def never_left(error: BaseException) -> bool:
    """Whether a failure to connect comes of a name without an address, or of refusals alone."""
    if isinstance(error, gaierror | ConnectionRefusedError):
        return True
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return all(map(never_left, group.exceptions))
    cause = error.__cause__ or error.__context__
    return cause is not None and never_left(cause)
