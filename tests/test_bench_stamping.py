"""Sockets that stamp, on real connections: plain, over TLS, on uvloop, without stamps."""

from __future__ import annotations

import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
import pytest
import trustme
from aiohttp import web

from foxstream import Client
from foxstream.bench.anchor import Anchor
from foxstream.bench.record import INSTANTS, Record
from foxstream.bench.request import timed
from foxstream.bench.sockets import StampedSocket, Traffic
from foxstream.bench.stamping import StampingTransport
from foxstream.bench.truth.engine import TruthEngine
from foxstream.bench.truth.script import Script
from foxstream.bench.truth.witness import Truth, Witness
from foxstream.gateway import create_app
from foxstream.gateway.streaming import SHAPE

pytestmark = [pytest.mark.anyio, pytest.mark.alone]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's stamps are Linux's")
PROMPT = Script(lead=0.02, interval=0.005, chunks=8, reasoning=3).prompt
MIB = 1024 * 1024


@pytest.fixture
def anyio_backend():
    return "asyncio"


@asynccontextmanager
async def gateway(context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, Witness]]:
    witness = Witness()
    app = create_app(TruthEngine())
    app[SHAPE] = witness.shape
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        scheme = "https" if context else "http"
        yield f"{scheme}://127.0.0.1:{runner.addresses[0][1]}", witness
    finally:
        await runner.cleanup()


def client_of(url: str, *, stamps: bool = True, **options: object) -> Client:
    transport = StampingTransport(Anchor() if stamps else None)
    return Client(base_url=url, transport=transport, **options)


async def record_of(client: Client, **question: object) -> Record:
    record = Record(index=0, intended_ns=time.monotonic_ns())
    return await timed(client.stream(PROMPT, **question), record)


def passed(record: Record) -> list[str]:
    """The names of the instants it has, in the order in which they came."""
    known = [name for name in INSTANTS if record.instant(name) is not None]
    return sorted(known, key=record.instant)


def near(record: Record, truth: Truth, seconds: float) -> None:
    written = truth[record.answer_id]
    errors = [read - wrote for read, wrote in zip(record.chunk_ns, written, strict=True)]
    assert all(0 <= error < seconds * 1e9 for error in errors), errors


async def test_every_instant_of_a_request_is_there_in_its_order():
    async with gateway() as (url, _), client_of(url) as client:
        record = await record_of(client)
    assert record.error is None
    instants = [record.instant(name) for name in INSTANTS]
    had = [name for name, instant in zip(INSTANTS, instants, strict=True) if instant is not None]
    assert had == [
        name for name in INSTANTS if name not in {"upload_began", "upload_done", "tls_done"}
    ]
    in_order = [
        *("intended", "issued", "connected", "connection_acquired", "submit_sent"),
        *("task_accepted", "stream_opened", "first_byte", "first_event", "first_token"),
        *("first_text_token", "last_token", "done", "closed"),
    ]
    assert [name for name in passed(record) if name in in_order] == in_order
    assert record.first_reasoning_token_ns == record.first_token_ns == record.chunk_ns[0]
    assert record.last_token_ns == record.chunk_ns[-1]
    assert len(record.chunk_ns) == len(record.chunk_lag_ns) == 8
    assert (record.completion_tokens, record.finish_reason) == (8, "stop")


@LINUX
async def test_the_kernel_says_when_bytes_came_though_nobody_reads_them():
    async with gateway() as (url, witness), client_of(url) as client:
        record = await record_of(client)
    assert record.clock == "kernel"
    near(record, witness.told().written, 0.05)
    assert all(lag is not None and lag >= 0 for lag in record.chunk_lag_ns)


async def test_a_connection_of_the_pool_is_neither_made_nor_shaken_hands_on():
    async with gateway() as (url, _), client_of(url) as client:
        first, second = await record_of(client), await record_of(client)
    async with gateway() as (url, _), client_of(url) as client:
        await client.models()
        warmed = await record_of(client)
    assert first.connected_ns is not None
    assert warmed.connected_ns is None
    assert second.connected_ns is None
    assert second.connection_acquired_ns is not None
    assert second.chunk_ns[0] > first.chunk_ns[-1]


