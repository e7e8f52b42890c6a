"""The files that captions go to: several of one run, completed by the next.

House rule: what one file has, the others get from it; a file that fails takes no other with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from foxstream import captions
from foxstream.captions.cue import Cue
from foxstream.captions.known import Known
from foxstream.captions.layout import Layout
from foxstream.errors import FoxError, InvalidInputError

if TYPE_CHECKING:
    from foxstream.captions.files import CueFile

__all__ = ["CaptionFiles", "open_files"]


class CaptionFiles:
    """Writes every cue to all of `files`; `failed` tells why some are no longer written."""

    def __init__(self, files: Sequence[CueFile]) -> None:
        self.failed: list[str] = []
        self._files = list(files)

    def shared(self) -> list[Cue]:
        """Give the cues that all files have, once each has got what only the others had.

        Only those that name their video are copied from.
        """
        for source in self._files:
            if source.form.names_source:
                for file in self._files:
                    for cue in _lacking(file, source.cues):
                        file.write(cue)
        if not self._files:
            return []
        first, *others = self._files
        ends = [{_milliseconds(cue.end) for cue in file.cues} for file in others]
        return [cue for cue in first.cues if all(_milliseconds(cue.end) in each for each in ends)]

    def notes(self, layout: Layout) -> Iterator[str]:
        """Say what may surprise of the captions that were there before."""
        named = {
            _milliseconds(cue.end)
            for file in self._files
            if file.form.names_source
            for cue in file.cues
        }
        for file in self._files:
            if not named.issuperset(_milliseconds(cue.end) for cue in file.cues):
                yield (
                    f"{file.path} cannot say of which video it is: its {len(file.cues)} captions"
                    " fit this one and are taken for its own."
                )
        widest = max((_width(cue) for file in self._files for cue in file.cues), default=0)
        if widest > layout.columns:
            yield f"The captions that are there stay as they are, up to {widest} columns wide."

    def write(self, cue: Cue) -> None:
        """Add a final cue; raises `FoxError` where no file is left that can be written."""
        for file in tuple(self._files):
            try:
                file.write(cue)
            except FoxError as error:
                self._give_up(file, error)

    def close(self) -> None:
        """Bring everything into the files; raises as `write` does."""
        for file in tuple(self._files):
            try:
                file.close()
            except FoxError as error:
                self._give_up(file, error)

    def _give_up(self, file: CueFile, error: FoxError) -> None:
        self._files.remove(file)
        if not self._files:
            raise error
        self.failed.append(f"{error}; what it has stays, and the other files go on")


def open_files(
    outputs: Mapping[str, Path], source: str, every: float | None, seconds: float | None
) -> CaptionFiles:
    """Open a file of `source` for each kind in `outputs`, such as `"VTT"`; see `_check_fit`."""
    if len({path.resolve() for path in outputs.values()}) < len(outputs):
        raise InvalidInputError("two kinds of captions cannot go into one file: name one for each")
    files: list[CueFile] = []
    for form, path in outputs.items():
        files.append(captions.CueFile(path, getattr(captions, form), source))
        _check_fit(files[-1], every, seconds)
    return CaptionFiles(files)


def _check_fit(file: CueFile, every: float | None, seconds: float | None) -> None:
    """Refuse a file whose cues cannot be those of such a video; all times in seconds.

    `every` is the length of the windows, `seconds` that of the video, where they are known.
    """
    if not Known(file.cues).fit(every, seconds):
        length = "" if every is None else f" in windows of {every:g} s"
        raise InvalidInputError(
            f"{file.path} has captions that are none of this video{length}:"
            " remove it, or name another file"
        )


def _lacking(file: CueFile, cues: Sequence[Cue]) -> list[Cue]:
    starts = {_milliseconds(cue.start) for cue in file.cues}
    return [cue for cue in cues if _milliseconds(cue.start) not in starts]


def _width(cue: Cue) -> int:
    from foxstream.captions.breaking import columns_of  # needs an extra

    return max(columns_of(line) for line in cue.text.split("\n"))


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
