"""`foxstream serve`: the embedded gateway, for other programs."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Annotated

import typer

from foxstream import gateway
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen

__all__ = ["serve"]


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
) -> Job:
    """Run the embedded gateway until Ctrl-C.

    It speaks as the service does and measures what it is sent; it is no language model. The base
    URL goes to standard output.
    """
    running = gateway.running_gateway(
        host=host, port=port, api_key=api_key, retention=retention, fetch_remote=fetch_remote
    )
    return partial(_serve, running, needs_key=api_key is not None)


async def _serve(
    running: AbstractAsyncContextManager[str], screen: Screen, *, needs_key: bool
) -> None:
    async with running as url:
        screen.say(f"{url}\n")
        screen.note(_how_to_use(url, needs_key=needs_key))
        await asyncio.Event().wait()


def _how_to_use(url: str, *, needs_key: bool) -> str:
    key = "\n  export FOXAPI_API_KEY=..." if needs_key else ""
    return (
        f"In another terminal:\n  export FOXAPI_BASE_URL={url}{key}\n"
        '  foxstream ask "What is happening in this video?" --video clip.mp4\n'
        "Ctrl-C ends it."
    )
