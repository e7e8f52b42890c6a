"""Waiting for a task without its stream: look, wait, look again.

House rule: `recovery` decides, this room only awaits.
"""

from __future__ import annotations

from foxstream import records
from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.errors import APITimeoutError, FoxError
from foxstream.limits import Retries
from foxstream.progress import OnStatus, Status
from foxstream.recovery import Attempts, Poll, Wait
from foxstream.resources import Task
from foxstream.retrying import sleep
from foxstream.service import Service

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
            look = clocks.nested("submit", transport.now())
            task = await service.task(task_id, look, sync_upstream=wait.sync_upstream)
        except FoxError as error:
            error.task_id = task_id
            if isinstance(error, APITimeoutError) and error.phase == "total":
                raise clocks.ran_out() from error
            wait = Wait(attempts.failed(error), wait.sync_upstream)
            records.not_looked_at(task_id, error, wait.seconds)
        else:
            attempts.succeeded()
            outcome = _seen(decision, task, transport.now(), service)
            if isinstance(outcome, Completion):
                return outcome
            records.looked_at(task, outcome.seconds)
            if decision.changed:
                clocks.run("task", transport.now())
            wait = outcome
        await sleep(transport, wait.seconds, clocks)


def _seen(decision: Poll, task: Task, now: int, service: Service) -> Completion | Wait:
    try:
        return decision.look(task, now)
    except FoxError as error:
        error.task_id = task.id
        service.redact(error)
        raise
