"""The gateway with injected truth, started for as long as a block lasts."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio
import msgspec
from anyio.abc import ByteReceiveStream, ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from foxstream.bench.truth.witness import Seen, Truth
from foxstream.errors import FoxError

__all__ = ["TruthfulGateway", "truthful_gateway"]

_LONGEST_LINE = 1 << 30
_decoder = msgspec.json.Decoder(Seen)


class TruthfulGateway:
    """A gateway at `url`, in a process of its own, that tells what it sent and when."""

    def __init__(self, process: Process, asks: ByteSendStream, tells: ByteReceiveStream) -> None:
        self.url: str = ""
        self._process = process
        self._asks = asks
        self._tells = BufferedByteReceiveStream(tells)

    async def begin(self) -> None:
        """Wait until it listens."""
        self.url = (await self._line()).decode()

    async def truth(self) -> Truth:
        """What it was about to write, and when, since the last time."""
        return (await self.seen()).written

    async def seen(self) -> Seen:
        """The truth, and the requests that came, since the last time."""
        with suppress(anyio.BrokenResourceError):  # it has ended: its silence says so
            await self._asks.send(b"\n")
        return _decoder.decode(await self._line())

    async def freeze(self, seconds: float) -> None:
        """Stop the process in the middle of whatever it does, and let it go on."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            await anyio.sleep(seconds)
        finally:
            self._process.send_signal(signal.SIGCONT)

    async def _line(self) -> bytes:
        try:
            return await self._tells.receive_until(b"\n", _LONGEST_LINE)
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError) as error:
            raise FoxError("the gateway with injected truth ended before its time") from error


@asynccontextmanager
async def truthful_gateway() -> AsyncGenerator[TruthfulGateway]:
    """Start it; it ends with the block."""
    command = [sys.executable, "-m", "foxstream.bench.truth"]
    # In a session of its own: a Ctrl-C is for who measures, and what is under way is cancelled.
    async with await anyio.open_process(command, stderr=None, start_new_session=True) as process:
        asks, tells = process.stdin, process.stdout
        if asks is None or tells is None:
            raise RuntimeError("a process without pipes")
        gateway = TruthfulGateway(process, asks, tells)
        await gateway.begin()
        try:
            yield gateway
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
