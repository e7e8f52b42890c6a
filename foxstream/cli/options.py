"""Options that several commands share, under one name and one explanation."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["ApiKey", "AsJson", "BaseUrl", "OpenAI", "Timeout"]

BaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Where the service is; else FOXAPI_BASE_URL, else the service itself."
    ),
]
OpenAI = Annotated[
    str | None,
    typer.Option(
        "--openai",
        metavar="URL",
        help="Ask an OpenAI-compatible server instead; its URL goes up to and with /v1.",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        help="The key; else FOXAPI_API_KEY, unless --base-url or --openai is given. "
        "Others on this machine can see it here.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Give up after so many seconds.")
]
