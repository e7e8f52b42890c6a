"""The synchronous face on real sockets: the same answers and errors, in any thread, to the end."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

import foxstream
from foxstream import Client, NotFoundError, Stream, sync
from foxstream.errors import APIConnectionError, InvalidInputError, StreamTruncatedError
from foxstream.gateway import Piece, ScriptedEngine, Think, running_gateway
from foxstream.sync.loop import LoopThread, running_loop
from foxstream.transports import ReplayTransport
from tests.loopback import CUT, HANG, Answer, Asked, Server, serving
from tests.processes import Program, running
from tests.script import JSON, accepted, chunk, done, says
from tests.test_promise import in_a_fresh_interpreter

SCRIPT = (Think("Hm. "), "A fox", ", running", Piece(text=".", finish_reason="stop"))
TEXT = "A fox, running."
SOON = 5.0  # seconds, in a machine that is busy; a socket that is left open stays so for a minute


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """Plain calls block, also where a loop runs: that is what they are for."""


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def url(portal: BlockingPortal) -> Iterator[str]:
    with portal.wrap_async_context_manager(running_gateway(ScriptedEngine(SCRIPT))) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[sync.Client]:
    with sync.Client(base_url=url) as client:
        yield client


# the same surface


PAIRS = [(Client, sync.Client), (Stream, sync.Stream)]
IN_A_LOOP = {"aclose", "take", "more", "owned"}
"""What only an event loop needs, or only the client that is in it."""


@pytest.mark.parametrize(("asynchronous", "plain"), PAIRS)
def test_every_public_member_is_here_too(asynchronous, plain):
    members = {name for name in dir(asynchronous) if not name.startswith("_")}
    assert members - IN_A_LOOP <= {name for name in dir(plain) if not name.startswith("_")}


@pytest.mark.parametrize(("asynchronous", "plain"), PAIRS)
def test_every_call_takes_the_same_and_says_what_it_does(asynchronous, plain):
    for name in set(dir(asynchronous)) & set(dir(plain)):
        one, other = (getattr(owner, name) for owner in (asynchronous, plain))
        if name.startswith("_") or not inspect.isfunction(one):
            continue
        assert inspect.signature(one).parameters == inspect.signature(other).parameters
        assert other.__doc__
        assert not inspect.iscoroutinefunction(other)


def test_a_client_is_made_of_the_same():
    made, here = (dict(inspect.signature(kind).parameters) for kind in (Client, sync.Client))
    assert made == here


# answers


def test_one_call_without_set_up(url, monkeypatch):
    monkeypatch.setenv("FOXAPI_BASE_URL", url)
    answer = foxstream.sync.stream("What happens?")
    deltas = list(answer)
    assert "".join(delta.text for delta in deltas) == TEXT
    assert "".join(delta.reasoning for delta in deltas) == "Hm. "
    assert (answer.state, answer.completion.text) == ("complete", TEXT)
    assert list(answer) == []


def test_a_stream_tells_all_of_itself(client):
    with client.stream("What happens?") as answer:
        assert (answer.state, answer.completion) == ("streaming", None)
        assert "".join(answer.text_stream) == TEXT
    assert answer.task_id.startswith("task-")
    assert answer.timings.ttft > 0
    assert answer.get_final_completion().text == TEXT
    assert answer.state == "complete"


def test_every_other_call(client):
    task = client.submit("What happens?", model="gemini-2.5-pro")
    assert client.wait(task.id, 20).text == TEXT
    assert client.get_task(task.id).status == "completed"
    assert "".join(client.attach(task.id).text_stream) == TEXT
    assert client.generate("What happens?").text == TEXT
    assert client.generate("What happens?", sync=True).text == TEXT
    assert "gemini-2.5-pro" in [model.id for model in client.models()]
    assert client.upload(b"\x89PNG\r\n\x1a\n" + b"pixels" * 20, "a.png").url
    assert list(sync.stream("What happens?", client=client))[-1].finish_reason == "stop"


def test_a_stream_that_was_left_has_no_more(client):
    with client.stream("What happens?") as answer:
        next(answer)
    assert (list(answer), answer.state) == ([], "closed")
    with pytest.raises(RuntimeError, match="closed before its end"):
        answer.get_final_completion()


def test_a_bare_loop_costs_one_change_of_threads_for_each_read():
    words = [f"{n} " for n in range(1000)]
    blocks = [b"".join(map(chunk, words[at : at + 100])) for at in range(0, 1000, 100)]
    transport = ReplayTransport([accepted(), says(*blocks, done(1000))])
    waits = []
    answer = sync.Client("k", base_url="https://fox.test", transport=transport).stream("hi")
    loop = answer._loop
    answer._loop = Counting(loop, waits)
    assert list(answer.text_stream) == words
    assert len(waits) == 11


class Counting:
    def __init__(self, loop: LoopThread, waits: list[object]) -> None:
        self._loop = loop
        self._waits = waits

    def call(self, work: Callable[[], object]) -> object:
        self._waits.append(work)
        return self._loop.call(work)


# errors


def test_a_value_that_cannot_be_sent_is_refused_at_once(client):
    with pytest.raises(InvalidInputError, match="temperature"):
        client.stream("hi", temperature=3)
    with pytest.raises(InvalidInputError, match="base_url"):
        sync.Client(base_url="nowhere")


def test_a_refused_client_shows_no_key_in_local_variables(tmp_path):
    kept = tmp_path / "key"
    kept.write_text("sk-seen-by-nobody")
    with pytest.raises(InvalidInputError) as caught:
        sync.Client(kept.read_text(), headers={"X-Key": kept.read_text()}, base_url="nowhere")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "sk-seen-by-nobody" not in "".join(shown.format())


def test_an_error_keeps_its_class_and_shows_the_line_that_asked(client):
    with pytest.raises(NotFoundError) as caught:
        client.get_task("task-unknown")
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[0] == "test_an_error_keeps_its_class_and_shows_the_line_that_asked"
    assert "get_task" in frames
    assert caught.value.request_id


def test_an_error_brings_what_was_said(portal):
    def answer(asked: Asked) -> Answer:
        return Answer((chunk("Hel"), chunk("lo"), CUT))

    with portal.wrap_async_context_manager(serving(answer)) as server:
        with sync.Client(base_url=server.url) as client:
            stream = client.stream("hi", direct=True)
            with pytest.raises((APIConnectionError, StreamTruncatedError)) as caught:
                list(stream)
            with pytest.raises(type(caught.value)):
                next(stream)
    assert caught.value.partial.text == stream.completion.text == "Hello"
    assert stream.state == "failed"


# leaving


def endless(asked: Asked) -> Answer:
    if asked.method == "POST":
        return Answer(accepted().parts, headers=dict(JSON), framing="length")
    return Answer((chunk("Hel"), chunk("lo"), HANG))


@pytest.fixture
def server(portal: BlockingPortal) -> Iterator[Server]:
    with portal.wrap_async_context_manager(serving(endless)) as server:
        yield server


def left(portal: BlockingPortal, server: Server) -> float:
    """Seconds until the connection of the last stream was closed."""
    return portal.call(server.client_left, len(server.left) - 1, SOON)


def test_leaving_the_block_closes_the_socket(portal, server):
    with sync.Client(base_url=server.url) as client, client.stream("hi") as answer:
        for _ in answer:
            break
        answer.close()
        assert left(portal, server) < SOON


@pytest.mark.parametrize("whole", [True, False], ids=["own client", "client"])
def test_a_break_closes_the_socket_without_the_collector(portal, server, whole, monkeypatch):
    monkeypatch.setenv("FOXAPI_BASE_URL", server.url)
    client = None if whole else sync.Client()
    gc.disable()
    try:
        for _ in sync.stream("hi", client=client):
            break
        assert left(portal, server) < SOON
    finally:
        gc.enable()


def test_a_stream_keeps_its_client(portal, server):
    stream = sync.Client(base_url=server.url).stream("hi")
    assert [next(stream).text, next(stream).text] == ["Hel", "lo"]
    del stream
    assert left(portal, server) < SOON


def test_ctrl_c_ends_a_wait_and_closes_the_socket(portal, server):
    with sync.Client(base_url=server.url) as client:
        stream = client.stream("hi")
        assert [next(stream).text, next(stream).text] == ["Hel", "lo"]
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        before = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            next(stream)
        assert time.monotonic() - before < SOON
        assert left(portal, server) < SOON
        with pytest.raises(StreamTruncatedError, match="cancelled") as caught:
            next(stream)
        assert caught.value.partial.text == "Hello"
        assert [next(client.stream("hi")).text] == ["Hel"]


# threads and loops


def test_many_threads_share_a_client(client):
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: client.generate("What happens?").text, range(40)))
    assert said == [TEXT] * 40


def test_a_stream_has_one_reader(server):
    with sync.Client(base_url=server.url) as client, client.stream("hi") as answer:
        assert [next(answer).text, next(answer).text] == ["Hel", "lo"]
        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(next, answer) for _ in range(2)]
            with pytest.raises(RuntimeError, match="one reader"):
                raise next(filter(None, (reader.exception() for reader in _first(readers))))
            answer.close()


def _first(readers):
    """Those that have ended, as soon as one has."""
    while not any(reader.done() for reader in readers):
        time.sleep(0.001)
    return [reader for reader in readers if reader.done()]


@pytest.mark.parametrize("run", [asyncio.run, lambda main: anyio.run(lambda: main, backend="trio")])
def test_it_works_where_a_loop_runs_already(client, run):
    async def cell() -> str:
        return "".join(map(str, client.stream("What happens?")))

    assert run(cell()) == TEXT


def test_a_call_that_would_wait_for_itself_is_refused(client):
    with pytest.raises(RuntimeError, match="would wait for itself"):
        list(client.stream("hi", on_status=lambda _: client.models()))


def test_there_is_one_loop():
    with ThreadPoolExecutor(8) as pool:
        loops = set(pool.map(lambda _: running_loop(), range(100)))
    assert loops == {running_loop()}


def test_after_the_end_of_a_loop_its_clients_say_so(url):
    loop = LoopThread()
    loop.end()
    loop.soon(lambda: None)
    assert not loop.usable
    with pytest.raises(RuntimeError, match="make a new client"):
        loop.call(Client(base_url=url).models)


def test_a_loop_that_was_ended_by_a_callback_is_replaced(url):
    def leave(status: foxstream.Status) -> None:
        raise SystemExit(3)

    before = running_loop()
    with pytest.raises(SystemExit):
        list(sync.Client(base_url=url).stream("hi", on_status=leave))
    before._thread.join(SOON)
    assert running_loop() is not before
    assert sync.Client(base_url=url).generate("What happens?").text == TEXT


def test_nobody_waits_for_a_loop_that_was_ended():
    loop, held, ending = LoopThread(), threading.Event(), threading.Event()

    def leave() -> None:
        held.set()
        ending.wait(SOON)
        raise SystemExit

    with ThreadPoolExecutor(2) as pool:
        begun = pool.submit(loop.call, anyio.sleep_forever)
        loop.soon(leave)
        held.wait(SOON)
        late = pool.submit(loop.call, anyio.sleep_forever)
        while len(loop._waited_for) < 2:
            time.sleep(0.001)
        ending.set()
        for waiting in (begun, late):
            with pytest.raises(RuntimeError, match="make a new client"):
                waiting.result(SOON)
    assert not loop.usable


class EndsFirst(set):
    """What is waited for, on a loop that ends between the sending and the noting of it."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop

    def add(self, future: object) -> None:
        self._loop.end()
        super().add(future)


