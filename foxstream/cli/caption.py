"""`foxstream caption`: a video's captions, in files or on standard output."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from anyio import to_thread

from foxstream import captions
from foxstream.captions.cue import Cue
from foxstream.captions.layout import Layout
from foxstream.captions.tally import Tally
from foxstream.cli.options import ApiKey, BaseUrl, OpenAI, Timeout
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.cli.session import Session, Target, opened
from foxstream.question import DEFAULT_MODEL
from foxstream.video import Header, Video

if TYPE_CHECKING:
    from foxstream.captions.files import CueFile

__all__ = ["caption"]

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*s?")


def _seconds(text: str) -> float:
    found = _SECONDS.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time in seconds, such as 4s")
    return float(found[1])


class _Wanted(msgspec.Struct, frozen=True):
    """What the options ask for."""

    video: str
    every: float
    outputs: dict[str, Path]
    model: str
    at_once: int
    shots: bool
    layout: Layout


def caption(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="A video file.")],
    every: Annotated[
        str, typer.Option(metavar="SECONDS", help="How long a window is, such as 4s.")
    ] = "4s",
    vtt: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Write WebVTT, as browsers play it.")
    ] = None,
    srt: Annotated[Path | None, typer.Option(metavar="PATH", help="Write SubRip.")] = None,
    jsonl: Annotated[Path | None, typer.Option(metavar="PATH", help="Write JSON lines.")] = None,
    model: Annotated[str, typer.Option(help="The model; see: foxstream models.")] = DEFAULT_MODEL,
    at_once: Annotated[int, typer.Option(help="How many windows are asked about at once.")] = 4,
    shots: Annotated[
        bool, typer.Option("--shots", help="Let windows end early, at shot changes.")
    ] = False,
    columns: Annotated[int, typer.Option(help="How wide a line of captions may be.")] = 42,
    lines: Annotated[int, typer.Option(help="How many lines are shown at once.")] = 2,
    local: Annotated[
        bool, typer.Option("--local", help="Measure with the embedded engine: no key, no model.")
    ] = False,
    timeout: Timeout = None,
    base_url: BaseUrl = None,
    openai: OpenAI = None,
    api_key: ApiKey = None,
) -> Job:
    """Caption a video, window by window, each in a request of its own.

    Captions go to standard output, or into the files that are named. Ctrl-C leaves them valid, and
    the same command goes on where they end. Exits with 1 where a window stays without captions.
    """
    _load()
    outputs = {"VTT": vtt, "SRT": srt, "JSON_LINES": jsonl}
    wanted = _Wanted(
        video=video,
        every=_seconds(every),
        outputs={name: path for name, path in outputs.items() if path is not None},
        model=model,
        at_once=at_once,
        shots=shots,
        layout=Layout(columns=columns, lines=lines),
    )
    target = Target(base_url=base_url, api_key=api_key, openai=openai, local=local, timeout=timeout)
    return partial(_caption, wanted, target)


def _load() -> None:
    """Import what is heavy before there is an event loop, which reading files would block."""
    for name in ("CueFile", "VTT", "caption"):
        getattr(captions, name)


async def _caption(wanted: _Wanted, target: Target, screen: Screen) -> int:
    header = await _header(wanted.video)
    source = f"{Path(wanted.video).name}, {header.size:,} bytes"
    files = await to_thread.run_sync(_opened, wanted.outputs, source)
    async with opened(target) as session:
        tally = await _follow(wanted, session, files, _Progress(screen, header.seconds))
    _sum_up(tally, wanted, screen)
    return 1 if tally.failed else 0


def _opened(outputs: dict[str, Path], source: str) -> list[CueFile]:
    return [
        captions.CueFile(path, getattr(captions, name), source) for name, path in outputs.items()
    ]


async def _header(video: str) -> Header:
    """What the file says of itself; also checks that it is a video."""
    async with aclosing(Video(video).facts()) as facts:
        async for fact in facts:
            if isinstance(fact, Header):
                return fact
    raise AssertionError("facts begin with a header")


async def _follow(
    wanted: _Wanted, session: Session, files: Sequence[CueFile], progress: _Progress
) -> Tally:
    cues = captions.caption(
        wanted.video,
        every=wanted.every,
        client=session.client,
        model=wanted.model,
        at_once=wanted.at_once,
        shots=wanted.shots,
        layout=wanted.layout,
        known=_in_all(files),
    )
    async with cues:
        progress.show(0.0, cues.tally)
        async for cue in cues:
            if cue.final:
                for file in files:
                    await to_thread.run_sync(file.write, cue)
                progress.tell(cue, alone=not files)
                progress.show(cue.end, cues.tally)
            elif cue.error is not None:
                progress.tell(cue, alone=False)
    return cues.tally


def _in_all(files: Sequence[CueFile]) -> list[Cue]:
    """The cues that every file has: what one of them lacks is asked for again."""
    if not files:
        return []
    first, *others = files
    ends = [{_milliseconds(cue.end) for cue in file.cues} for file in others]
    return [cue for cue in first.cues if all(_milliseconds(cue.end) in each for each in ends)]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


class _Progress:
    """Shows how far it is; `length` of the video in seconds, where it is known."""

    def __init__(self, screen: Screen, length: float | None) -> None:
        self._screen = screen
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

    def tell(self, cue: Cue, *, alone: bool) -> None:
        """Tell of a window that failed, and the captions where they go nowhere else."""
        if cue.error is not None:
            what = "stays without captions" if cue.final else "is asked about again"
            self._screen.note(f"{_clock(cue.start)} to {_clock(cue.end)} {what}: {cue.error}")
        elif alone:
            text = cue.text.replace("\n", "\n" + " " * 9)
            self._screen.say(f"{_clock(cue.start):>7}  {text}\n")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def _sum_up(tally: Tally, wanted: _Wanted, screen: Screen) -> None:
    had = f", {tally.skipped} had captions before" if tally.skipped else ""
    again = f", {tally.retried} asked about again" if tally.retried else ""
    screen.note(
        f"{tally.done} of {tally.windows} windows captioned{had}{again}, {tally.failed} failed."
    )
    if tally.done:
        unknown = f" and {tally.unmetered} answers unmetered" if tally.unmetered else ""
        screen.note(
            f"{tally.tokens:,} tokens{unknown}; shrinking took the video from about"
            f" {tally.tokens_before:,} to {tally.tokens_after:,} tokens (an estimate)."
        )
    if tally.fast:
        screen.note(
            f"{tally.fast} captions are faster than {wanted.layout.speed:g} characters a second,"
            f" the fastest has {tally.fastest:.0f}."
        )
