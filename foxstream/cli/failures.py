"""What to say when something went wrong: one line, what to do about it, and an exit code.

House rule: the error says what happened, the table says what helps.
"""

from __future__ import annotations

import typer

from foxstream import errors
from foxstream.cli.harmless import one_line
from foxstream.errors import FoxError

__all__ = ["HINTS", "exit_code", "explained", "hint_of", "misused"]

_LONGEST = 600

# The first line that fits is used, so children stand before their parents.
HINTS: tuple[tuple[type[FoxError], str], ...] = (
    (
        errors.AuthenticationError,
        "check FOXAPI_API_KEY; with --base-url or --openai pass --api-key",
    ),
    (errors.InsufficientQuotaError, "top up the balance of this key"),
    (errors.PermissionDeniedError, "check what this key may do, or try from another network"),
    (errors.NotFoundError, "check the task id and --base-url; with --openai, its /v1 and --model"),
    (errors.RequestTooLargeError, "send less; --shrink makes videos smaller"),
    (errors.UnprocessableEntityError, "see what the model takes with: foxstream models"),
    (errors.RateLimitError, "wait a little and ask again"),
    (errors.InternalServerError, "the service has a problem; try again later"),
    (errors.APIStatusError, "check --base-url"),
    (errors.APITimeoutError, "try again"),
    (errors.APIConnectionError, "check the network and --base-url"),
    (errors.ProtocolError, "check that --base-url is a service of this kind"),
    (errors.StreamTruncatedError, "the answer is not whole; ask again"),
    (errors.StreamDivergedError, "the answer is not whole; ask again"),
    (errors.TaskFailedError, "ask again, or ask another model"),
    (errors.FoxError, "try again"),
)
_TASK_MAY_GO_ON = (
    errors.APIConnectionError,
    errors.StreamTruncatedError,
    errors.StreamDivergedError,
    errors.InternalServerError,
)
_REFUSED = (errors.InvalidInputError, errors.MissingExtraError)


def explained(error: FoxError, command: str = "") -> str:
    """What went wrong with `command` and what to do about it, on one line."""
    what = one_line(str(error))
    if len(what) > _LONGEST:
        what = f"{what[:_LONGEST]}..."
    hint = _hint(error, command)
    return f"{what} - {hint}" if hint else what


def misused(error: typer.TyperException) -> str:
    """The same for options that cannot be read."""
    what = one_line(error.format_message()).rstrip(".")
    command: str = getattr(getattr(error, "ctx", None), "command_path", "foxstream")
    return f"{what[:1].lower()}{what[1:]} - see {command} --help"


def exit_code(error: FoxError) -> int:
    """2 for what was refused before anything was sent, 1 for everything else."""
    return 2 if isinstance(error, _REFUSED) else 1


def hint_of(kind: type[FoxError]) -> str:
    """What helps where such an error was met."""
    return next((hint for each, hint in HINTS if issubclass(kind, each)), "try again")


def _hint(error: FoxError, command: str) -> str:
    if isinstance(error, errors.MissingExtraError):
        return ""  # its message is the command that helps
    if isinstance(error, errors.InvalidInputError):
        return f"see foxstream {command} --help"
    if error.task_id is not None and isinstance(error, _TASK_MAY_GO_ON):
        return f"follow the task again with: foxstream tail {one_line(error.task_id)}"
    if isinstance(error, errors.TaskFailedError) and (error.code or "").startswith("invalid_"):
        return "check that the media can be opened"
    if isinstance(error, errors.APITimeoutError) and error.phase == "total":
        return "give it longer with --timeout"
    return hint_of(type(error))
