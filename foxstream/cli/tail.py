"""`foxstream tail`: an answer that was asked for before, here or elsewhere."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

import foxstream
from foxstream.answer import Delta
from foxstream.cli.answers import Display, Ending, display_for, follow
from foxstream.cli.options import ApiKey, AsJson, BaseUrl, Timeout
from foxstream.cli.running import Job
from foxstream.cli.screen import Screen
from foxstream.cli.session import Target, opened
from foxstream.errors import APIStatusError, FoxError
from foxstream.progress import Timings

__all__ = ["tail"]

# Which of these stands for a stream that is over is not documented (contract, section 4).
_NO_STREAM = {400, 404, 409, 410, 422}


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
    display = display_for(screen, as_json=as_json)
    async with opened(target) as session:
        answer = session.client.attach(task_id, on_status=screen.report)
        screen.status("opening the stream")
        if await _has_stream(answer):
            await follow(answer, display, screen, lasting=True)
        else:
            screen.status("waiting for the task")
            await _show_result(session.client, task_id, display, answer.timings)


async def _has_stream(answer: foxstream.Stream) -> bool:
    """Open it; any other failure than its absence is raised again to whoever reads it."""
    try:
        await answer.__aenter__()
    except FoxError as error:
        return not isinstance(error, APIStatusError) or error.status_code not in _NO_STREAM
    return True


async def _show_result(
    client: foxstream.Client, task_id: str, display: Display, timings: Timings
) -> None:
    try:
        said = await client.wait(task_id)
    except FoxError as error:
        display.end(Ending(None, timings, task_id, error))
        raise
    display.add(Delta(said.text, said.reasoning, finish_reason=said.finish_reason))
    display.end(Ending(said, timings, task_id))
