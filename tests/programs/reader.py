"""A program that reads one answer: `python -m tests.programs.reader URL LANE [--leave HOW]`.

It tells the task as soon as it has a token, then either the instant at which it leaves, or the
whole answer as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from foxstream import Client, Stream
from tests.lanes import LANES
from tests.programs import tell
from tests.script import as_json

__all__ = ["WAYS"]

kept: list[Client | Stream] = []
"""What outlives the event loop."""


class Reader:
    """Reads the answer to `prompt`, or that of `task`, and leaves it by `leave`."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._lane = LANES[options.lane]
        self._options = options

    async def main(self) -> None:
        _be_patient()
        client = self._lane.client(self._options.url)
        if self._options.leave == "keep_all":
            kept.append(client)
            await self._keep(client)
            return
        async with client:
            if self._options.leave == "keep":
                await self._keep(client)
            else:
                await self._read(client)

    def _ask(self, client: Client) -> Stream:
        task = self._options.task
        return client.attach(task) if task else client.stream(self._options.prompt)

    async def _keep(self, client: Client) -> None:
        answer = self._ask(client)
        kept.append(answer)
        await anext(answer)
        tell(answer.task_id)
        _tell_leaving()

    async def _read(self, client: Client) -> None:
        async with self._ask(client) as answer:
            await anext(answer)
            tell(answer.task_id)
            async for _ in answer:
                WAYS[self._options.leave]()
            completion = await answer.get_final_completion()
        tell(as_json(completion).decode())


def _exit() -> None:
    _tell_leaving()
    sys.exit(3)


def _fail() -> None:
    _tell_leaving()
    raise ZeroDivisionError("in the loop")


def _go_on() -> None:
    """Read on."""


WAYS = {"never": _go_on, "exit": _exit, "fail": _fail, "keep": _go_on, "keep_all": _go_on}
"""The ways to leave; those that keep the stream do so after the first token."""


def _tell_leaving() -> None:
    tell(time.monotonic_ns())


def _be_patient() -> None:
    """Debug mode complains of slow steps, and importing a transport is one."""
    try:
        asyncio.get_running_loop().slow_callback_duration = 10.0
    except RuntimeError:
        return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("lane", choices=LANES)
    parser.add_argument("--prompt", default="1:400:0.02")
    parser.add_argument("--task", help="follow this one instead of asking")
    parser.add_argument("--leave", choices=WAYS, default="never")
    parser.add_argument("--linger", type=float, default=0.0, help="seconds after the event loop")
    options = parser.parse_args()
    try:
        LANES[options.lane].run(Reader(options).main)
    finally:
        time.sleep(options.linger)
