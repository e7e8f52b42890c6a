"""What many, large, slow and hostile callers cost: memory, disk and the event loop stay bounded."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from foxstream.gateway import EngineError, Fail, Generation, Media, Model, Piece, Wait
from foxstream.gateway.chunk_log import ChunkLog, Shelf
from foxstream.gateway.models import MODELS
from foxstream.gateway.shapes import Chunk
from tests.gatewaykit import (
    FORM,
    ON_ASYNCIO,
    PNG,
    SUBMIT,
    ended,
    events,
    form,
    gateway,
    poll,
    refused,
    submit,
    text_of,
    until,
    upload,
)

pytestmark = ON_ASYNCIO

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
BASE64 = "/v1/files/upload/base64"
TOO_LARGE = (413, "file_too_large_error", None)
DENIED = (403, "permission_denied", None)
BUSY = (429, "rate_limit_error", None)
GONE = (404, "not_found", None)


def memory() -> int:
    """The bytes this process has in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# bodies


class Models(tuple[Model, ...]):
    """Remembers in which threads somebody looked for a model."""

    seen: set[threading.Thread]

    def __iter__(self) -> Iterator[Model]:
        self.seen.add(threading.current_thread())
        return super().__iter__()


def padded(size: int) -> io.BytesIO:
    return io.BytesIO(b'{"model":"gemini-2.5-pro","prompt":"x","y":"' + b"y" * size + b'"}')


@pytest.mark.parametrize(("size", "in_the_loop"), [(1000, True), (4 * MIB, False)])
async def test_a_large_body_is_decoded_in_a_thread(size: int, in_the_loop: bool) -> None:
    models = Models(MODELS)
    models.seen = set()
    async with (
        gateway(models=models) as session,
        session.post(SUBMIT, data=padded(size), headers=JSON) as response,
    ):
        assert response.status == 200
    assert (threading.current_thread() in models.seen) == in_the_loop


@pytest.mark.parametrize("value", [b"[]", b"{}", b"1", b'{"a":1}'])
@pytest.mark.parametrize("route", [SUBMIT, BASE64])
async def test_a_body_of_small_values_is_not_decoded(value: bytes, route: str) -> None:
    values = b",".join([value] * 1_000_001)
    body = b'{"model":"m","prompt":"x","file_data":"","y":[' + values + b"]}"
    before = memory()
    async with gateway() as session:
        async with session.post(route, data=io.BytesIO(body), headers=JSON) as response:
            assert await refused(response) == TOO_LARGE
        assert memory() - before < 3 * len(body) + 8 * MIB


async def test_a_refusal_does_not_send_back_what_it_was_sent() -> None:
    long = "m" * 100_000
    message = {"role": long, "content": "x"}
    async with gateway([Fail(long)]) as session:
        for fields in ({"model": long}, {"model": "m", "messages": [message]}):
            async with session.post(SUBMIT, json={"prompt": "x", **fields}) as response:
                assert response.status == 422
                assert len(await response.read()) < 1000
        task = await ended(session, (await submit(session))["id"])
        assert len(task["error"]["message"]) < 1000


async def test_requests_that_wait_for_their_answer_are_bounded_in_bytes() -> None:
    gate = asyncio.Event()
    async with gateway([Wait(gate), "ok"], max_pending_bytes=100_000) as session:

        async def post(size: int) -> aiohttp.ClientResponse:
            return await session.post(SUBMIT, data=padded(size), headers=JSON)

        first = await (await post(90_000)).json()
        async with await post(20_000) as response:
            assert await refused(response) == BUSY
        async with await post(1000) as response:
            assert response.status == 200
        gate.set()
        await ended(session, first["id"])
        async with await post(200_000) as response:
            assert response.status == 200


# chunks and answers


class Saying:
    """Says as many `x` as the prompt asks for, in pieces; lets the event loop turn after each."""

    async def run(self, generation: Generation, _media: Media) -> AsyncIterator[Piece]:
        count, size = map(int, generation.prompt.split("x"))
        for _ in range(count):
            yield Piece(text="x" * size)
            await asyncio.sleep(0)


