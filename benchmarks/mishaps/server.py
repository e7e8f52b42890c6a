"""The server that plays the faults, in a process of its own: `python -m benchmarks.mishaps.server`.

House rule: raw HTTP/1.1 on two loopback ports, the second being the other origin. A path begins
with the fault and the trial, `/{fault}/{trial}/v1/...`, and `/{fault}/{trial}/log` tells what the
server saw of that trial. It lives until its standard input is closed.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from functools import partial

import msgspec

from benchmarks.mishaps.dialects import FOXAPI, OPENAI, TASK, Dialect, task
from benchmarks.mishaps.faults import FAULTS, UNAVAILABLE, Answer, Fault, whole
from benchmarks.mishaps.stage import Log, perform

__all__ = ["Ports"]


class Ports(msgspec.Struct, frozen=True):
    """Where the server is, and where the other origin is."""

    home: int
    abroad: int


class _Asked(msgspec.Struct, frozen=True):
    fault: Fault
    log: Log
    prefix: str
    path: str
    is_abroad: bool


class _Server:
    def __init__(self) -> None:
        self.ports = Ports(0, 0)
        self._logs: dict[str, Log] = defaultdict(Log)

    async def serve(
        self, is_abroad: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while (asked := await self._asked(reader, is_abroad)) is not None:
                await perform(self._answer(asked), reader, writer, asked.log)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _asked(self, reader: asyncio.StreamReader, is_abroad: bool) -> _Asked | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.strip().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        await reader.readexactly(int(headers.get("content-length", "0")))
        _, fault, trial, path = first.split(" ")[1].split("/", 3)
        log = self._logs[trial]
        log.abroad |= is_abroad
        log.key_abroad |= is_abroad and "authorization" in headers
        return _Asked(FAULTS[fault], log, f"/{fault}/{trial}", path, is_abroad)

    def _answer(self, asked: _Asked) -> Answer:
        if asked.path == "log":
            return _json(msgspec.json.encode(asked.log))
        if asked.path.startswith("v1/tasks/"):
            return _json(self._task(asked))
        if asked.path.endswith("/stream"):
            return self._open(asked, FOXAPI)
        if asked.fault.refuses_submit and not asked.log.refused:
            asked.log.refused += 1
            return UNAVAILABLE
        if asked.path == "v1/llm/generations":
            asked.log.submits += 1
            return _json(self._task(asked))
        answer = self._open(asked, OPENAI)
        asked.log.submits += answer.status == 200
        return answer

    def _open(self, asked: _Asked, dialect: Dialect) -> Answer:
        answers = asked.fault.answers(dialect)
        at, asked.log.openings = asked.log.openings, asked.log.openings + 1
        answer = answers[at] if at < len(answers) else whole(dialect, asked.fault.pieces)
        if answer.status != 307:
            return answer
        return Answer(status=307, headers={"Location": self._url(asked, abroad=True)})

    def _task(self, asked: _Asked) -> bytes:
        """It is completed once the stream was opened again."""
        finished = asked.log.openings > 1
        stream = msgspec.structs.replace(asked, path=f"v1/llm/generations/{TASK}/stream")
        url = self._url(stream, abroad=asked.fault.abroad)
        return task(url, "".join(asked.fault.pieces) if finished else None)

    def _url(self, asked: _Asked, *, abroad: bool) -> str:
        port = self.ports.abroad if abroad else self.ports.home
        return f"http://127.0.0.1:{port}{asked.prefix}/{asked.path}"


def _json(body: bytes) -> Answer:
    return Answer((body,), headers={"Content-Type": "application/json"})


async def _main() -> None:
    server = _Server()
    home, abroad = [
        await asyncio.start_server(partial(server.serve, is_abroad), "127.0.0.1")
        for is_abroad in (False, True)
    ]
    server.ports = Ports(*(each.sockets[0].getsockname()[1] for each in (home, abroad)))
    print(msgspec.json.encode(server.ports).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
