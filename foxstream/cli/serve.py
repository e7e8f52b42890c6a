"""`foxstream serve`: the embedded gateway, for other programs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Annotated

import typer

from foxstream import gateway
from foxstream.cli.harmless import one_line
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.errors import InvalidInputError

__all__ = ["serve"]

_KEY = "FOXSTREAM_UPSTREAM_KEY"
_LISTED = 5


def serve(
    host: Annotated[str, typer.Option(help="Where to listen; beyond loopback a key is needed.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Let only those in who have this key.")
    ] = None,
    retention: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long an ended stream can be replayed.")
    ] = 900.0,
    fetch_remote: Annotated[
        bool, typer.Option("--fetch-remote", help="Fetch the media that URLs point to.")
    ] = False,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Let an OpenAI-compatible server answer, such as llama.cpp's, vLLM's, Ollama's or "
            "LM Studio's; its URL goes up to and with /v1.",
        ),
    ] = None,
    upstream_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help=f"The key for --upstream; else {_KEY}. Others on this machine can see it here.",
        ),
    ] = None,
) -> Job:
    """Run the embedded gateway until Ctrl-C.

    It speaks as the service does and measures what it is sent; it is no language model. The base
    URL goes to standard output.

    With --upstream an engine of yours answers in its place, and its answers can be followed again
    after a cut: foxstream serve --upstream http://127.0.0.1:11434/v1
    """
    engine = _engine(upstream, upstream_key)
    running = gateway.running_gateway(
        engine,
        host=host,
        port=port,
        api_key=api_key,
        retention=retention,
        fetch_remote=fetch_remote,
    )
    guide = partial(_how_to_use, needs_key=api_key is not None, measures=engine is None)
    return partial(_serve, running, engine, guide)


def _engine(upstream: str | None, key: str | None) -> gateway.Upstream | None:
    """The engine that the options name, `None` for the gateway's own."""
    if upstream is None:
        if key is not None:
            raise InvalidInputError("--upstream-key is for --upstream, which is not given")
        return None
    try:
        return gateway.Upstream(upstream, os.environ.get(_KEY) or None if key is None else key)
    except InvalidInputError as error:
        # Its words name the arguments of a client, and --api-key is another key.
        raise InvalidInputError(f"--upstream or its key cannot be used: {error}") from error


async def _serve(
    running: AbstractAsyncContextManager[str],
    engine: gateway.Upstream | None,
    guide: Callable[[str], str],
    screen: Screen,
) -> None:
    async with engine or nullcontext(), running as url:
        screen.say(f"{url}\n")
        screen.note(guide(url))
        if engine is not None:
            screen.note(await _offered(engine))
            if not engine.has_key:
                screen.note(f"It is asked without a key (--upstream-key, else {_KEY}).")
        await asyncio.Event().wait()


async def _offered(engine: gateway.Upstream) -> str:
    """What the upstream offers now; it may as well come up later."""
    try:
        models = [one_line(model.id) for model in await engine.models()]
    except gateway.EngineError as error:
        return f"{one_line(str(error))}. Tasks fail until it answers."
    more = f" and {len(models) - _LISTED} more" if len(models) > _LISTED else ""
    return f"The upstream has {', '.join(models[:_LISTED]) or 'no models'}{more}."


def _how_to_use(url: str, *, needs_key: bool, measures: bool) -> str:
    key = "\n  export FOXAPI_API_KEY=..." if needs_key else ""
    question = '"What is happening in this video?" --video clip.mp4'
    asked = question if measures else '"Say hello." --model NAME'
    return (
        f"In another terminal:\n  export FOXAPI_BASE_URL={url}{key}\n"
        f"  foxstream ask {asked}\n"
        "Ctrl-C ends it."
    )