@LINUX
@pytest.mark.parametrize("direct", [False, True])
async def test_over_tls_too(monkeypatch, direct):
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
    async with gateway(context) as (url, witness), client_of(url) as client:
        record = await record_of(client, direct=direct)
    assert record.error is None
    assert record.clock == "kernel"
    near(record, witness.told().written, 0.05)
    in_order = ["connected", "tls_done", "submit_sent", "stream_opened", "first_token"]
    assert [name for name in passed(record) if name in in_order] == in_order


@pytest.mark.parametrize("stamps", [False, True])
async def test_without_the_kernel_this_process_stamps_before_anything_is_parsed(
    stamps, monkeypatch
):
    if stamps:  # the system has none
        monkeypatch.setattr("foxstream.bench.sockets._ROOM", 0)
    async with gateway() as (url, witness), client_of(url, stamps=stamps) as client:
        record = await record_of(client)
    assert record.clock == "user"
    assert record.chunk_lag_ns == [None] * 8
    near(record, witness.told().written, 0.1)
    assert record.submit_sent_ns is not None


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_uvloop_reads_by_itself_so_the_instant_is_that_of_the_library(anyio_backend):
    async with gateway() as (url, witness), client_of(url) as client:
        record = await record_of(client)
    assert (record.error, record.clock) == (None, "user")
    near(record, witness.told().written, 0.1)
    assert record.submit_sent_ns is not None
    assert record.task_accepted_ns is not None


async def test_direct_mode_has_one_request():
    async with gateway() as (url, _), client_of(url) as client:
        record = await record_of(client, direct=True)
    assert record.task_accepted_ns is None
    assert record.submit_sent_ns < record.stream_opened_ns <= record.first_event_ns


async def test_an_upload_is_timed_apart(tmp_path):
    film = tmp_path / "clip.mp4"
    film.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(MIB))
    async with gateway() as (url, _), client_of(url, inline_limit=1000) as client:
        record = await record_of(client, videos=[film])
    assert record.error is None
    assert record.issued_ns < record.upload_began_ns < record.upload_done_ns
    assert record.upload_done_ns < record.submit_sent_ns


async def test_what_rides_in_the_request_is_in_its_sending(tmp_path):
    film = tmp_path / "clip.mp4"
    film.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(2 * MIB))
    async with gateway() as (url, _), client_of(url) as client:
        await client.models()
        record = await record_of(client, videos=[film])
        short = await record_of(client)
    assert record.upload_began_ns is None
    assert short.submit_began_ns <= short.connection_acquired_ns <= short.submit_sent_ns
    assert record.submit_began_ns <= record.connection_acquired_ns < record.submit_sent_ns


async def test_a_long_prompt_is_sent_in_several_pieces_and_the_last_one_counts():
    record = Record(index=0, intended_ns=time.monotonic_ns())
    async with gateway() as (url, _), client_of(url) as client:
        await timed(client.stream("x" * 90_000 + PROMPT), record)
    assert record.error is None
    assert record.connection_acquired_ns <= record.submit_sent_ns <= record.task_accepted_ns


def sent_at_once(port: int) -> Traffic:
    with StampedSocket(socket.AF_INET, socket.SOCK_STREAM, 0) as stamped:
        stamped.connect(("127.0.0.1", port))
        traffic = stamped.begin()
        assert stamped.sendmsg([b"GET / HTTP/1.1\r\n", b"Host: x\r\n\r\n"]) > 0
        return traffic


@pytest.mark.skipif(not hasattr(socket.socket, "sendmsg"), reason="this system has no sendmsg")
async def test_several_buffers_sent_at_once_are_sent_too():
    async with gateway() as (url, _):
        traffic = await anyio.to_thread.run_sync(sent_at_once, int(url.rpartition(":")[2]))
    assert traffic.connected_ns <= traffic.sent_ns


async def test_a_failure_is_kept_and_what_came_before_it_too():
    async with gateway() as (url, _), client_of(url, retries=0) as client:
        gone = await record_of(client, model="no-such-model")
    assert (gone.error, gone.done_ns, gone.chunk_ns) == ("UnprocessableEntityError", None, [])
    assert gone.submit_sent_ns is not None
    assert gone.closed_ns is not None
    async with client_of("http://127.0.0.1:9", retries=0) as client:
        refused = await record_of(client)
    assert refused.error == "APIConnectionError"
    assert refused.connection_acquired_ns is None
