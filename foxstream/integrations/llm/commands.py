"""`llm foxapi`: which models a key may use, and how llm comes to know them.

House rule: a failure is told in words, as llm tells its own.
"""

from __future__ import annotations

import anyio
import click
import llm

from foxstream.client import Client
from foxstream.errors import FoxError
from foxstream.integrations.llm.catalogue import keep
from foxstream.resources import Model

__all__ = ["foxapi"]


@click.group()
def foxapi() -> None:
    """Models of FoxAPI."""


@foxapi.command()
@click.option("--key", help="the key to ask with, or the name of a stored one")
def models(key: str | None) -> None:
    """List the models that the key may use, and what each can do."""
    for model in _models(key):
        click.echo(f"foxapi/{model.id}: {', '.join(model.capabilities or ('unknown',))}")


@foxapi.command()
@click.option("--key", help="the key to ask with, or the name of a stored one")
def refresh(key: str | None) -> None:
    """Make exactly the models that the key may use known to llm, from its next start on."""
    found = _models(key)
    click.echo(f"{len(found)} models in {keep(found)}")


def _models(key: str | None) -> list[Model]:
    try:
        return anyio.run(_asked, llm.get_key(key, "foxapi", "FOXAPI_API_KEY"))
    except FoxError as error:
        raise click.ClickException(str(error)) from error


async def _asked(key: str | None) -> list[Model]:
    async with Client(key) as client:
        return await client.models()
