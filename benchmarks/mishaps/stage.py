"""How an answer is performed on a socket, stunts included, and what is seen of the client.

House rule: each block is a write and an HTTP chunk of its own, with a pause behind it, so that
clients read it alone.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus

import msgspec

from benchmarks.mishaps.faults import ENDLESS_MIB, Answer, Stunt

__all__ = ["Log", "perform"]

_PAUSE = 0.01
_BEFORE_RESET = 0.1  # a reset also destroys what the client has received but not read
_COMMENT_EVERY = 0.1
_BLOCK = 64 * 1024


class Log(msgspec.Struct):
    """What the server saw of one trial.

    `submits` counts the requests that were accepted and would be paid for, `openings` those of the
    stream; `left` tells that the client closed the connection of a stream, `took_all` that it took
    all of an event without an end, `key_abroad` that the other origin was shown the key.
    """

    submits: int = 0
    refused: int = 0
    openings: int = 0
    left: bool = False
    took_all: bool = False
    abroad: bool = False
    key_abroad: bool = False


async def perform(
    answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Log
) -> None:
    """Send the whole answer; `ConnectionError` where the connection is over with it."""
    headers = {**answer.headers, "Transfer-Encoding": "chunked"}
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    for step in answer.steps:
        if isinstance(step, Stunt):
            await _perform_stunt(step, reader, writer, log)
        else:
            await _send(writer, step)
            await asyncio.sleep(_PAUSE)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _perform_stunt(
    stunt: Stunt, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Log
) -> None:
    match stunt:
        case Stunt.RESET:
            await _reset(writer)
        case Stunt.BROKEN_CHUNK:
            writer.write(b"no size\r\n")
            raise ConnectionAbortedError
        case Stunt.SILENCE:
            await _until_left(reader, log)
        case Stunt.KEEP_ALIVES:
            while True:
                await _send(writer, b": keep-alive\n\n")
                await asyncio.sleep(_COMMENT_EVERY)
        case Stunt.ENDLESS_EVENT:
            await _send(writer, b"data: ")
            for _ in range(ENDLESS_MIB * 1024 * 1024 // _BLOCK):
                await _send(writer, b"x" * _BLOCK)
            log.took_all = True


async def _send(writer: asyncio.StreamWriter, block: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(block), block))
    await writer.drain()


async def _reset(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(_BEFORE_RESET)
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()
    raise ConnectionAbortedError


async def _until_left(reader: asyncio.StreamReader, log: Log) -> None:
    try:
        await reader.read()
    finally:
        log.left = True
    raise ConnectionAbortedError