def test_a_call_that_meets_the_end_of_its_loop_fails():
    loop = LoopThread()
    loop._waited_for = EndsFirst(loop)
    for call in (loop.call, lambda work: loop._begun(work())):
        with pytest.raises(RuntimeError, match="make a new client"):
            call(anyio.sleep_forever)


def test_a_loop_that_cannot_start_says_why(monkeypatch):
    class Poor(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self) -> asyncio.AbstractEventLoop:
            raise OSError("too many open files")

    monkeypatch.setattr(asyncio.events, "_event_loop_policy", Poor())
    with pytest.raises(OSError, match="too many open files"):
        LoopThread()


# the end of a program


ENDS = {
    "end": (0, None),
    "exit": (3, None),
    "fail": (1, "ZeroDivisionError: in the loop"),
    "SIGINT": (-signal.SIGINT, "KeyboardInterrupt"),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Program]:
    with running("service", serves=True) as program:
        yield program


@pytest.mark.parametrize("end", ENDS)
def test_a_program_that_ends_in_mid_stream_says_nothing(service, end):
    doing = "read" if end == "SIGINT" else end
    with running("plain_reader", service.url, doing, flags=("-W", "error")) as reader:
        task_id = reader.line()
        before = time.monotonic()
        if end == "SIGINT":
            reader.send_signal(signal.SIGINT)
        service.tells(f"/test/left/{task_id}")
        _, complaints = reader.communicate(timeout=10)
    assert time.monotonic() - before < SOON
    status, last = ENDS[end]
    assert reader.returncode == status, complaints
    assert complaints.splitlines()[-1:] == ([] if last is None else [last])
    assert complaints.count("Traceback") == (last is not None), complaints


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_a_loop_of_its_own_and_leaves_the_parents_alone(service):
    flags = ("-W", "error", "-W", "ignore:This process:DeprecationWarning")
    with running(
        "plain_reader", service.url, "fork", "--prompt", "1:30:0.02", flags=flags
    ) as reader:
        reader.line()
        refusal, child, status, parent = (reader.line() for _ in range(4))
        before = time.monotonic()
        _, complaints = reader.communicate(timeout=10)
    assert "came with a fork" in refusal
    assert (child, status, parent) == ("complete", "4", "complete 0")
    assert (reader.returncode, complaints) == (0, "")
    assert time.monotonic() - before < SOON


def test_nothing_starts_before_it_is_used():
    program = "import threading, foxstream.sync; print(threading.active_count())"
    assert in_a_fresh_interpreter(program) == "1\n"
