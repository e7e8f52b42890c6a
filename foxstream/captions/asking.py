"""Windows, each asked about in a stream of its own, and what came of it, told in order.

House rule: this room waits for answers. What is cut, asked and shown when is decided below. A
window is in memory until its captions are there, and only so many are cut ahead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import anyio
import msgspec
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from foxstream import records
from foxstream.captions.course import Course
from foxstream.captions.cue import Cue
from foxstream.captions.cues import CueWriter, reading_speed
from foxstream.captions.known import Known
from foxstream.captions.layout import Layout
from foxstream.captions.ordering import InOrder
from foxstream.captions.planning import Planner
from foxstream.captions.prompts import LAST_CAPTIONS, prompt_for
from foxstream.captions.tally import Tally
from foxstream.client import Client
from foxstream.errors import (
    AuthenticationError,
    FoxError,
    InsufficientQuotaError,
    InvalidInputError,
    MissingExtraError,
    PermissionDeniedError,
)
from foxstream.streams import Stream
from foxstream.video import Cutter, Window

__all__ = ["Asker", "Plan"]

_logger = logging.getLogger("foxstream.captions")

_FATAL = (
    AuthenticationError,
    InsufficientQuotaError,
    InvalidInputError,
    MissingExtraError,
    PermissionDeniedError,
)
"""What would happen to the next window as well."""

_AHEAD = 2  # times `at_once` windows may be in memory
_BACKOFF, _MOST_BACKOFF = 0.25, 8.0  # seconds
_ROUNDING = 0.01  # characters a second


class Plan(msgspec.Struct, frozen=True):
    """What `caption` was asked for, but for the video and the client.

    `every` is the length of the windows in seconds, `None` where they end anywhere.
    """

    every: float | None
    model: str
    at_once: int
    attempts: int
    layout: Layout
    wish: str
    playhead: Callable[[], float]
    known: Sequence[Cue]


class Asker:
    """Asks `client` about windows in tasks of `group`, and sends the cues to `screen`.

    `error` is what ended it before its time.
    """

    def __init__(
        self,
        plan: Plan,
        planner: Planner,
        tally: Tally,
        client: Client,
        group: TaskGroup,
        screen: MemoryObjectSendStream[Cue],
    ) -> None:
        self.error: FoxError | None = None
        self._plan = plan
        self._tally = tally
        self._client = client
        self._group = group
        self._screen = screen
        self._planner = planner
        self._order = InOrder()
        self._course = Course(plan.every)
        self._known = Known(plan.known)
        self._windows: dict[int, Window] = {}
        self._said: dict[int, list[str]] = {}
        self._room = anyio.Semaphore(_AHEAD * plan.at_once)
        self._telling = anyio.Lock()

    async def ask_all(self, cutter: Cutter) -> None:
        """Cut and ask about one window after the other; what cutting ends with is `error`."""
        await self._skip_known()
        try:
            while await self._cut_next(cutter):
                pass
        except FoxError as error:  # what was cut until then is still asked about
            self.error = error

    async def _skip_known(self) -> None:
        """Skip the windows that need not even be cut."""
        every = self._plan.every
        if every is None:
            return
        for number in self._known.windows(every):
            self._course.skip(number)
            await self._skip(number, number * every, (number + 1) * every)

    async def _skip(self, number: int, start: float, end: float) -> None:
        self._said[number] = [cue.text for cue in self._known.within(start, end)]
        self._tally.skipped += 1
        self._tally.seconds_skipped += end - start
        await self._tell(self._order.finish(number, []))

    async def _cut_next(self, cutter: Cutter) -> bool:
        """Cut the next window as soon as there is room for it; `False` where there is none."""
        await self._room.acquire()
        number = self._course.next(self._plan.playhead())
        if number is None:
            return False
        window = await cutter.cut(number)
        if window is None:
            self._course.end(number)
            self._room.release()
        else:
            self._course.cut(number)
            await self._take(window)
        self._tally.windows = self._course.windows
        return True

    async def _take(self, window: Window) -> None:
        self._tally.cut = max(self._tally.cut, window.end)
        if self._known.covers(window.start, window.end):
            await self._skip(window.number, window.start, window.end)
            self._room.release()
            return
        self._windows[window.number] = window
        self._planner.add(window.number, window.start, window.end)
        self._ask_next()

    def _ask_next(self) -> None:
        playhead = self._plan.playhead()
        if self._course.leaves(playhead):
            self._let_go()
        while (number := self._planner.next(playhead)) is not None:
            self._group.start_soon(self._ask, self._windows[number])

    def _let_go(self) -> None:
        """Make room: nothing was asked about these, and the playhead is elsewhere."""
        for number in self._planner.let_go():
            del self._windows[number]
            self._course.put_back(number)
            self._room.release()

    async def _ask(self, window: Window) -> None:
        writer = CueWriter(window.number, window.start, window.end, self._plan.layout)
        try:
            async with self._stream(window) as answer:
                await self._follow(answer, writer)
        except _FATAL as error:
            self.error = error
            self._group.cancel_scope.cancel()
        except FoxError as error:
            await self._failed(writer, error)
        self._ask_next()

    def _stream(self, window: Window) -> Stream:
        plan, earlier = self._plan, range(window.number - LAST_CAPTIONS, window.number)
        before = [text for number in earlier for text in self._said.get(number, ())]
        prompt = prompt_for(window.start, window.end, before, plan.layout, plan.wish)
        return self._client.stream(prompt, model=plan.model, videos=[window.data])

    async def _follow(self, answer: Stream, writer: CueWriter) -> None:
        async for delta in answer:
            cue = writer.add(delta)
            if cue is not None:
                await self._tell([*self._followed(), *self._order.partial(cue)])
        cues = writer.finish()
        if not cues:
            raise FoxError("the answer has no text")
        self._planner.done(writer.window)
        self._tally.done += 1
        self._weigh(cues)
        self._said[writer.window] = [cue.text for cue in cues]
        await self._finish(writer.window, cues)
        await self._charge(answer)

    def _weigh(self, cues: Sequence[Cue]) -> None:
        speeds = [reading_speed(cue) for cue in cues]
        self._tally.fast += sum(speed > self._plan.layout.speed + _ROUNDING for speed in speeds)
        self._tally.fastest = max(self._tally.fastest, *speeds)

    async def _charge(self, answer: Stream) -> None:
        try:
            usage = (await answer.get_final_completion()).usage
        except FoxError:  # the captions are there; only what they cost is not known
            usage = None
        if usage is None or usage.total_tokens is None:
            self._tally.unmetered += 1
        else:
            self._tally.tokens += usage.total_tokens

    async def _failed(self, writer: CueWriter, error: FoxError) -> None:
        attempt = self._planner.attempts_of(writer.window)
        again = attempt < self._plan.attempts
        mark = writer.failed(str(error) or type(error).__name__, final=not again)
        self._tally.unmetered += 1
        self._tally.retried += again
        self._tally.failed += not again
        values = {"window": writer.window, "error": records.told(error), "attempt": attempt}
        _logger.info("window %(window)d: %(error)s, attempt %(attempt)d", values)
        if again:
            await self._tell(self._order.partial(mark))
            await anyio.sleep(_delay(error, attempt))
        self._planner.failed(writer.window)
        if not again:
            await self._finish(writer.window, [mark])

    async def _finish(self, number: int, cues: Sequence[Cue]) -> None:
        window = self._windows.pop(number)
        self._tally.seconds += window.end - window.start
        self._tally.tokens_before += window.tokens_before
        self._tally.tokens_after += window.tokens_after
        await self._tell([*self._followed(), *self._order.finish(number, cues)])
        self._room.release()

    def _followed(self) -> list[Cue]:
        """Let the order follow the playhead."""
        return self._order.follow(self._course.number_at(self._plan.playhead()))

    async def _tell(self, cues: Sequence[Cue]) -> None:
        async with self._telling:
            for cue in cues:
                await self._screen.send(cue)


def _delay(error: FoxError, attempt: int) -> float:
    backoff = min(_MOST_BACKOFF, _BACKOFF * 2 ** (attempt - 1))
    asked: float | None = getattr(error, "retry_after", None)
    return max(backoff, asked or 0.0)
