"""`foxstream tail`: an answer that was asked for before, here or elsewhere."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from foxstream.cli.answers import display_for, follow
from foxstream.cli.options import ApiKey, AsJson, BaseUrl, Timeout
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.cli.session import Target, opened

__all__ = ["tail"]


def tail(
    task_id: Annotated[
        str, typer.Argument(metavar="TASK_ID", help="The task, as the end of an answer names it.")
    ],
    as_json: AsJson = False,
    timeout: Timeout = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
) -> Job:
    """Follow a task from its beginning, also one that ended long ago."""
    target = Target(base_url=base_url, api_key=api_key, timeout=timeout)
    return partial(_tail, task_id, target, as_json=as_json)


async def _tail(task_id: str, target: Target, screen: Screen, *, as_json: bool) -> None:
    async with opened(target) as session:
        answer = session.client.attach(task_id, on_status=screen.report)
        screen.status("opening the stream")
        await follow(answer, display_for(screen, as_json=as_json), screen, lasting=True)
