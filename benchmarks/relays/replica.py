"""One replica of two: it relays a task of a gateway through Redis, and serves it.

python -m benchmarks.relays.replica <gateway> <port of Redis> <seconds of lease>, and the id of the
task as a line on its standard input
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from aiohttp import web
from redis.asyncio import Redis

from foxstream import Client
from foxstream.integrations.aiohttp import relay_response
from foxstream.relay import RedisStore, Relay

__all__ = ["Replica", "replica"]


class Replica:
    """A running replica."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._line()

    def begin(self, task_id: str) -> str:
        """Relay this task; the URL at which it is served."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task_id}\n")
        self._process.stdin.flush()
        return self._line()

    def kill(self) -> None:
        """As a machine that loses its power."""
        self._process.send_signal(signal.SIGKILL)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"the replica has ended: {self._process.wait()}")
        return line


@contextmanager
def replica(gateway: str, redis: int, lease: float) -> Generator[Replica]:
    """Start one, which waits for its task; it is killed with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, gateway, str(redis), str(lease)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Replica(process)
        finally:
            process.kill()


async def _main(gateway: str, port: int, lease: float) -> None:
    async def events(request: web.Request) -> web.StreamResponse:
        return await relay_response(request, relay)

    print("ready", flush=True)
    task_id = (await asyncio.to_thread(sys.stdin.readline)).strip()
    async with Client(base_url=gateway) as client, Redis(host="127.0.0.1", port=port) as redis:
        store = RedisStore(redis, task_id)
        async with Relay(lambda: client.attach(task_id), store=store, lease=lease) as relay:
            app = web.Application()
            app.router.add_get("/events", events)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            print(f"http://127.0.0.1:{runner.addresses[0][1]}/events", flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
