"""`foxstream ask`: one question, one answer."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from foxstream.cli.answers import display_for, follow
from foxstream.cli.harmless import one_line
from foxstream.cli.options import ApiKey, AsJson, BaseUrl, OpenAI, Timeout
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.cli.session import Target, opened
from foxstream.errors import InvalidInputError
from foxstream.question import DEFAULT_MODEL, Ask
from foxstream.sources import Media
from foxstream.video import Video

__all__ = ["ask"]

_MOST_READ = 1_000_000  # characters; far beyond what a prompt may have


def ask(
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="The question; - reads it from standard input."),
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH|URL", help="A video; can be given ten times."),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH|URL", help="An image; can be given ten times."),
    ] = None,
    audio: Annotated[str | None, typer.Option(metavar="PATH|URL", help="A sound.")] = None,
    model: Annotated[str, typer.Option(help="The model; see: foxstream models.")] = DEFAULT_MODEL,
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="How many tokens the answer may have.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="The sampling temperature, 0 to 2.")
    ] = None,
    reasoning: Annotated[
        bool | None,
        typer.Option("--reasoning/--no-reasoning", help="Ask for reasoning tokens, or for none."),
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Measure with the embedded engine: no key, no model.")
    ] = False,
    as_json: AsJson = False,
    direct: Annotated[
        bool, typer.Option("--direct", help="One round trip; no task to come back to.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare the answer with the finished task.")
    ] = False,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="Send videos at 1 frame a second and 360 lines.")
    ] = False,
    timeout: Timeout = None,
    base_url: BaseUrl = None,
    openai: OpenAI = None,
    api_key: ApiKey = None,
) -> Job:
    """Ask about videos, images or a sound, or just ask, and see the answer come.

    The answer goes to standard output, token by token; on a terminal the reasoning precedes it,
    dimmed. Everything else goes to standard error.
    """
    question = Ask(
        model=model,
        videos=list(video or ()),
        images=list(image or ()),
        audio=audio,
        system_prompt=system,
        max_tokens=max_tokens,
        temperature=temperature,
        reasoning=reasoning,
    )
    return partial(
        _ask,
        _from_standard_input() if prompt == "-" else prompt,
        question,
        Target(base_url=base_url, api_key=api_key, openai=openai, local=local, timeout=timeout),
        as_json=as_json,
        direct=direct,
        verify=verify,
        shrink=shrink,
    )


async def _ask(
    prompt: str | None,
    question: Ask,
    target: Target,
    screen: Screen,
    *,
    as_json: bool,
    direct: bool,
    verify: bool,
    shrink: bool,
) -> None:
    async with opened(target) as session:
        if shrink:
            videos = question.get("videos", ())
            question["videos"] = [await _shrunk(video, screen) for video in videos]
        answer = session.client.stream(
            prompt,
            **question,
            direct=direct,
            verify=verify,
            on_status=screen.report,
        )
        screen.status("asking")
        await follow(answer, display_for(screen, as_json=as_json), screen, lasting=session.lasting)


async def _shrunk(video: Media, screen: Screen) -> bytes:
    screen.status("shrinking")
    smaller = await Video(video).shrink()
    screen.note(f"{one_line(str(video))}: {smaller.saved}")
    return smaller.data


def _from_standard_input() -> str:
    """Read before the event loop runs, where Ctrl-C still ends a read."""
    if sys.stdin is None:
        return ""
    if sys.stdin.isatty():
        print("Type the question and end it with Ctrl-D:", file=sys.stderr)
    try:
        return sys.stdin.read(_MOST_READ).rstrip("\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"standard input is not text: {error}") from error
