"""What the benchmarks stand on: the server says what its scripts say, every rider hears it whole,
and who hears something else is found out. How fast anybody is, is never asserted."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from itertools import pairwise

import pytest

from benchmarks.recording import DONE, record
from benchmarks.referee import Turn, WrongAnswerError, compete, fingerprint
from benchmarks.riders import raw, turns
from benchmarks.riders.ears import Ear
from benchmarks.riders.field import ANTHROPIC, FOXSTREAM, HTTPX_SSE, OPENAI, RAW, RIDERS
from benchmarks.riders.rider import Rider
from benchmarks.riders.turns import SERVER_LAG, SERVER_SHARE, expected
from benchmarks.server.dialects import DIALECTS
from benchmarks.server.load import Load
from benchmarks.server.ports import Ports, running_server
from benchmarks.server.script import Script
from benchmarks.server.sending import http_chunk
from foxstream import sse
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

PATHS = {
    "foxapi": "GET /{}/v1/llm/generations/t-1/stream",
    "openai": "POST /{}/v1/chat/completions",
    "anthropic": "POST /{}/v1/messages",
}
BODY = b'{"model":"m-1"}'
SHORT = Script(24)
PACED = Script(20, rate=200, lead=0.1)
with_tls = pytest.mark.skipif(find_spec("trustme") is None, reason="no certificate can be made")
ways = pytest.mark.parametrize("secure", [False, pytest.param(True, marks=with_tls)])


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    with running_server() as ports:
        yield ports


@pytest.fixture(scope="module")
def elsewhere(ports: Ports) -> Iterator[ProcessPoolExecutor]:
    """A process that began after the server did, so that it trusts its certificate."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


# The server


class Caller:
    """A socket on which one request follows another."""

    def __init__(self, ports: Ports, *, secure: bool) -> None:
        port = (ports.tls if secure else ports.plain) or 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            context = ssl.create_default_context()
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")

    def ask(self, *parts: bytes) -> list[bytes]:
        """Send the parts one by one: the HTTP chunks of the answer."""
        for part in parts:
            self.socket.sendall(part)
            time.sleep(0.0005 * (len(parts) > 1))
        answer = b""
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            read = self.socket.recv(1 << 20)
            assert read, answer
            answer += read
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        return dechunked(body)


def dechunked(body: bytes) -> list[bytes]:
    chunks: list[bytes] = []
    while body:
        size, _, body = body.partition(b"\r\n")
        at = int(size, 16)
        chunks.append(body[:at])
        assert body[at : at + 2] == b"\r\n"
        body = body[at + 2 :]
    assert chunks.pop() == b""
    return chunks


@pytest.fixture(params=[False, pytest.param(True, marks=with_tls)], ids=["plain", "tls"])
def caller(ports: Ports, request: pytest.FixtureRequest) -> Iterator[Caller]:
    caller = Caller(ports, secure=request.param)
    with caller.socket:
        yield caller


def asked(dialect: str, script: Script) -> bytes:
    head = PATHS[dialect].format(script.path)
    body = BODY if head.startswith("POST") else b""
    return f"{head} HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def sent(dialect: str, chunks: int) -> bytes:
    frames = DIALECTS[dialect](chunks)
    return frames.begin + b"".join(frames.chunks) + frames.end


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_request_is_answered_wherever_it_is_cut(caller: Caller, dialect):
    request = asked(dialect, SHORT)
    for cut in range(1, len(request)):
        assert b"".join(caller.ask(request[:cut], request[cut:])) == sent(dialect, 24)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_request_is_answered_that_comes_byte_by_byte(caller: Caller, dialect):
    request = asked(dialect, SHORT)
    answer = caller.ask(*(request[at : at + 1] for at in range(len(request))))
    assert b"".join(answer) == sent(dialect, 24)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("chunks", [3, 24, 700])
