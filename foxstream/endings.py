"""The ends of an answer: what the task says when the stream is over, or says that it failed.

House rule: the stream's own words come first; the task is asked only where they do not suffice.
"""

from __future__ import annotations

import logging

from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.errors import FoxError, TaskFailedError
from foxstream.exchange import Response, Transport
from foxstream.limits import Retries
from foxstream.polling import poll
from foxstream.recovery import counted, merged, reported_error
from foxstream.service import OnStatus, Service

__all__ = ["checked", "drain", "explained", "with_usage"]

_DRAIN_NS = 50_000_000

_logger = logging.getLogger("foxstream.endings")


async def drain(response: Response, transport: Transport) -> None:
    """Wait a moment for the end of the body, so that its connection can be used again."""
    try:
        while await response.read(transport.now() + _DRAIN_NS):
            pass
    except (TimeoutError, FoxError):
        return


async def explained(
    service: Service, task_id: str | None, error: FoxError, clocks: Clocks
) -> FoxError:
    """The error to raise for one that the stream reported: only the task knows if it failed."""
    if task_id is None or not isinstance(error, TaskFailedError):
        return error
    try:
        return reported_error(error, await service.task(task_id, clocks))
    except FoxError as unknown:
        _logger.debug("task %s could not be asked: %s", task_id, unknown)
        return error


async def checked(
    service: Service,
    streamed: Completion,
    missing: int,
    clocks: Clocks,
    retries: Retries,
    on_status: OnStatus,
    *,
    verify: bool,
) -> Completion:
    """The streamed completion, held against the task where `verify` or the count asks for it.

    `missing` is how many chunks fewer came than the service counted.
    """
    if missing <= 0 and not verify:
        return streamed
    if streamed.task_id is None:
        return counted(streamed, None, missing)
    finished = await poll(service, streamed.task_id, clocks, retries, on_status)
    return merged(counted(streamed, finished, missing), finished, verify=verify)


async def with_usage(
    service: Service, completion: Completion, task_id: str, clocks: Clocks
) -> Completion:
    """The completion with the usage of its task; as it is where the task cannot tell."""
    try:
        task = await service.task(task_id, clocks)
    except FoxError as unknown:
        _logger.debug("usage of task %s stays unknown: %s", task_id, unknown)
        return completion
    if task.completion is None:
        return completion
    return merged(completion, task.completion, verify=False)
