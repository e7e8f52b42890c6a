"""What can be asked of `foxstream bench`: each field is an option, with its own explanation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, get_type_hints

import msgspec
import typer

from foxstream.bench.plan import Arrivals, Cache
from foxstream.cli.options import ApiKey, BaseUrl, OpenAI
from foxstream.question import DEFAULT_MODEL

__all__ = ["Force", "Html", "Json", "Options", "Quick", "Slo", "command"]

_ASKED, _PACE = "What is asked", "How often, and at what pace"
_KEPT = "What comes of it"

Slo = Annotated[
    str | None,
    typer.Option(
        metavar="NAME=SECONDS,...",
        help="What a good request keeps to: ttft=0.8,itl=0.05; goodput is their share.",
        rich_help_panel=_KEPT,
    ),
]
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the report.", rich_help_panel=_KEPT),
]
Html = Annotated[
    str | None,
    typer.Option(
        "--report", metavar="FILE", help="Write it as a page (HTML).", rich_help_panel=_KEPT
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="Less of the same.")]
Force = Annotated[bool, typer.Option("--force", help="Compare although something else was asked.")]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a run, as they were given."""

    model: Annotated[
        str, typer.Option(help="The model; see: foxstream models.", rich_help_panel=_ASKED)
    ] = DEFAULT_MODEL
    prompt: Annotated[
        str | None, typer.Option(help="What each request asks.", rich_help_panel=_ASKED)
    ] = None
    prompts: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help='One prompt a line, or JSON lines with "prompt"; asked in turn.',
            rich_help_panel=_ASKED,
        ),
    ] = None
    video: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH|URL", help="A video; can be given ten times.", rich_help_panel=_ASKED
        ),
    ] = None
    image: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH|URL", help="An image; can be given ten times.", rich_help_panel=_ASKED
        ),
    ] = None
    system: Annotated[
        str | None, typer.Option(help="The system prompt.", rich_help_panel=_ASKED)
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(help="How many tokens an answer may have.", rich_help_panel=_ASKED),
    ] = None
    temperature: Annotated[
        float | None,
        typer.Option(help="The sampling temperature, 0 to 2.", rich_help_panel=_ASKED),
    ] = None
    reasoning: Annotated[
        bool | None,
        typer.Option(
            "--reasoning/--no-reasoning",
            help="Ask for reasoning tokens, or for none.",
            rich_help_panel=_ASKED,
        ),
    ] = None
    cache: Annotated[
        Cache,
        typer.Option(
            help="share sends prompts as they are, bust gives each a beginning of its own.",
            rich_help_panel=_ASKED,
        ),
    ] = "share"
    seed: Annotated[
        int,
        typer.Option(help="Settles the schedule and the prompts' order.", rich_help_panel=_ASKED),
    ] = 0
    concurrency: Annotated[
        str | None,
        typer.Option(
            metavar="N,...",
            help="How many at once; several are a load each, one after the other.",
            rich_help_panel=_PACE,
        ),
    ] = None
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="R,...",
            help="So many requests a second, whether others ended or not.",
            rich_help_panel=_PACE,
        ),
    ] = None
    arrivals: Annotated[
        Arrivals | None,
        typer.Option(
            metavar="HOW",
            help="closed: one follows another; constant, poisson: at --rate; burst: all at once. "
            "Else closed, or with --rate constant.",
            rich_help_panel=_PACE,
        ),
    ] = None
    requests: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="So many of each load; else 20, or what fits into --duration.",
            rich_help_panel=_PACE,
        ),
    ] = None
    duration: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Begin none after so long.", rich_help_panel=_PACE),
    ] = None
    warmup: Annotated[
        int,
        typer.Option(metavar="N", help="So many before, which count apart.", rich_help_panel=_PACE),
    ] = 0
    max_total_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Begin none after so many tokens of a load.", rich_help_panel=_PACE
        ),
    ] = None
    local: Annotated[
        bool,
        typer.Option("--local", help="An embedded gateway that knows the truth: no key, no model."),
    ] = False
    base_url: BaseUrl = None
    openai: OpenAI = None
    api_key: ApiKey = None
    direct: Annotated[
        bool,
        typer.Option("--direct", help="One round trip; no task to come back to."),
    ] = False
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Give a request up after so many seconds."),
    ] = None
    stamps: Annotated[
        bool,
        typer.Option(
            "--stamps/--no-stamps", help="Ask the kernel when bytes came, or leave its stamps out."
        ),
    ] = True
    slo: Slo = None
    json: Json = None
    raw: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write a line of each request as it ends.",
            rich_help_panel=_KEPT,
        ),
    ] = None
    report: Html = None
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 3 where this machine may have been the slow one.",
            rich_help_panel=_KEPT,
        ),
    ] = False
    yes: Annotated[
        bool, typer.Option("--yes", help="Send without asking.", rich_help_panel=_KEPT)
    ] = False
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Tell how each figure is made, and exit.", rich_help_panel=_KEPT
        ),
    ] = False


Run = Callable[[typer.Context, Options], object]
"""Does what the options say."""


def command(run: Run) -> Callable[..., object]:
    """`run` as typer reads a command: a function with a parameter for each option."""

    def with_options(context: typer.Context, **given: object) -> object:
        return run(context, Options(**given))  # pyright: ignore[reportArgumentType]

    with_options.__signature__ = inspect.Signature(list(_parameters()))  # pyright: ignore[reportFunctionMemberAccess]
    with_options.__annotations__ = {}
    with_options.__doc__ = run.__doc__
    return with_options


def _parameters() -> Iterator[inspect.Parameter]:
    keyword = inspect.Parameter.KEYWORD_ONLY
    yield inspect.Parameter("context", keyword, annotation=typer.Context)
    hints = get_type_hints(Options, include_extras=True)
    for field in msgspec.structs.fields(Options):
        annotation: object = hints[field.name]
        yield inspect.Parameter(field.name, keyword, default=field.default, annotation=annotation)
