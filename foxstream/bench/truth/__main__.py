"""`python -m foxstream.bench.truth`: prints its URL; answers each line of its input with the truth.

It ends with its input.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
from aiohttp import web

from foxstream.bench.machine import MANY_FILES, allow_files, pin
from foxstream.bench.truth.engine import TruthEngine
from foxstream.bench.truth.witness import Witness
from foxstream.gateway import create_app
from foxstream.gateway.streaming import SHAPE

_MINUTE = 60.0


async def _main() -> None:
    witness = Witness()
    app = create_app(TruthEngine(), max_tasks=1_000_000, retention=_MINUTE, task_retention=_MINUTE)
    app[SHAPE] = witness.shape
    app.middlewares.insert(0, witness.note)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        _say(f"http://127.0.0.1:{runner.addresses[0][1]}".encode())
        while await asyncio.to_thread(sys.stdin.readline):
            _say(msgspec.json.encode(witness.told()))
    finally:
        await runner.cleanup()


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    pin(-1)
    allow_files(MANY_FILES)
    asyncio.run(_main())
