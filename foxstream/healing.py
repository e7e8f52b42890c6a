"""A cut stream made whole: reopen it, ask its task, or wait for the finished task.

House rule: `recovery` decides, this room only awaits.
"""

from __future__ import annotations

from foxstream import records
from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.errors import FoxError, Phase
from foxstream.exchange import Response
from foxstream.limits import Retries
from foxstream.openings import Opening
from foxstream.polling import poll
from foxstream.progress import OnStatus, Status, Timings
from foxstream.recovery import Lifeline, Remedy, failure_of
from foxstream.resources import Task
from foxstream.retrying import sleep
from foxstream.service import Service

__all__ = ["Healer"]


class Healer:
    """Heals the stream of one `opening`, as often as `retries` allow."""

    def __init__(
        self,
        service: Service,
        opening: Opening,
        clocks: Clocks,
        retries: Retries,
        timings: Timings,
        on_status: OnStatus,
    ) -> None:
        self._service = service
        self._opening = opening
        self._clocks = clocks
        self._retries = retries
        self._timings = timings
        self._on_status = on_status
        self._lifeline = Lifeline(retries)

    async def heal(self, error: FoxError, *, progress: bool) -> Response | Completion:
        """A response that tells the answer again, or the completion of the finished task.

        Raises `error`, or what stood in the way last, where neither can be had.
        """
        task = self._opening.task
        if task is None:
            raise error
        while True:
            remedy = self._lifeline.after(error, progress=progress)
            self._service.redact(error)
            records.cut(task.id, error, remedy, self._timings)
            if remedy.action == "poll":
                return await self.finished(task)
            try:
                seen = await self._look_at(task) if remedy.action == "ask" else None
                if seen is None or not seen.ended:
                    return await self._reopened(task, remedy)
            except FoxError as failure:
                error, progress = failure, False
                continue
            if seen.status == "failed":
                raise failure_of(seen)
            return seen.completion or await self.finished(task)

    async def finished(self, task: Task) -> Completion:
        """The completion of the task, once it is finished."""
        return await poll(self._service, task.id, self._clocks, self._retries, self._on_status)

    async def _look_at(self, task: Task) -> Task:
        self._wait_anew()
        return await self._service.task(task.id, self._clocks)

    async def _reopened(self, task: Task, remedy: Remedy) -> Response:
        self._on_status(Status("reconnecting"))
        self._wait_anew()
        await sleep(self._service.transport, remedy.seconds, self._clocks)
        self._wait_anew()
        self._timings.reconnects += 1
        response = await self._service.open_stream(task, self._clocks)
        self._timings.opened = self._timings.opened or self._service.transport.now()
        return response

    def _wait_anew(self) -> None:
        phase: Phase = "first_token" if self._timings.first_token is None else "stall"
        self._clocks.run(phase, self._service.transport.now())
