"""One client at one fault, in a process of its own: `python -m benchmarks.mishaps.trial`.

House rule: everything is told as it happens, a line of JSON each, so that of a client that hangs
is known what it heard. The collector is off: what is released is released without it.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from contextlib import suppress
from typing import Any, Literal

import msgspec

from benchmarks.mishaps.clients import CLIENTS, Client
from benchmarks.mishaps.faults import FAULTS, Fault

__all__ = ["Ended", "Heard", "Line", "Ready"]

_PIECES_BEFORE_LEAVING = 2
_UNTIL_READING = 0.2
_UNTIL_KILLED = 60.0


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Everything is imported and connected: the clock starts."""


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """The loop got this text."""

    text: str


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The loop is over: it came to its end, was left by us, or something was raised.

    `kept_in` is the attribute of the exception that holds the text that was heard.
    """

    how: Literal["end", "left", "error"]
    seconds: float
    error: str | None = None
    message: str | None = None
    kept_in: str | None = None


Line = Ready | Heard | Ended


class _Trial:
    def __init__(self, client: Client, fault: Fault, url: str) -> None:
        self._client = client
        self._fault = fault
        self._url = url
        self._heard: list[str] = []
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Read until the end, whatever that is; whoever left waits to be killed."""
        async with self._client.connect(self._url) as connected:
            _tell(Ready())
            began = time.monotonic()
            try:
                await self._listen(connected)
            except Exception as error:  # noqa: BLE001 (whatever is raised is the result)
                _tell(self._failure(error, time.monotonic() - began))
                return
            _tell(Ended("left" if self._leaving else "end", time.monotonic() - began))
            if self._leaving:
                await asyncio.sleep(_UNTIL_KILLED)

    @property
    def _leaving(self) -> bool:
        return self._fault.leaves is not None and len(self._heard) >= _PIECES_BEFORE_LEAVING

    async def _listen(self, connected: Any) -> None:
        listen = self._client.follow if self._fault.abroad else self._client.listen
        assert listen is not None
        listening = asyncio.create_task(listen(connected, self._hear))
        listening.add_done_callback(lambda _: self._over.set())
        await self._over.wait()
        if self._fault.leaves == "cancel":
            await asyncio.sleep(_UNTIL_READING)
            listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening

    def _hear(self, text: str) -> bool:
        """Whether the loop shall be left by `break`."""
        if text:
            self._heard.append(text)
            _tell(Heard(text))
        if self._leaving and self._fault.leaves == "cancel":
            self._over.set()
        return self._leaving and self._fault.leaves == "break"

    def _failure(self, error: Exception, seconds: float) -> Ended:
        kept_in = _holder("".join(self._heard), error) if self._heard else None
        return Ended("error", seconds, type(error).__name__, str(error), kept_in)


def _holder(text: str, error: Exception) -> str | None:
    """The attribute of `error` in which the text can be found, as it is or within."""
    for name, value in vars(error).items():
        if text in (value, getattr(value, "text", None)) or (
            isinstance(value, str | dict | list) and text in str(value)
        ):
            return name
    return None


def _tell(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def main(client: str, fault: str, url: str) -> None:
    """Run the trial of `client` at `fault`, which is served below `url`."""
    gc.disable()
    asyncio.run(_Trial(CLIENTS[client], FAULTS[fault], url).run())


if __name__ == "__main__":
    main(*sys.argv[1:])
