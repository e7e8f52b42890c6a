"""Single windows of a video, in any order, cut in worker threads.

House rule: the file is opened once; a window that follows the last one is cut without seeking.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from threading import Event
from types import TracebackType
from typing import Self

from anyio import to_thread

from foxstream.video.savings import Window

__all__ = ["Cutter"]


class Cutter:
    """Cuts the windows of one video, see `Video.cutter`; an async context manager.

    One window at a time may be asked for.
    """

    def __init__(self, work: Callable[[Event], Generator[Window | None, int]]) -> None:
        self._stop = Event()
        self._work = work(self._stop)
        self._begun = False

    async def cut(self, number: int) -> Window | None:
        """Cut the window `number`, counted from 0; `None` where the video has ended before it.

        Raises `InvalidInputError` for what is no video or cannot be decoded; it is over then.
        """
        if not self._begun:
            self._begun = True
            await to_thread.run_sync(next, self._work, abandon_on_cancel=True)
        return await to_thread.run_sync(self._work.send, number, abandon_on_cancel=True)

    def close(self) -> None:
        """Let go of the file and stop what is being decoded, without waiting for it."""
        self._stop.set()
        with suppress(ValueError):  # still running: it sees `stop` and closes itself
            self._work.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
