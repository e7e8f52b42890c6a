"""`foxstream models`: what may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from rich.cells import cell_len

from foxstream.cli.harmless import harmless_json, one_line
from foxstream.cli.options import ApiKey, AsJson, BaseUrl, OpenAI
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.cli.session import Target, opened
from foxstream.resources import Model

__all__ = ["models"]


def models(
    as_json: AsJson = False,
    base_url: BaseUrl = None,
    openai: OpenAI = None,
    api_key: ApiKey = None,
) -> Job:
    """List the models that the key may use, and what each of them takes in."""
    target = Target(base_url=base_url, api_key=api_key, openai=openai)
    return partial(_models, target, as_json=as_json)


async def _models(target: Target, screen: Screen, *, as_json: bool) -> None:
    async with opened(target) as session:
        screen.status("asking for the models")
        found = await session.client.models()
    if as_json:
        for model in found:
            screen.say(harmless_json(msgspec.json.encode(model).decode()) + "\n")
    else:
        _show(found, screen)


def _show(found: Sequence[Model], screen: Screen) -> None:
    """Two columns; their heading is for people only, so that programs can cut them."""
    rows = [(one_line(model.id), _capabilities(model)) for model in found]
    width = max((cell_len(id) for id, _ in rows), default=0)
    if screen.live:
        screen.say(f"{'MODEL':{width}}  TAKES\n", "bold")
    for id, capabilities in rows:
        screen.say(f"{id}{' ' * (width - cell_len(id))}  {capabilities}\n")


def _capabilities(model: Model) -> str:
    if model.capabilities is None:
        return "unknown"
    return one_line(", ".join(model.capabilities))