def test_a_burst_is_sent_in_blocks_and_byte_exact(caller: Caller, dialect, chunks):
    blocks = caller.ask(asked(dialect, Script(chunks)))
    whole = b"".join(blocks)
    assert whole == sent(dialect, chunks)
    assert len(blocks) == max(1, -(-len(whole) // (64 * 1024)))
    few = caller.ask(asked(dialect, Script(chunks, frames=4)))
    assert (len(few), b"".join(few)) == (-(-chunks // 4), whole)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_paced_stream_has_a_packet_for_each_chunk_and_is_byte_exact(caller: Caller, dialect):
    packets = caller.ask(asked(dialect, PACED))
    assert len(packets) == PACED.chunks
    assert b"".join(packets) == sent(dialect, PACED.chunks)


def test_keep_alives_come_first(caller: Caller):
    body = b"".join(caller.ask(asked("foxapi", Script(3, comments=5000))))
    assert body == b": keep-alive\n\n" * 5000 + sent("foxapi", 3)


def test_the_dialects_of_foxapi_and_openai_wrap_the_recording(caller: Caller):
    recording = record(24)
    named, unnamed = (b"".join(caller.ask(asked(it, SHORT))) for it in ("foxapi", "openai"))
    assert named == b"".join(recording.reads(1))
    assert unnamed == b"".join(b"data: %b\n\n" % data for data in recording.data) + DONE


def test_the_dialect_of_anthropic_says_the_same_in_two_blocks(caller: Caller):
    events = sse.Parser().feed(b"".join(caller.ask(asked("anthropic", SHORT))))
    told = [json.loads(event.data) for event in events]
    assert [event.event for event in events] == [each["type"] for each in told]
    kinds = [each["type"] for each in told if each["type"] != "content_block_delta"]
    block = ["content_block_start", "content_block_stop"]
    assert kinds == ["message_start", *block, *block, "message_delta", "message_stop"]
    deltas = [
        (each["index"], each["delta"]) for each in told if "delta" in each and "index" in each
    ]
    assert len(deltas) == 24
    recording = record(24)
    assert "".join(delta.get("thinking", "") for index, delta in deltas if index == 0) == (
        recording.reasoning
    )
    assert "".join(delta.get("text", "") for index, delta in deltas if index == 1) == recording.text


@pytest.mark.parametrize("dialect", ["foxapi", "openai"])
def test_stamps_count_up_and_the_lag_of_a_pace_is_noted(caller: Caller, ports: Ports, dialect):
    Load.at(ports.url)
    before = time.monotonic_ns()
    body = b"".join(caller.ask(asked(dialect, Script(20, rate=200, lead=0.05, stamped=True))))
    lag_ns = Load.at(ports.url).lag_ns
    events = [event.data for event in sse.Parser().feed(body)][:-1]
    said = "".join(json.loads(data)["choices"][0]["delta"]["content"] for data in events)
    stamps = [tuple(map(int, stamp.split(":"))) for stamp in said.split()]
    assert [number for number, _ in stamps] == list(range(20))
    instants = [before, *(sent_ns for _, sent_ns in stamps), time.monotonic_ns()]
    assert all(a <= b for a, b in pairwise(instants))
    assert len(lag_ns) == 3
    assert lag_ns == sorted(lag_ns)
    assert Load.at(ports.url).lag_ns == []


@ways
def test_the_server_tells_how_busy_it_was(ports: Ports, secure):
    url = (ports.secure_url if secure else ports.url) or ""
    before = Load.at(url)
    after = Load.at(url)
    assert before.cpu_ns < after.cpu_ns
    assert before.now_ns < after.now_ns
    assert 0 < after.share_since(before) < 2


def test_a_script_is_one_part_of_a_path():
    script = Script(7, rate=2.5, stamped=True, comments=3)
    assert Script.of(script.path) == script
    assert "/" not in script.path


# The riders


def burst(name: str, url: str, lane: turns.Lane = "asyncio") -> Turn:
    return turns.burst(name, url, lane, Script(200), 0)


def here(name: str) -> str:
    missing = RIDERS[name].missing
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return name


@pytest.mark.parametrize("name", RIDERS)
def test_every_rider_hears_a_burst_whole(elsewhere, ports: Ports, name):
    turn = elsewhere.submit(burst, here(name), ports.url).result()
    assert turn.answer == expected(200)
    assert turn.cost > 0
    assert turn.beside[SERVER_SHARE] > 0


@with_tls
@pytest.mark.parametrize("name", RIDERS)
def test_every_rider_hears_a_burst_over_tls(elsewhere, ports: Ports, name):
    turn = elsewhere.submit(burst, here(name), ports.secure_url).result()
    assert turn.answer == expected(200)


@pytest.mark.skipif(find_spec("uvloop") is None, reason="no uvloop")
@pytest.mark.parametrize("name", [FOXSTREAM, RAW, OPENAI])
@ways
def test_riders_hear_the_same_on_uvloop(elsewhere, ports: Ports, name, secure):
    url = ports.secure_url if secure else ports.url
    turn = elsewhere.submit(burst, here(name), url, "uvloop").result()
    assert turn.answer == expected(200)


@pytest.mark.parametrize("name", [FOXSTREAM, RAW, HTTPX_SSE, OPENAI, ANTHROPIC])
def test_riders_hear_many_paced_streams_whole(elsewhere, ports: Ports, name):
    script = Script(100, rate=200, lead=0.1)
    ride = partial(turns.paced, here(name), ports.url, "asyncio", script, 3, 0.05)
    turn = elsewhere.submit(ride).result()
    assert turn.answer == expected(script.chunks)
    assert turn.cost > 0
    assert turn.beside[SERVER_LAG] > 0


def test_a_rider_that_breaks_ends_the_turn(ports: Ports, monkeypatch):
    @asynccontextmanager
    async def broken(url):
        async def listen(say, think):
            raise ConnectionError("it broke")

        yield listen

    monkeypatch.setitem(RIDERS, RAW, Rider(broken, (), "nothing"))
    with pytest.raises(RuntimeError, match="a stream ended before all were heard") as found:
        turns.paced(RAW, ports.url, "asyncio", PACED, 3, 0.05)
    assert isinstance(found.value.__cause__, ConnectionError)


def forgetful(url: str) -> Turn:
    """Reads as the raw rider does, and loses one delta."""

    async def main() -> tuple[str, str]:
        async with RIDERS[RAW].mount(f"{url}/{SHORT.path}") as listen:
            ear = Ear()
            await ear.listen(listen)
            del ear.said[9]
            return ear.heard

    return Turn(1.0, fingerprint(*asyncio.run(main())))


def test_who_loses_a_delta_is_found_out(ports: Ports):
    with pytest.raises(WrongAnswerError, match=f"forgetful answered .*, and {expected(24)} was"):
        compete({"forgetful": partial(forgetful, ports.url)}, expected(24), turns=1)


# The raw floor reads what is cut anywhere


FRAMES = sent("foxapi", 6)
CHUNKED = b"".join(map(http_chunk, (FRAMES[:1], FRAMES[1:40], FRAMES[40:])))
END = b"0\r\n\r\n"


def test_the_raw_rider_puts_a_body_together_wherever_it_is_cut():
    for cut in range(len(CHUNKED + END) + 1):
        first, rest, missing = raw.dechunked((CHUNKED + END)[:cut], 0)
        second, rest, missing = raw.dechunked(rest + (CHUNKED + END)[cut:], missing)
        assert (first + second, rest, missing) == (FRAMES, END, 0), cut


class Dribbling(asyncio.Protocol):
    """Answers the raw rider's two requests, byte by byte."""

    def connection_made(self, transport):
        self.transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        if data.startswith(b"POST"):
            task = b'{"id":"t-1","status":"pending","stream":{"url":"/s"}}'
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(task), task)
        else:
            answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED + END
        self.writing = asyncio.ensure_future(self.write(answer))

    async def write(self, answer):
        for at in range(len(answer)):
            self.transport.write(answer[at : at + 1])
            await asyncio.sleep(0)


@pytest.mark.parametrize("rider", [raw.raw, raw.raw_small_reads])
def test_the_raw_rider_hears_what_comes_byte_by_byte_and_asks_again(rider):
    async def main() -> list[str]:
        server = await asyncio.get_running_loop().create_server(Dribbling, "127.0.0.1", 0)
        async with (
            server,
            rider(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as listen,
        ):
            ears = [Ear(), Ear()]
            for ear in ears:
                await ear.listen(listen)
        return [fingerprint(*ear.heard) for ear in ears]

    assert asyncio.run(main()) == [expected(6)] * 2
