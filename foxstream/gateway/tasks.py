"""Tasks: answers that are made whether or not anybody listens (contract, sections 3 to 5)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import string
import time
from collections.abc import AsyncGenerator, AsyncIterator

from msgspec import UNSET

from foxstream.gateway.chunk_log import ChunkLog, Shelf
from foxstream.gateway.engine import Engine, EngineError, Generation, Media, Piece
from foxstream.gateway.framing import Framing
from foxstream.gateway.refusal import busy, not_found, shortened, unavailable
from foxstream.gateway.settings import Settings
from foxstream.gateway.shapes import ChatCompletion, Status, StreamLink, TaskError, TaskUsage
from foxstream.gateway.shapes import Task as TaskShape
from foxstream.gateway.transcript import Transcript

__all__ = ["Task", "TaskTable"]

_logger = logging.getLogger(__name__)

_ALPHABET = string.ascii_lowercase + string.digits


class Task:
    """One answer in the making: its state, its chunks, in the end its outcome.

    `outcome` is its completion or its error, once it has ended. `owner` is the key that submitted
    it; `log` is `None` for a task without a stream.
    """

    def __init__(
        self, generation: Generation, owner: str | None, log: ChunkLog | None, max_bytes: int
    ) -> None:
        self.id: str = _task_id(generation)
        self.owner = owner
        self._log = log
        self.outcome: asyncio.Future[ChatCompletion | TaskError]
        self.outcome = asyncio.get_running_loop().create_future()
        self.expiries: tuple[asyncio.TimerHandle, ...] = ()
        self._model = generation.model
        self._created = int(time.time())
        self._status: Status = "pending"
        self._progress = 0
        self._transcript = Transcript(generation.model)
        self._max_bytes = max_bytes

    @property
    def log(self) -> ChunkLog | None:
        """Its chunks; `None` again once their retention is over or others needed the room."""
        return None if self._log is None or self._log.forgotten else self._log

    @property
    def size(self) -> int:
        """The characters of its answer."""
        return self._transcript.size

    async def run(self, engine: Engine, generation: Generation, media: Media) -> None:
        """Take the engine's answer to its end; every failure becomes the task's own."""
        self._status = "processing"
        try:
            await self._listen(engine.run(generation, media))
        except EngineError as error:
            self.fail(error.code, str(error))
        except asyncio.CancelledError:
            if not self.outcome.done():
                self.fail("task_cancelled", "the engine stopped")
            raise
        except Exception:
            _logger.exception("the engine failed in task %s", self.id)
            self.fail("internal_error", "the engine failed")
        else:
            self._complete()

    def fail(self, code: str, message: str) -> None:
        """End the task with an error."""
        error = TaskError(code, shortened(message))
        self.outcome.set_result(error)
        self._status = "failed"
        if self.log is not None:
            self.log.fail(error)

    def shape(self, *, submitted: bool = False) -> TaskShape:
        """The task as its JSON; an answer to the submit itself tells no usage."""
        link = StreamLink(f"/v1/llm/generations/{self.id}/stream")
        outcome = self.outcome.result() if self.outcome.done() else None
        return TaskShape(
            id=self.id,
            model=self._model,
            status=self._status,
            progress=self._progress,
            created=self._created,
            stream=None if self.log is None else link,
            results=(outcome,) if isinstance(outcome, ChatCompletion) else None,
            error=outcome if isinstance(outcome, TaskError) else None,
            usage=UNSET if submitted else TaskUsage(),
        )

    def forget_chunks(self) -> None:
        """Close the stream to new subscribers; those that are reading keep their log."""
        if self._log is not None:
            self._log.retire()
            self._log = None

    async def _listen(self, pieces: AsyncIterator[Piece]) -> None:
        try:
            async for piece in pieces:
                self._take(piece)
        finally:
            # An engine is closed at once, not when the collector finds it.
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    def _take(self, piece: Piece) -> None:
        chunk = self._transcript.add(piece)
        self._progress = min(99, self._progress + 1)
        if self.log is not None:
            self.log.append(chunk)
        if max(self._transcript.size, self.log.size if self.log else 0) > self._max_bytes:
            raise EngineError(f"the answer is larger than {self._max_bytes} bytes")

    def _complete(self) -> None:
        completion = self._transcript.completion()
        self.outcome.set_result(completion)
        self._status = "completed"
        self._progress = 100
        if self.log is not None:
            self.log.finish(completion)


class TaskTable:
    """All tasks of a gateway: started, found by their owner, forgotten in time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tasks: dict[str, Task] = {}
        self._runners: dict[str, asyncio.Task[None]] = {}
        self._shelf = Shelf(settings.max_kept_bytes)
        self._pending = 0
        self._closed = False

    def start(
        self,
        engine: Engine,
        generation: Generation,
        media: Media,
        *,
        owner: str | None,
        framing: Framing | None,
        size: int,
    ) -> Task:
        """Begin to answer a request of `size` bytes; `pending` until the event loop turns.

        `framing` is that of its stream, `None` where it has none.
        """
        if self._closed:
            raise unavailable("the gateway is closing")
        self._make_room(size)
        log = None if framing is None else ChunkLog(self._shelf, framing)
        task = Task(generation, owner, log, self._settings.max_answer_bytes)
        self._tasks[task.id] = task
        runner = asyncio.create_task(task.run(engine, generation, media), name=task.id)
        self._runners[task.id] = runner
        self._pending += size
        runner.add_done_callback(lambda _: self._settle(task, size))
        return task

    def find(self, task_id: str, owner: str | None) -> Task:
        """The task of that id; one of another owner is not there."""
        task = self._tasks.get(task_id)
        if task is None or task.owner != owner:
            raise not_found(f"task {task_id[:80]!r} is not known here")
        return task

    def drop(self, task: Task) -> None:
        """Forget a task, and stop it if it still runs."""
        self._tasks.pop(task.id, None)
        for expiry in task.expiries:
            expiry.cancel()
        if not task.outcome.done():
            task.fail("task_cancelled", "the task was stopped before its end")
            self._runners[task.id].cancel()
        task.forget_chunks()

    async def close(self) -> None:
        """Stop everything; whoever is subscribed gets an `error` event."""
        self._closed = True
        runners = list(self._runners.values())
        for task in list(self._tasks.values()):
            self.drop(task)
        await asyncio.gather(*runners, return_exceptions=True)

    def _make_room(self, size: int) -> None:
        if self._pending and self._pending + size > self._settings.max_pending_bytes:
            raise busy(f"the running tasks have {self._pending} bytes to read already")
        if len(self._tasks) < self._settings.max_tasks:
            return
        for task in self._tasks.values():
            if task.outcome.done():
                self.drop(task)
                return
        raise busy(f"all {self._settings.max_tasks} tasks of this gateway are running")

    def _settle(self, task: Task, size: int) -> None:
        del self._runners[task.id]
        self._pending -= size
        self._forget_answers()
        if task.id in self._tasks:
            later = asyncio.get_running_loop().call_later
            task.expiries = (
                later(self._settings.retention, task.forget_chunks),
                later(self._settings.task_retention, self.drop, task),
            )

    def _forget_answers(self) -> None:
        """Drop the oldest ended tasks where all answers together are too large."""
        ended = [task for task in self._tasks.values() if task.outcome.done()]
        excess = sum(task.size for task in ended) - self._settings.max_kept_bytes
        for task in ended:
            if excess <= 0:
                return
            excess -= task.size
            self.drop(task)


def _task_id(generation: Generation) -> str:
    """The vendor has two patterns (section 3); the random part is what keeps tasks apart."""
    router = "task-llm" if generation.audios or generation.messages else "task-llmrouter"
    return f"{router}-{int(time.time())}-{''.join(secrets.choice(_ALPHABET) for _ in range(8))}"
