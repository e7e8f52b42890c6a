"""`foxstream caption`: a video's captions, in files or on standard output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from anyio import to_thread

from foxstream import captions
from foxstream.captions import page
from foxstream.captions.cue import Cue
from foxstream.captions.layout import Layout
from foxstream.cli.caption_files import CaptionFiles, open_files
from foxstream.cli.caption_following import Following, Progress
from foxstream.cli.caption_page import listening, show
from foxstream.cli.options import ApiKey, BaseUrl, OpenAI, Timeout
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.cli.session import Session, Target, opened
from foxstream.question import DEFAULT_MODEL
from foxstream.video import Header, Video

if TYPE_CHECKING:
    from aiohttp.web import Application

    from foxstream.captions.captioning import Captions

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
    port: int | None
    host: str | None


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
    serve: Annotated[
        int | None, typer.Option(metavar="PORT", help="Serve a page with the video; 0: a free one.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Where the page listens, else on this machine alone.")
    ] = None,
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

    Captions go to standard output, into the files that are named, or onto a page that stays until
    Ctrl-C. Ctrl-C leaves the files valid, and the same command goes on where they end. Exits with 1
    where a window stays without captions.
    """
    _load(page_too=serve is not None)
    outputs = {"VTT": vtt, "SRT": srt, "JSON_LINES": jsonl}
    wanted = _Wanted(
        video=video,
        every=_seconds(every),
        outputs={name: path for name, path in outputs.items() if path is not None},
        model=model,
        at_once=at_once,
        shots=shots,
        layout=Layout(columns=columns, lines=lines),
        port=serve,
        host=host,
    )
    target = Target(base_url=base_url, api_key=api_key, openai=openai, local=local, timeout=timeout)
    return partial(_caption, wanted, target)


def _load(*, page_too: bool) -> None:
    """Import what is heavy before there is an event loop, which reading files would block."""
    for name in ("CueFile", "VTT", "caption"):
        getattr(captions, name)
    if page_too:
        _ = page.create_page


async def _caption(wanted: _Wanted, target: Target, screen: Screen) -> int:
    header, playhead = await _header(wanted.video), page.Playhead()
    with await to_thread.run_sync(listening, wanted.port, wanted.host) as listener:
        files = await to_thread.run_sync(_opened, wanted, header)
        for note in files.notes(wanted.layout):
            screen.note(note)
        known = await to_thread.run_sync(files.shared)
        async with opened(target) as session, _asked(wanted, session, known, playhead) as cues:
            alone = not wanted.outputs and listener is None
            progress = Progress(screen, header.seconds, alone=alone)
            following = Following(cues, files, progress, wanted.layout.speed)
            if listener is not None:
                app = _page(wanted, following, header.seconds, playhead, known)
                await show(listener, app, following, screen)
            await following.to_the_end()
            return 1 if cues.tally.failed or files.failed else 0


def _page(
    wanted: _Wanted,
    following: Following,
    seconds: float | None,
    playhead: page.Playhead,
    known: Sequence[Cue],
) -> Application:
    return page.create_page(
        wanted.video,
        following,
        following.tally,
        playhead=playhead,
        known=known,
        seconds=seconds,
        every=wanted.every,
        names=() if wanted.host is None else {wanted.host},
    )


def _opened(wanted: _Wanted, header: Header) -> CaptionFiles:
    shots = ", ending at shot changes" if wanted.shots else ""
    name, size = Path(wanted.video).name, header.size
    source = f"{name}, {size:,} bytes, in windows of {wanted.every:g} s{shots}"
    every = None if wanted.shots else wanted.every
    return open_files(wanted.outputs, source, every, header.seconds)


async def _header(video: str) -> Header:
    """What the file says of itself; also checks that it is a video."""
    async with aclosing(Video(video).facts()) as facts:
        async for fact in facts:
            if isinstance(fact, Header):
                return fact
    raise AssertionError("facts begin with a header")


def _asked(
    wanted: _Wanted, session: Session, known: Sequence[Cue], playhead: page.Playhead
) -> Captions:
    return captions.caption(
        wanted.video,
        every=wanted.every,
        client=session.client,
        model=wanted.model,
        at_once=wanted.at_once,
        shots=wanted.shots,
        layout=wanted.layout,
        playhead=playhead,
        known=known,
    )