async def said(session: aiohttp.ClientSession, prompt: str, *, stream: bool = True) -> Any:
    task = await submit(session, prompt=prompt, stream=stream)
    return await ended(session, task["id"])


async def status_of(session: aiohttp.ClientSession, path: str) -> int:
    async with session.get(path) as response:
        return response.status


async def test_the_oldest_chunks_make_room_for_new_ones_and_their_answers_stay() -> None:
    async with gateway(Saying(), max_kept_bytes=40_000) as session:
        tasks = [await said(session, "10x1000") for _ in range(4)]
        streams = [f"/v1/llm/generations/{task['id']}/stream" for task in tasks]
        assert [await status_of(session, url) for url in streams] == [404, 200, 200, 200]
        oldest = await poll(session, tasks[0]["id"])
        assert oldest["stream"] is None
        assert oldest["results"][0]["choices"][0]["message"]["content"] == "x" * 10_000
        assert text_of(await events(session, streams[3])) == "x" * 10_000


async def test_the_oldest_answers_make_room_for_new_ones() -> None:
    async with gateway(Saying(), max_kept_bytes=25_000) as session:
        tasks = [await said(session, "10x1000", stream=False) for _ in range(3)]
        known = [await status_of(session, f"/v1/tasks/{task['id']}") for task in tasks]
    assert known == [404, 200, 200]


async def test_answers_in_the_making_do_not_grow_beyond_the_room_for_all() -> None:
    async with gateway(Saying(), max_kept_bytes=25_000) as session:
        assert (await said(session, "100x1000"))["status"] == "failed"
        assert (await said(session, "10x1000"))["status"] == "completed"


async def test_a_shelf_counts_what_can_still_be_read() -> None:
    shelf = Shelf(1_000_000)
    read, unread = ChunkLog(shelf), ChunkLog(shelf)
    for log in (read, unread):
        log.append(Chunk("c", "chat.completion.chunk", 0, "m", ()))
    with read.subscription():
        read.retire()
        unread.retire()
        assert shelf.size == read.size > 0
    assert shelf.size == 0
    with pytest.raises(EngineError):
        ChunkLog(Shelf(1)).append(Chunk("c", "chat.completion.chunk", 0, "m", ()))


@asynccontextmanager
async def deaf(session: aiohttp.ClientSession, url: str, count: int) -> AsyncGenerator[None]:
    """Subscribers with a small window who never read."""
    loop = asyncio.get_running_loop()
    port = session._base_url.port  # type: ignore[union-attr]
    with ExitStack() as sockets:
        for _ in range(count):
            connection = sockets.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setblocking(False)
            await loop.sock_connect(connection, ("127.0.0.1", port))
            request = f"GET {url} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            await loop.sock_sendall(connection, request.encode())
        yield


@pytest.mark.parametrize("prompt", ["1600x65536", "12x8388608"])
async def test_readers_who_never_read_hold_next_to_nothing(prompt: str) -> None:
    """The same 100 MB answer with one such reader and with sixty-four."""
    grown: list[int] = []
    options = {"max_answer_bytes": 200 * MIB, "max_kept_bytes": 200 * MIB}
    for readers in (1, 1, 64):
        async with gateway(Saying(), **options) as session:
            before = memory()
            task = await submit(session, prompt=prompt, stream=True)
            async with deaf(session, task["stream"]["url"], readers):
                await until(lambda: status_of(session, "/v1/models"), lambda _: idle())
                grown.append(memory() - before)
    assert grown[2] - grown[1] < 63 * MIB // 2, grown


def idle() -> bool:
    """Whether the engine has said everything: its task in this process is gone."""
    return not any(task.get_name().startswith("task-llm") for task in asyncio.all_tasks())


