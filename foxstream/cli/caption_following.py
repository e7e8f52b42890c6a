"""The cues of one run on their way: into the files, and told on the screen.

House rule: a cue is in the files before anybody else sees it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from foxstream.captions.cue import Cue
from foxstream.captions.tally import Tally
from foxstream.cli.screen import Screen
from foxstream.errors import FoxError

if TYPE_CHECKING:
    from foxstream.captions.captioning import Captions
    from foxstream.captions.files import CueFile

__all__ = ["Following", "Progress", "in_all"]


class Following:
    """Hands on `cues` once they are in `files`, tells how far it is, and sums up in the end.

    Cues are too fast above `speed` characters a second. `over` is set behind the last one; `error`
    is what ended them before their time.
    """

    def __init__(
        self, cues: Captions, files: Sequence[CueFile], progress: Progress, speed: float
    ) -> None:
        self.over: anyio.Event = anyio.Event()
        self.error: FoxError | None = None
        self.tally: Tally = cues.tally
        self._cues = cues
        self._files = files
        self._progress = progress
        self._speed = speed

    async def to_the_end(self) -> None:
        """Take all cues; raises what ends them before their time."""
        async for _ in self:
            pass

    async def __aiter__(self) -> AsyncGenerator[Cue]:
        self._progress.show(0.0, self.tally)
        try:
            async for cue in self._cues:
                await self._take(cue)
                yield cue
            self._progress.sum_up(self.tally, self._speed)
        except FoxError as error:
            self.error = error
            raise
        finally:
            self.over.set()

    async def _take(self, cue: Cue) -> None:
        if cue.final:
            for file in self._files:
                await to_thread.run_sync(file.write, cue)
            self._progress.show(cue.end, self.tally)
        self._progress.tell(cue)


def in_all(files: Sequence[CueFile]) -> list[Cue]:
    """The cues that every file has: what one of them lacks is asked for again."""
    if not files:
        return []
    first, *others = files
    ends = [{_milliseconds(cue.end) for cue in file.cues} for file in others]
    return [cue for cue in first.cues if all(_milliseconds(cue.end) in each for each in ends)]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


class Progress:
    """Shows how far it is; `length` of the video in seconds, where it is known.

    `alone`: the captions go nowhere else, so they are written to standard output.
    """

    def __init__(self, screen: Screen, length: float | None, *, alone: bool) -> None:
        self._screen = screen
        self._alone = alone
        self._length = length
        self._began = time.monotonic()

    def show(self, until: float, tally: Tally) -> None:
        """Show that there are captions up to `until` seconds."""
        facts = [f"{until:.0f} s" + (f" of {self._length:.0f} s" if self._length else "")]
        facts.append(f"{tally.finished} windows, {tally.tokens:,} tokens")
        if self._length and until:
            passed = time.monotonic() - self._began
            left = max(0.0, passed * (self._length - until) / until)
            facts.append(f"{left:.0f} s left")
        self._screen.tick("captioning", ", ".join(facts))

    def tell(self, cue: Cue) -> None:
        """Tell of a window that failed, and the captions where they go nowhere else."""
        if cue.error is not None:
            what = "stays without captions" if cue.final else "is asked about again"
            self._screen.note(f"{_clock(cue.start)} to {_clock(cue.end)} {what}: {cue.error}")
        elif cue.final and self._alone:
            text = cue.text.replace("\n", "\n" + " " * 9)
            self._screen.say(f"{_clock(cue.start):>7}  {text}\n")

    def sum_up(self, tally: Tally, speed: float) -> None:
        """Tell what came of it; `speed` is how fast captions may be, in characters a second."""
        had = f", {tally.skipped} had captions before" if tally.skipped else ""
        again = f", {tally.retried} asked about again" if tally.retried else ""
        self._screen.note(
            f"{tally.done} of {tally.windows} windows captioned{had}{again}, {tally.failed} failed."
        )
        if tally.done:
            unknown = f" and {tally.unmetered} answers unmetered" if tally.unmetered else ""
            self._screen.note(
                f"{tally.tokens:,} tokens{unknown}; shrinking took the video from about"
                f" {tally.tokens_before:,} to {tally.tokens_after:,} tokens (an estimate)."
            )
        if tally.fast:
            self._screen.note(
                f"{tally.fast} captions are faster than {speed:g} characters a second,"
                f" the fastest has {tally.fastest:.0f}."
            )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"
