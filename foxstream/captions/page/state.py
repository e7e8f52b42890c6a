"""What the page knows of a video: the cues that were told, folded up for whoever joins now.

House rule: decided, not awaited. The state grows no larger than the captions do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from foxstream.captions.cue import Cue
from foxstream.captions.formats import VTT
from foxstream.captions.tally import Tally
from foxstream.sse import Event

__all__ = ["About", "Progress", "State", "Told"]


class About(msgspec.Struct, frozen=True):
    """The video: its name, its length in seconds where it is known, how long a window is."""

    title: str
    seconds: float | None = None
    every: float | None = None


class Progress(msgspec.Struct, frozen=True):
    """How far captioning has come; the fields of `Tally`, and two that the page adds.

    `first_caption` is how many seconds the first words took, `failure` why there are no more
    captions to come although some are missing.
    """

    windows: int = 0
    cut: float = 0.0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    retried: int = 0
    tokens: int = 0
    unmetered: int = 0
    first_caption: float | None = None
    failure: str | None = None

    @classmethod
    def of(cls, tally: Tally, first_caption: float | None, failure: str | None) -> Progress:
        """The counts of `tally` as they are now."""
        return cls(
            tally.windows,
            tally.cut,
            tally.done,
            tally.skipped,
            tally.failed,
            tally.retried,
            tally.tokens,
            tally.unmetered,
            first_caption,
            failure,
        )


class State(msgspec.Struct, frozen=True):
    """All that a viewer needs who was told nothing: the final cues, and those that grow."""

    about: About
    progress: Progress
    cues: list[Cue]


class Told:
    """Folds what is told to the viewers of the stream `generation`.

    `known` cues were there before; they give way to cues of a window at the same time.
    """

    def __init__(self, about: About, generation: str, known: Iterable[Cue] = ()) -> None:
        self.count: int = 0
        self._about = about
        self._generation = generation
        self._progress = Progress()
        self._growing: dict[int, Cue] = {}
        self._final: list[Cue] = []
        self._known = [  # files do not keep the numbers of windows
            msgspec.structs.replace(cue, window=-number) for number, cue in enumerate(known, 1)
        ]

    def take(self, value: Cue | Progress) -> None:
        """Take what is told next."""
        self.count += 1
        if isinstance(value, Progress):
            self._progress = value
            return
        self._known = [old for old in self._known if not _overlap(old, value)]
        if value.final:
            self._growing.pop(value.window, None)
            self._final.append(value)
        else:
            self._growing[value.window] = value

    def event(self) -> Event:
        """The state after all that was taken, with the id of the last of it."""
        cues = [*self.final_cues(), *self._growing.values()]
        data = msgspec.json.encode(State(self._about, self._progress, cues))
        return Event("state", data, f"{self._generation}.{self.count - 1}")

    def final_cues(self) -> list[Cue]:
        """The final cues in the order of the video; those of failed windows are among them."""
        return sorted([*self._known, *self._final], key=_start)

    def vtt(self) -> str:
        """The final cues as a WebVTT file."""
        return "".join([VTT.head(self._about.title), *self._blocks()])

    def _blocks(self) -> Iterator[str]:
        for number, cue in enumerate(self.final_cues(), 1):
            yield VTT.block(number, cue)


def _overlap(one: Cue, other: Cue) -> bool:
    return one.start < other.end and other.start < one.end


def _start(cue: Cue) -> float:
    return cue.start
