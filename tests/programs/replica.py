"""One replica of a relay: submits a task, tells its id, and relays it through Redis.

python -m tests.programs.replica <gateway> <port of Redis>
"""

from __future__ import annotations

import asyncio
import sys

from redis.asyncio import Redis

from foxstream import Client
from foxstream.relay import RedisStore, Relay


async def main(url: str, port: int) -> None:
    async with Client(base_url=url) as client, Redis(host="127.0.0.1", port=port) as redis:
        task = await client.submit("Count.")
        store = RedisStore(redis, task.id)
        async with Relay(lambda: client.attach(task.id), store=store, lease=0.3) as relay:
            async with relay.view() as viewer:
                await anext(viewer)
                sys.stdout.write(f"{task.id}\n")
                sys.stdout.flush()
            await relay.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
