"""`caption`: from a video to cues, as an async iterator.

House rule: arguments are checked and handed down; whoever iterates is in no scope of the work that
goes on behind, so that leaving the loop is leaving it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from types import TracebackType
from typing import Self

import anyio

from foxstream.captions.asking import Plan
from foxstream.captions.cue import Cue
from foxstream.captions.layout import DEFAULT_LAYOUT, Layout
from foxstream.captions.prompts import DEFAULT_WISH
from foxstream.captions.running import Run
from foxstream.captions.tally import Tally
from foxstream.client import Client
from foxstream.question import DEFAULT_MODEL
from foxstream.video import Video

__all__ = ["Captions", "caption"]


def _beginning() -> float:
    return 0.0


def caption(
    video: str | PathLike[str] | bytes,
    *,
    every: float = 4.0,
    client: Client | None = None,
    model: str = DEFAULT_MODEL,
    at_once: int = 4,
    attempts: int = 3,
    fps: float = 1.0,
    height: int = 360,
    audio: bool = True,
    shots: bool = False,
    layout: Layout = DEFAULT_LAYOUT,
    prompt: str = DEFAULT_WISH,
    playhead: Callable[[], float] = _beginning,
    known: Sequence[Cue] = (),
) -> Captions:
    """Caption a video, a path or bytes, in windows of `every` seconds; see `Video.windows`.

    Each window is asked about in a stream of its own, up to `at_once` at the same time, the
    nearest to `playhead()` (seconds, the beginning unless told otherwise) first, with the last
    captions and the number of characters that can be read. One that fails is tried up to
    `attempts` times. Where the playhead jumps, cutting goes on there and fills the gap in the end;
    with `shots` it goes from the beginning to the end whatever the playhead does. `known` are final
    cues of an earlier run with the same windows: those that have all of theirs are not asked about
    again. Without a `client` one is made, as `Client()`.

    Nothing is read or sent before the first await. Raises `InvalidInputError` at once for values
    out of bounds, and from the iteration for what is no video; a key that is refused ends the
    iteration, any other failure marks its window, see `Cue.error`.
    """
    grid = None if shots else every
    plan = Plan(grid, model, at_once, attempts, layout, prompt, playhead, tuple(known))
    cutter = Video(video).cutter(every, fps=fps, height=height, audio=audio, shots=shots)
    return Captions(Run(cutter, client, plan))


class Captions:
    """An async iterator of `Cue`, in the order of the video, and an async context manager.

    The partial cues of a window come as its answer does, then its final ones. Where the playhead
    jumps, the cues from there on come in their order; those before it come in theirs, in between
    and as final ones only. Leaving the `with`
    block or the loop ends all requests; `tally` tells how far it has come and what it has cost.
    """

    def __init__(self, run: Run) -> None:
        self.tally: Tally = run.tally
        self._run = run

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Cue:
        try:
            return await self._run.cues().receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            if self._run.error is not None:
                raise self._run.error from None
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def close(self) -> None:
        """Leave now, without waiting for the requests to be closed."""
        self._run.close()

    async def aclose(self) -> None:
        """Leave, and wait until every request is closed."""
        self._run.close()
        await self._run.over()

    def __del__(self) -> None:
        self._run.close()
