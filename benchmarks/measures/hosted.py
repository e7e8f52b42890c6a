"""foxstream's gateway in a process and on a core of its own, with an engine that plays scripts.

House rule: the gateway is the one that is shipped, on the event loop of `foxstream serve`; a prompt
is a script, and the engine spends as little on it as it can.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from array import array
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from functools import cache

import msgspec
from aiohttp import web

from benchmarks.machine import pin
from benchmarks.recording import record
from benchmarks.server.load import loaded
from benchmarks.server.script import Script
from foxstream import wire
from foxstream.gateway import Generation, Media, Piece, create_app

__all__ = ["ScriptEngine", "hosted"]

_GOLDEN = 0.6180339887498949


class ScriptEngine:
    """Plays the `Script` that is the prompt: the recording at once, or stamped pieces in time.

    The schedule is absolute; `lags` collects how late each piece was made, in nanoseconds.
    """

    def __init__(self, lags: array[int]) -> None:
        self._lags = lags
        self._runs = 0

    async def run(self, generation: Generation, _media: Media, /) -> AsyncIterator[Piece]:
        """Play the script."""
        script = Script.of(generation.prompt)
        if not script.rate:
            for piece in _recorded(script.chunks):
                yield piece
            return
        self._runs += 1
        due = time.monotonic() + script.lead + self._runs * _GOLDEN % 1 / script.rate
        for number in range(script.chunks):
            await asyncio.sleep(due - time.monotonic())
            now = time.monotonic_ns()
            self._lags.append(now - int(due * 1e9))
            yield Piece(f"{number}:{now} ")
            due += 1 / script.rate


@cache
def _recorded(chunks: int) -> list[Piece]:
    choices = [wire.decode_chunk(data).choices[0] for data in record(chunks).data]  # type: ignore[index]
    said = [(choice.delta or wire.ChunkDelta(), choice.finish_reason) for choice in choices]
    return [
        Piece(delta.content or "", delta.reasoning_content or "", finish_reason=reason)
        for delta, reason in said
    ]


@contextmanager
def hosted(max_tasks: int) -> Generator[str]:
    """The URL of a gateway that remembers `max_tasks`; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.measures.hosted", str(max_tasks)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.communicate()


async def _main(max_tasks: int) -> None:
    lags = array("q")

    async def load(_: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(loaded(lags)))

    app = create_app(ScriptEngine(lags), max_tasks=max_tasks)
    app.router.add_get("/load", load)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    pin(-1)
    asyncio.run(_main(int(sys.argv[1])))
