"""Streams on real sockets: connections used again, sockets closed at once, many at a time."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager

import anyio
import anyio.abc
import pytest

import foxstream
from foxstream import APITimeoutError, Client, Retries, StreamTruncatedError, Timeouts
from tests.conftest import BACKENDS
from tests.lanes import EVERY_LANE
from tests.loopback import CUT, HANG, RESET, Answer, Asked, Server, serving
from tests.noise import best_of_tries, within
from tests.script import TASK, as_json, chunk, done

pytestmark = pytest.mark.anyio

SYNCHRONOUS = [lane for lane in EVERY_LANE if lane.startswith("aiohttp")]
AT_ONCE = 0.05


@pytest.fixture(params=EVERY_LANE)
def lane(request):
    return EVERY_LANE[request.param]


@pytest.fixture
def anyio_backend(lane):
    return BACKENDS[lane[1]]


@pytest.fixture
def transport(lane):
    return lane[0]()


@contextmanager
def no_collector():
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def service(*parts: object, framing: str = "chunked"):
    """Submits are accepted; every stream says `parts`."""
    task = {
        "id": TASK,
        "status": "pending",
        "stream": {"url": f"/v1/llm/generations/{TASK}/stream"},
    }

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return Answer((as_json(task),), headers={"Content-Type": "application/json"})
        return Answer(parts, framing=framing)

    return serving(answer)


def client_of(server: Server, transport=None, **options: object) -> Client:
    return Client("test-key", base_url=server.url, transport=transport, **options)


async def test_the_stream_uses_the_connection_of_the_submit(transport):
    async with service(chunk("a"), done(1)) as server, client_of(server, transport) as client:
        for _ in range(2):
            async with client.stream("hi") as answer:
                assert [delta.text async for delta in answer] == ["a"]
    assert [asked.connection for asked in server.asked] == [0, 0, 0, 0]


@best_of_tries
async def test_leaving_the_block_closes_the_socket(transport):
    async with service(chunk("a"), HANG) as server, client_of(server, transport) as client:
        with no_collector():
            async with client.stream("hi") as answer:
                async for _ in answer:
                    break
            within(await server.client_left(), AT_ONCE)


@best_of_tries
async def test_an_exception_in_the_block_closes_the_socket(transport):
    async with service(chunk("a"), HANG) as server, client_of(server, transport) as client:
        with no_collector():
            with pytest.raises(ZeroDivisionError):
                async with client.stream("hi") as answer:
                    async for _ in answer:
                        raise ZeroDivisionError
            within(await server.client_left(), AT_ONCE)


@best_of_tries
async def test_a_timeout_around_the_loop_closes_the_socket(transport):
    async with service(chunk("a"), HANG) as server, client_of(server, transport) as client:
        answer = client.stream("hi")
        with no_collector():
            with anyio.move_on_after(0.2) as scope:
                async for _ in answer:
                    pass
            assert scope.cancelled_caught
            within(await server.client_left(), AT_ONCE)
        with pytest.raises(StreamTruncatedError, match="cancelled"):
            await anext(answer)


@pytest.mark.parametrize("lane", [EVERY_LANE[name] for name in SYNCHRONOUS], ids=SYNCHRONOUS)
@best_of_tries
async def test_a_break_out_of_a_loop_over_a_temporary_closes_the_socket(lane, transport):
    async with service(chunk("a"), HANG) as server, client_of(server, transport) as client:
        with no_collector():
            async for _ in client.stream("hi"):
                break
            within(await server.client_left(), AT_ONCE)


@pytest.mark.parametrize("lane", [EVERY_LANE[name] for name in SYNCHRONOUS], ids=SYNCHRONOUS)
@best_of_tries
async def test_the_last_reference_to_a_named_stream_closes_the_socket(lane, transport):
    async with service(chunk("a"), HANG) as server, client_of(server, transport) as client:
        answer = client.stream("hi")
        with no_collector():
            async for _ in answer:
                break
            with pytest.raises(TimeoutError):
                await server.client_left(within=0.1)
            del answer
            within(await server.client_left(), AT_ONCE)


@pytest.mark.parametrize("lane", [EVERY_LANE[name] for name in SYNCHRONOUS], ids=SYNCHRONOUS)
@best_of_tries
async def test_a_stream_without_a_client_closes_its_own(lane, monkeypatch):
    async with service(chunk("a"), HANG) as server:
        monkeypatch.setenv("FOXAPI_BASE_URL", server.url)
        with no_collector():
            async for _ in foxstream.stream("hi"):
                break
            within(await server.client_left(), AT_ONCE)
            async with foxstream.stream("hi") as answer:
                await anext(answer)
            within(await server.client_left(1), AT_ONCE)
            await anyio.sleep(0.01)


@best_of_tries
async def test_a_stream_without_a_client_read_to_its_end_leaves_no_connection(lane, monkeypatch):
    async with service(chunk("a"), done(1)) as server:
        monkeypatch.setenv("FOXAPI_BASE_URL", server.url)
        assert [delta.text async for delta in foxstream.stream("hi")] == ["a"]
        within(await server.client_left(), AT_ONCE)


async def test_an_end_without_done_is_told(transport):
    async with (
        service(chunk("a"), 0.05, CUT) as server,
        client_of(server, transport, retries=0) as client,
    ):
        seen = []
        with pytest.raises(foxstream.FoxError) as caught:
            async for delta in client.stream("hi"):
                seen.append(delta.text)
    assert (seen, caught.value.partial.text) == (["a"], "a")
    assert isinstance(caught.value, foxstream.APIConnectionError)


async def test_a_clean_end_without_done_is_told(transport):
    async with (
        service(chunk("a")) as server,
        client_of(server, transport, retries=0) as client,
    ):
        with pytest.raises(StreamTruncatedError):
            async for _ in client.stream("hi"):
                pass


@best_of_tries
async def test_stall_and_first_token_under_a_drip_of_keep_alives(transport):
    drip = (b": keep-alive\n\n", 0.02) * 200
    limits = {"timeouts": Timeouts(first_token=0.3, stall=0.4), "retries": 0}
    async with service(*drip) as server, client_of(server, transport, **limits) as client:
        start = anyio.current_time()
        with pytest.raises(APITimeoutError) as caught:
            async for _ in client.stream("hi"):
                pass
        assert caught.value.phase == "first_token"
        within(anyio.current_time() - start, 0.3 * 1.1 + 0.05)
    async with service(chunk("a"), *drip) as server:
        async with client_of(server, type(transport)(), **limits) as client:
            answer = client.stream("hi")
            await anext(answer)
            start = anyio.current_time()
            with pytest.raises(APITimeoutError) as caught:
                await anext(answer)
            assert caught.value.phase == "stall"
            within(anyio.current_time() - start, 0.4 * 1.1 + 0.05)


async def test_cuts_are_healed_on_real_sockets(transport):
    said = [f"wörd {n} 🦊 " for n in range(30)]
    whole = b"".join(map(chunk, said)) + done(len(said))
    streams = iter([whole[:900], whole[:900], whole[:2000], b"", whole])
    task = {"id": TASK, "status": "pending", "stream": {"url": "/s"}}

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return Answer((as_json(task),), headers={"Content-Type": "application/json"})
        said = next(streams)
        return Answer((said,) if said == whole else (said, 0.01, RESET if said else CUT))

    async with serving(answer) as server:
        retries = Retries(backoff=0.01)
        async with client_of(server, transport, retries=retries) as client:
            stream = client.stream("hi")
            assert [delta.text async for delta in stream] == said
            assert stream.timings.reconnects >= 4  # a pooled connection may be gone as well


async def test_a_file_that_shrinks_while_it_is_uploaded_is_told_as_that(transport, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0\0\0\x20ftypisom" + b"\0" * 9_000_000)
    async with serving(lambda _: Answer()) as server, client_of(server, transport) as client:
        with pytest.raises(foxstream.InvalidInputError, match="became shorter"):
            await client.upload(path, on_status=lambda _: os.truncate(path, 100))


async def test_two_bytes_at_a_time(transport):
    said = ["héllo ", "wörld ", "😀🦊", "\u2028 end"]
    frames = b"".join(chunk(text) for text in said).replace(b"\n", b"\r\n") + done(len(said))
    frames = b": hi\r\n\r\nid: 7\r\n: again\r\n\r\n" + frames
    pieces = tuple(frames[at : at + 2] for at in range(0, len(frames), 2))
    async with service(*pieces) as server, client_of(server, transport) as client:
        assert [delta.text async for delta in client.stream("hi")] == said


async def test_150_streams_at_once_with_a_default_client():
    async with service(chunk("a"), 0.3, chunk("b"), done(2)) as server:
        async with client_of(server) as client:
            answers = []

            async def ask() -> None:
                answers.append([delta.text async for delta in client.stream("hi")])

            with anyio.fail_after(30):
                async with anyio.create_task_group() as tasks:
                    for _ in range(150):
                        tasks.start_soon(ask)
    assert answers == [["a", "b"]] * 150


@best_of_tries
async def test_a_cancelled_group_of_streams_leaves_no_socket_and_no_task(transport):
    async with service(chunk("a"), HANG) as server, client_of(server, transport) as client:

        async def ask(*, task_status: anyio.abc.TaskStatus[None]) -> None:
            async for _ in client.stream("hi"):
                task_status.started()

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                await tasks.start(ask)
            with no_collector():
                tasks.cancel_scope.cancel()
        for left in range(len(server.left)):
            within(await server.client_left(left), 1)


async def test_the_loop_holds_no_reference_to_a_stream(transport):
    async with service(chunk("a"), HANG) as server, client_of(server, transport) as client:
        answer = client.stream("hi")
        await anext(answer)
        assert sys.getrefcount(answer) == 2
        await answer.aclose()


@best_of_tries
async def test_an_answer_is_over_with_done_though_the_body_goes_on(transport):
    async with service(chunk("a"), done(1), HANG) as server, client_of(server, transport) as client:
        start = anyio.current_time()
        async with client.stream("hi") as answer:
            assert [delta.text async for delta in answer] == ["a"]
            assert answer.state == "complete"
        within(anyio.current_time() - start, 0.5)
        within(await server.client_left(), AT_ONCE)


@best_of_tries
async def test_a_cancelled_check_after_the_end_closes(transport):
    async with service(chunk("a"), done(2), HANG) as server:
        async with client_of(server, transport) as client:
            answer = client.stream("hi")
            await anext(answer)
            with anyio.move_on_after(0.02) as scope:
                await anext(answer)
            assert scope.cancelled_caught
            assert answer.state == "closed"
            within(await server.client_left(), AT_ONCE)


@best_of_tries
async def test_a_submit_whose_body_does_not_end_has_its_clock(transport):
    answer = Answer((b"{", HANG), headers={"Content-Type": "application/json"})
    async with serving(lambda _: answer) as server:
        timeouts = Timeouts(submit=0.3)
        async with client_of(server, transport, timeouts=timeouts) as client:
            with pytest.raises(APITimeoutError) as caught:
                await client.submit("hi")
            assert caught.value.phase == "submit"
            within(await server.client_left(), 0.5)


async def test_a_client_closes_its_streams(transport):
    async with service(chunk("a"), HANG) as server:
        async with client_of(server, transport) as client:
            answer = client.stream("hi")
            await anext(answer)
        assert answer.state == "closed"
        await server.client_left()
        with pytest.raises(StopAsyncIteration):
            await anext(answer)


@pytest.mark.parametrize("lane", [lane for lane in EVERY_LANE.values() if lane[1] != "trio"])
async def test_a_transport_that_was_closed_at_once_can_be_used_again(lane, transport):
    async with service(chunk("a"), done(1)) as server, client_of(server, transport) as client:
        for _ in range(2):
            assert [delta.text async for delta in client.stream("hi")] == ["a"]
            client.close()
