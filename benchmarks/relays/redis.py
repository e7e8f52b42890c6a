"""A Redis server on a free loopback port, for as long as a block lasts.

House rule: it keeps nothing on the disk unless it is given a folder.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PROGRAM", "RedisServer", "redis_server"]

PROGRAM = shutil.which("redis-server")
"""`None` where it is not installed."""

_BARE = ("--save", "", "--appendonly", "no", "--dir", "/tmp")


class RedisServer:
    """A process and where it listens; `options` are those of the command line.

    `tls`: it speaks nothing else, and `options` name the certificate. With a `folder` every
    write is kept there, and is there again after `start`.
    """

    def __init__(self, *options: str, folder: Path | None = None, tls: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._port_options = ("--port", "0", "--tls-port") if tls else ("--port",)
        self._options: Sequence[str] = (*(_kept(folder) if folder else _BARE), *options)
        self.start()

    def start(self) -> None:
        """Start it, again where it was killed."""
        address = ("--bind", "127.0.0.1", *self._port_options, str(self.port))
        self.process = subprocess.Popen(
            [str(PROGRAM), *address, *self._options], stdout=subprocess.DEVNULL
        )
        self._wait()

    def kill(self) -> None:
        """As a machine that loses its power."""
        self.process.kill()
        self.process.wait()

    def _wait(self) -> None:
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise RuntimeError("redis-server does not listen")


@contextmanager
def redis_server(
    *options: str, folder: Path | None = None, tls: bool = False
) -> Generator[RedisServer]:
    """Start one; it is killed with the block."""
    server = RedisServer(*options, folder=folder, tls=tls)
    try:
        yield server
    finally:
        server.kill()


def _kept(folder: Path) -> Sequence[str]:
    return ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(folder))
