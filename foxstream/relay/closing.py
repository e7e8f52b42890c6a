"""How a block that owns tasks ends: they end with it, and its own error stays as it was raised."""

from __future__ import annotations

from types import TracebackType

from anyio.abc import TaskGroup

__all__ = ["cancel_all"]


async def cancel_all(
    tasks: TaskGroup,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
) -> bool | None:
    """Cancel `tasks`, and leave them with what the block of `async with` ended with."""
    tasks.cancel_scope.cancel()
    try:
        return await tasks.__aexit__(kind, error, traceback)
    except BaseExceptionGroup as group:
        if error is None or group.exceptions != (error,):
            raise
        return False
