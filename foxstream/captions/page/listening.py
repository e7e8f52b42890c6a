"""A page on a port of this machine.

House rule: the port is had before anything is asked, so that nothing is paid for in vain.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from aiohttp import web

from foxstream.errors import InvalidInputError
from foxstream.exchange import is_loopback, local_origin

__all__ = ["Listener"]

_SHUTDOWN_SECONDS = 1.0
_PORTS = range(65536)
_REASONS = {
    errno.EADDRINUSE: "another program listens there; choose another port, or 0 for a free one",
    errno.EACCES: "this user may not; choose a port from 1024 on, or 0 for a free one",
}


class Listener:
    """Holds `port` of `host`, 0 for a free one, from its making until `close`.

    `url` is where a browser on this machine finds it. Raises `InvalidInputError` where host and
    port cannot be had. Making it blocks while the name of the host is looked up.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        if port not in _PORTS:
            raise InvalidInputError(f"port is {port}: from 0 to {_PORTS[-1]}")
        self._socket = _bound(host, port)

    @property
    def url(self) -> str:
        """Such as `http://127.0.0.1:43210/`."""
        return f"{local_origin(*_address(self._socket))}/"

    @property
    def is_private(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(_address(self._socket)[0])

    @asynccontextmanager
    async def serving(self, app: web.Application) -> AsyncGenerator[None]:
        """Serve `app` for as long as the block lasts; once."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            yield
        finally:
            await runner.cleanup()

    def close(self) -> None:
        """Let the port go."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _address(bound: socket.socket) -> tuple[str, int]:
    name: tuple[str, int] = bound.getsockname()[:2]
    return name


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror)
        raise InvalidInputError(f"cannot listen at {host!r}, port {port}: {reason}") from error
    except ValueError as error:  # what no resolver is asked about
        raise InvalidInputError(f"cannot listen at {host!r}: it is no name of a host") from error