async def test_a_deaf_reader_does_not_keep_the_chunks_of_a_task_that_made_room() -> None:
    options = {"max_answer_bytes": 40 * MIB, "max_kept_bytes": 40 * MIB, "max_tasks": 1}
    async with gateway(Saying(), **options) as session:
        before = memory()
        for _ in range(10):
            task = await submit(session, prompt="32x1000000", stream=True)
            async with deaf(session, task["stream"]["url"], 1):
                await until(lambda: status_of(session, "/v1/models"), lambda _: idle())
        assert memory() - before < 200 * MIB


async def test_a_reader_whose_chunks_made_room_sees_an_end_without_done() -> None:
    async with gateway(Saying(), max_kept_bytes=12 * MIB) as session:
        task = await submit(session, prompt="100x100000", stream=True)
        async with session.get(task["stream"]["url"]) as response:
            await until(lambda: status_of(session, "/v1/models"), lambda _: idle())
            await said(session, "30x100000")
            body = await response.read()
    assert b"event: done" not in body
    assert 0 < len(body) < 10_000_000


# disk


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.alone
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("size", [10, 3 * MIB])
async def test_a_full_disk_is_told_and_leaves_nothing(
    size: int, folders: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway() as session:
        (folder,) = await asyncio.to_thread(lambda: list(folders.glob("foxstream-uploads-*")))
        with monkeypatch.context() as patch:
            patch.setattr(secrets, "token_hex", lambda _: "full")
            for attempt in (FORM, BASE64):
                (folder / "full").symlink_to("/dev/full")
                data: Any = form(b"x" * size)
                if attempt == BASE64:
                    text = base64.b64encode(b"x" * size).decode()
                    data = io.BytesIO(b'{"file_data":"%s"}' % text.encode())
                headers = JSON if attempt == BASE64 else None
                async with session.post(attempt, data=data, headers=headers) as response:
                    assert await refused(response) == DENIED
                    assert "disk" in await response.text()
                await until(lambda: names(folder), lambda left: left == [])
        assert (await upload(session))["size"] == len(PNG)
    assert caplog.text == ""


async def names(folder: Path) -> list[str]:
    return await asyncio.to_thread(lambda: [path.name for path in folder.iterdir()])


async def test_uploads_that_arrive_at_the_same_time_have_bounds_together(folders: Path) -> None:
    """Each alone is within every limit."""
    gate = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + b"x" * 300_000
        await gate.wait()
        yield b"\r\n--b--\r\n"

    multipart = {"Content-Type": "multipart/form-data; boundary=b"}
    async with gateway(max_storage_bytes=700_000, max_upload_bytes=400_000) as session:

        async def post() -> int:
            async with session.post(FORM, data=slow(), headers=multipart) as response:
                return response.status

        arriving = [asyncio.create_task(post()) for _ in range(2)]
        await until(lambda: on_disk(folders), lambda size: size > 500_000)
        async with session.post(FORM, data=form(b"x" * 200_000)) as response:
            assert await refused(response) == DENIED
        gate.set()
        assert await asyncio.gather(*arriving) == [200, 200]
        await upload(session, b"x" * 200_000)


async def on_disk(folder: Path) -> int:
    return await asyncio.to_thread(
        lambda: sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    )


async def test_an_upload_that_could_never_fit_drives_no_other_out() -> None:
    async with gateway(max_storage_bytes=300, max_upload_bytes=500) as session:
        url = (await upload(session, b"x" * 200))["url"]
        async with session.post(FORM, data=form(b"x" * 301)) as response:
            assert await refused(response) == DENIED
        assert await status_of(session, url) == 200
        async with session.get("/uploads/20260101/token/photo.png") as response:
            assert await refused(response) == GONE


async def test_the_headers_of_a_part_have_bounds() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        while True:
            yield b"X-Y: %s\r\n" % (b"y" * 1000) * 100

    multipart = {"Content-Type": "multipart/form-data; boundary=b"}
    async with gateway() as session:
        before = memory()
        async with session.post(FORM, data=endless(), headers=multipart) as response:
            assert (await refused(response))[0] == 400
        assert memory() - before < 50 * MIB
