"""A gateway that listens, for as long as a `with` block lasts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Unpack

from aiohttp import web

from foxstream.errors import InvalidInputError
from foxstream.exchange import bracketed, is_loopback, local_origin
from foxstream.gateway.app import create_app
from foxstream.gateway.engine import Engine
from foxstream.gateway.settings import LOOPBACK_HOSTS, Options

__all__ = ["running_gateway"]

_SHUTDOWN_SECONDS = 1.0


@asynccontextmanager
async def running_gateway(
    engine: Engine | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | Collection[str] | None = None,
    **options: Unpack[Options],
) -> AsyncGenerator[str]:
    """Serve a gateway and yield its base URL, such as `http://127.0.0.1:43210`.

    Port 0 takes a free one. It runs on asyncio; from trio or a script, run it in a portal:
    `with start_blocking_portal() as portal, portal.wrap_async_context_manager(running_gateway())`.
    Raises `InvalidInputError` for a host beyond loopback without an `api_key`, and where host
    and port cannot be had.
    """
    if api_key is None and not is_loopback(host):
        raise InvalidInputError(f"host {host!r} is open to others: api_key is needed")
    options.setdefault("allowed_hosts", _allowed_hosts(host))
    runner = web.AppRunner(
        create_app(engine, api_key, **options),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        yield await _listen(runner, host, port)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> str:
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, OverflowError) as error:
        raise InvalidInputError(f"cannot listen at {host!r}, port {port}: {error}") from error
    address, bound = runner.addresses[0][:2]
    return local_origin(address, bound)


def _allowed_hosts(host: str) -> Collection[str] | None:
    """Beyond loopback the key guards the gateway, and its names are not known here."""
    return LOOPBACK_HOSTS | {bracketed(host)} if is_loopback(host) else None
