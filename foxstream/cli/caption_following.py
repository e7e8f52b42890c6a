"""The cues of one run on their way: into the files, and told on the screen.

House rule: a cue is in the files before anybody else sees it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

import anyio
from anyio import CancelScope, to_thread

from foxstream.captions.cue import Cue
from foxstream.captions.tally import Tally
from foxstream.cli.caption_files import CaptionFiles
from foxstream.cli.screen import Screen
from foxstream.errors import FoxError

if TYPE_CHECKING:
    from foxstream.captions.captioning import Captions

__all__ = ["Following", "Progress"]


class Following:
    """Hands on `cues` once they are in `files`, tells how far it is, and sums up in the end.

    Cues are too fast above `speed` characters a second. `over` is set behind the last one; `error`
    is what ended them before their time.
    """

    def __init__(
        self, cues: Captions, files: CaptionFiles, progress: Progress, speed: float
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
            await self._close()
            self._progress.sum_up(self.tally, self._speed)
        except FoxError as error:
            self.error = error
            raise
        finally:
            await self._close()
            self.over.set()

    async def _take(self, cue: Cue) -> None:
        if cue.final:
            await to_thread.run_sync(self._files.write, cue)
            self._progress.warn(self._files.failed)
            self._progress.show(cue.end, self.tally)
        self._progress.tell(cue)

    async def _close(self) -> None:
        with CancelScope(shield=True):
            await to_thread.run_sync(self._files.close)
        self._progress.warn(self._files.failed)


class Progress:
    """Shows how far it is; `length` of the video in seconds, where it is known.

    `alone`: the captions go nowhere else, so they are written to standard output.
    """

    def __init__(self, screen: Screen, length: float | None, *, alone: bool) -> None:
        self._screen = screen
        self._alone = alone
        self._length = length
        self._began = time.monotonic()
        self._warned = 0

    def show(self, until: float, tally: Tally) -> None:
        """Show that there are captions up to `until` seconds."""
        facts = [f"{until:.0f} s" + (f" of {self._length:.0f} s" if self._length else "")]
        if self._length and tally.seconds:
            passed = time.monotonic() - self._began
            rest = self._length - tally.seconds - tally.seconds_skipped
            minutes, seconds = divmod(round(max(0.0, passed * rest / tally.seconds)), 60)
            facts.append(f"{minutes}:{seconds:02} left")
        facts.append(f"{tally.finished} windows, {tally.tokens:,} tokens")
        self._screen.tick("captioning", ", ".join(facts))

    def warn(self, failures: Sequence[str]) -> None:
        """Tell of each failure once."""
        for failure in failures[self._warned :]:
            self._screen.note(failure)
        self._warned = len(failures)

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
                f"Captions faster than {speed:g} characters a second: {tally.fast},"
                f" the fastest has {tally.fastest:.0f}."
            )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"
