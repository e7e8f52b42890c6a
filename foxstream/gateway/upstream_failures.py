"""What went wrong at an upstream, as the failure of a task: a code and the upstream's own words.

House rule: whose fault it is has to be plain. The key of the upstream is this gateway's business,
so whoever asks the gateway is not told that theirs is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from foxstream import errors
from foxstream.errors import FoxError
from foxstream.gateway.engine import EngineError

__all__ = ["engine_error"]

# The first line that fits is used, so children stand before their parents.
_CODES: tuple[tuple[type[FoxError], str, str], ...] = (
    (errors.InvalidInputError, "invalid_param", "the request cannot be passed on"),
    (errors.AuthenticationError, "upstream_unauthorized", ""),
    (errors.PermissionDeniedError, "upstream_unauthorized", ""),
    (errors.RateLimitError, "upstream_busy", "the upstream is busy"),
    (errors.InternalServerError, "upstream_error", "the upstream failed"),
    (errors.InsufficientQuotaError, "upstream_error", "the upstream failed"),
    (errors.APIStatusError, "upstream_refused", "the upstream refuses the request"),
    (errors.APITimeoutError, "upstream_timeout", "the upstream takes too long"),
    (errors.APIConnectionError, "upstream_cut", "the upstream broke off"),
    (errors.StreamTruncatedError, "upstream_cut", "the upstream broke off"),
    (errors.TaskFailedError, "upstream_error", "the upstream failed"),
    (errors.ProtocolError, "upstream_error", "the upstream is no OpenAI-compatible server"),
    (errors.FoxError, "upstream_error", "the upstream failed"),
)


def engine_error(error: FoxError) -> EngineError:
    """The failure that tells `error`; its code says whether asking again can help.

    `upstream_refused`: never. `upstream_unauthorized`: not before the gateway has another key.
    `upstream_busy`, `upstream_unreachable`, `upstream_timeout`, `upstream_cut`,
    `upstream_error`: later, perhaps.
    """
    if isinstance(error, errors.APIConnectionError) and not error.sent:
        return EngineError(f"the upstream cannot be reached: {error}", code="upstream_unreachable")
    code, what = next(_fitting(error))
    if code == "upstream_unauthorized":
        # Its own words are left out: some servers quote the key, or a part of it.
        return EngineError("the upstream refuses the key of this gateway", code=code)
    return EngineError(f"{what}: {error}", code=code)


def _fitting(error: FoxError) -> Iterator[tuple[str, str]]:
    return ((code, what) for kind, code, what in _CODES if isinstance(error, kind))
