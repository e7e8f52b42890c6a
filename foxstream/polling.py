"""Waiting for a task without its stream: look, wait, look again.

House rule: `recovery` decides, this room only awaits.
"""

from __future__ import annotations

from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.errors import FoxError
from foxstream.limits import Retries
from foxstream.progress import Status
from foxstream.recovery import Attempts, Poll, Wait
from foxstream.resources import Task
from foxstream.service import OnStatus, Service

__all__ = ["poll"]


async def poll(
    service: Service, task_id: str, clocks: Clocks, retries: Retries, on_status: OnStatus
) -> Completion:
    """Look at the task until it ends; its completion, or the named error.

    The `task` clock runs anew with each change of status or progress. Failed requests use up
    `retries`, looks at a running task do not.
    """
    transport = service.transport
    decision, attempts = Poll(retries.poll_interval), Attempts(retries)
    clocks.run("task", transport.now())
    wait = Wait(0.0, sync_upstream=False)
    while True:
        on_status(Status("polling"))
        try:
            task = await service.task(task_id, clocks, sync_upstream=wait.sync_upstream)
        except FoxError as error:
            error.task_id = task_id
            wait = Wait(attempts.failed(error), wait.sync_upstream)
        else:
            attempts.succeeded()
            outcome = _seen(decision, task, transport.now())
            if isinstance(outcome, Completion):
                return outcome
            if decision.changed:
                clocks.run("task", transport.now())
            wait = outcome
        await _sleep(service, wait.seconds, clocks)


def _seen(decision: Poll, task: Task, now: int) -> Completion | Wait:
    try:
        return decision.look(task, now)
    except FoxError as error:
        error.task_id = task.id
        raise


async def _sleep(service: Service, seconds: float, clocks: Clocks) -> None:
    """Sleep, but not beyond the deadline."""
    transport, deadline = service.transport, clocks.deadline
    if deadline is None:
        await transport.sleep(seconds)
        return
    left = (deadline - transport.now()) / 1e9
    await transport.sleep(max(0.0, min(seconds, left)))
    if left <= seconds:
        error = clocks.ran_out()
        raise error
