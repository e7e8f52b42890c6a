"""A cut stream made whole: reopen it, ask its task, or wait for the finished task.

House rule: `recovery` decides, this room only awaits.
"""

from __future__ import annotations

from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.errors import FoxError, Phase
from foxstream.exchange import Response
from foxstream.limits import Retries
from foxstream.openings import Opening
from foxstream.polling import poll, sleep
from foxstream.progress import Status, Timings
from foxstream.recovery import Lifeline, Remedy, failure_of
from foxstream.resources import Task
from foxstream.service import OnStatus, Service

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
        if self._opening.task_id is None:
            raise error
        while True:
            remedy = self._lifeline.after(error, progress=progress)
            if remedy.action == "poll":
                return await self.finished()
            try:
                task = await self._task() if remedy.action == "ask" else None
                if task is None or not task.ended:
                    return await self._reopened(remedy)
            except FoxError as failure:
                error, progress = failure, False
                continue
            if task.status == "failed":
                raise failure_of(task)
            return task.completion or await self.finished()

    async def finished(self) -> Completion:
        """The completion of the task, once it is finished."""
        service, task_id = self._service, self._opening.task_id or ""
        return await poll(service, task_id, self._clocks, self._retries, self._on_status)

    async def _task(self) -> Task:
        self._wait_anew()
        return await self._service.task(self._opening.task_id or "", self._clocks)

    async def _reopened(self, remedy: Remedy) -> Response:
        opening = self._opening
        self._on_status(Status("reconnecting"))
        self._wait_anew()
        await sleep(self._service.transport, remedy.seconds, self._clocks)
        self._wait_anew()
        self._timings.reconnects += 1
        url = opening.stream_url
        return await self._service.open_stream(opening.task_id or "", url, self._clocks)

    def _wait_anew(self) -> None:
        phase: Phase = "first_token" if self._timings.first_token is None else "stall"
        self._clocks.run(phase, self._service.transport.now())
