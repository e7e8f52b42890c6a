"""The ends of an answer: what is still to be awaited when its stream is over.

House rule: the stream's own words come first; the task is asked only where they do not suffice.
"""

from __future__ import annotations

from foxstream import records
from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.errors import FoxError
from foxstream.exchange import Response, Transport
from foxstream.mending import supplemented
from foxstream.service import Service

__all__ = ["drain", "with_usage"]

_DRAIN_NS = 50_000_000


async def drain(response: Response, transport: Transport) -> None:
    """Wait a moment for the end of the body, so that its connection can be used again."""
    deadline = transport.now() + _DRAIN_NS
    try:
        while transport.now() < deadline and await response.read(deadline):
            pass
    except (TimeoutError, FoxError):
        return


async def with_usage(
    service: Service, completion: Completion, task_id: str, clocks: Clocks
) -> Completion:
    """The completion with the usage of its task; as it is where the task cannot tell."""
    clocks.run("submit", service.transport.now())
    try:
        task = await service.task(task_id, clocks)
    except FoxError as unknown:
        records.usage_unknown(task_id, unknown)
        return completion
    if task.completion is None:
        return completion
    return supplemented(completion, task.completion)
