"""A real HTTP/2 server over TLS, on whatever event loop the test runs."""

from __future__ import annotations

import importlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import trustme
from hypercorn.config import Config
from sniffio import current_async_library

__all__ = ["Http2Server", "serving_http2"]

Application = Callable[..., Awaitable[None]]


class Http2Server:
    """Where it listens, and what a client has to trust."""

    def __init__(self, url: str, trust: ssl.SSLContext) -> None:
        self.url = url
        self.trust = trust


@asynccontextmanager
async def serving_http2(application: Application, folder: Path) -> AsyncIterator[Http2Server]:
    """`application` speaks ASGI; its certificate lies in `folder`."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    pem = folder / "server.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.certfile = config.keyfile = str(pem)
    config.alpn_protocols = ["h2"]
    config.graceful_timeout = 0.1
    config.errorlog = config.accesslog = None
    port = socket.socket(fileno=int(config.bind[0][5:]))
    url = f"https://127.0.0.1:{port.getsockname()[1]}"
    port.detach()
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_serve, application, config, stop)
        yield Http2Server(url, trust)
        stop.set()


async def _serve(application: Application, config: Config, stop: anyio.Event) -> None:
    async def with_lifespan(scope, receive, send) -> None:
        if scope["type"] != "lifespan":
            return await application(scope, receive, send)
        while True:
            event = await receive()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.shutdown":
                return None

    room = importlib.import_module(f"hypercorn.{current_async_library()}")
    await room.serve(with_lifespan, config, shutdown_trigger=stop.wait, mode="asgi")
