"""`python -m benchmarks.server`: two loopback ports, printed; it ends with its input."""

from __future__ import annotations

import asyncio
import ssl
import sys
from array import array
from functools import partial
from importlib.util import find_spec

import msgspec

from benchmarks.machine import pin
from benchmarks.server.connection import Connection
from benchmarks.server.ports import Ports


async def _main() -> None:
    lags = array("q")
    loop = asyncio.get_running_loop()
    listen = partial(loop.create_server, partial(Connection, lags), "127.0.0.1", 0, backlog=4096)
    plain = await listen()
    ports = {"plain": plain.sockets[0].getsockname()[1]}
    if len(sys.argv) > 1:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1])
        ports["tls"] = (await listen(ssl=context)).sockets[0].getsockname()[1]
    print(msgspec.json.encode(Ports(**ports)).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    pin(-1)
    factory = None
    if find_spec("uvloop"):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_main())
