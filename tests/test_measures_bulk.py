"""What is long, large or many is measured on real sockets, and no false answer counts."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest

from benchmarks.measures import audience, carriers, fed, gateway, long, media, replay, whole
from benchmarks.measures.hosted import hosted
from benchmarks.measures.strain import Strain, strain_of
from benchmarks.measures.whole import COMPLETIONS, FALSE_STARTS, Length
from benchmarks.referee import WrongAnswerError, fingerprint
from benchmarks.report import Case, Report
from benchmarks.riders.turns import expected
from benchmarks.server.dialects import words
from benchmarks.server.ports import Ports, running_server
from benchmarks.server.received import digest, media_of, received
from benchmarks.server.script import Script
from foxstream import Completion, Delta, Stream
from foxstream.progress import Timings
from tests.processes import apart
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

OPTIONAL = {"openai"} if importlib.util.find_spec("openai") is None else set()


@pytest.fixture(scope="module")
def server() -> Iterator[Ports]:
    with running_server() as ports:
        yield ports


@pytest.fixture(scope="module")
def shipped_gateway() -> Iterator[str]:
    with hosted(64) as url:
        yield url


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A measure as it is, but nobody waits for processes to start."""

    def alone(name, run, answer):
        turn = run()
        if turn.answer != answer:
            raise WrongAnswerError(f"{name} answered {turn.answer}, and {answer} was sent")
        return turn

    def compete(runs, answer, *, turns):
        return {
            name: [alone(name, run, answer) for _ in range(turns)] for name, run in runs.items()
        }

    for measure in (gateway, long, media):
        monkeypatch.setattr(measure, "alone", alone)
    for measure in (gateway, long):
        monkeypatch.setattr(measure, "compete", compete)


def film(folder: Path, size: int, name: str = "clip.mp4") -> Path:
    file = folder / name
    file.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(range(256)) * (size // 256))
    return file


def rows_of(report: Report) -> dict[str, list[str]]:
    return {case.title: [row.name for row in case.rows if row.cost] for case in report.cases}


def checks_of(case: Case) -> dict[str, tuple[float | None, bool]]:
    return {check.what: (check.goal, check.at_least) for check in case.checks}


# ── long


@pytest.mark.usefixtures("in_this_process")
def test_long_compares_a_unit_of_a_long_stream_with_one_of_a_short():
    pace = long.Pace(chunks=400, event=8192, keepalives=200, turns=2, turn_seconds=0)
    report = long.measure(pace)
    comments, events = ["200 comments", "20 comments"], ["event of 8 KiB", "event of 2 KiB"]
    assert rows_of(report) == {
        "long answer": ["400 chunks", "4 chunks"],
        "large event, fed": events,
        "large event": events,
        "keep-alives, fed": comments,
        "keep-alives": comments,
    }
    assert all(case.rows[1].goal == 1.2 for case in report.cases)
    goals = {what: goal for case in report.cases for what, goal in checks_of(case).items()}
    assert set(goals.values()) == {(1.0, False), (3.0, False), (0.0, False)}


def test_a_length_is_judged_by_all_that_was_heard(server: Ports):
    script = Script(12, comments=3)
    right = Length(script, expected(12), units=12, streams=2)
    turn = whole.take_turn(server.url, right)
    assert (turn.answer, turn.beside) == (fed.WHOLE, {COMPLETIONS: 1.0, FALSE_STARTS: 0.0})
    wrong = Length(script, expected(13))
    assert whole.take_turn(server.url, wrong).answer == expected(12)
    assert whole.memory(server.url, right).answer == fed.WHOLE
    assert whole.memory(server.url, wrong).answer != fed.WHOLE


def test_wide_chunks_arrive_as_they_were_written(server: Ports):
    length = Length(Script(3, width=100_000), fingerprint(words(100_000) * 3, ""))
    assert whole.take_turn(server.url, length).answer == fed.WHOLE
    assert len(words(100_000)) == 100_000


def test_a_completion_that_is_built_again_is_counted(server: Ports, monkeypatch):
    built = property(lambda self: self._said("complete"))
    monkeypatch.setattr(Stream, "completion", built)
    length = Length(Script(4), expected(4))
    assert whole.take_turn(server.url, length).beside[COMPLETIONS] == 3


class TooSoon:
    """A stream that took something before its first token for it."""

    completion = Completion()
    timings = Timings(first_token=1)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def __aiter__(self):
        yield Delta("Hello", received_ns=2)


def test_a_token_that_is_none_is_counted():
    assert anyio.run(whole._hear, TooSoon()).false_start
    TooSoon.timings.first_token = 2
    assert not anyio.run(whole._hear, TooSoon()).false_start


@pytest.mark.parametrize("diet", [partial(fed.event, 5000), partial(fed.keepalives, 50)])
def test_what_is_fed_is_judged_by_what_came_out(diet):
    assert fed.take_turn(diet, 0).answer == fed.WHOLE
    assert fed.memory(diet).answer == fed.WHOLE
    assert b"".join(diet().reads).endswith(b"\n\n")
    starved = fed.Diet([b": nothing\n\n"], fingerprint("something"), 1)
    assert fed.take_turn(lambda: starved, 0).answer == fingerprint()
    assert fed.memory(lambda: starved).answer == fingerprint()


def test_an_event_has_the_size_that_it_is_said_to_have():
    assert [len(read) for read in fed.event(3000).reads] == [1024, 1024, 952]
    assert fed.memory(partial(fed.event, 300_000)).cost > 300_000


# ── media


@pytest.mark.usefixtures("in_this_process")
def test_media_tells_memory_and_loop_of_everybody_who_is_here():
    report = media.measure(media.Pace(upload=700_000, inline=300_000, turns=2))
    present = [name for name in ("foxstream", "httpx", "openai") if name not in OPTIONAL]
    titles = ["upload, memory", "upload, loop held", "inline, memory", "inline, loop held"]
    assert rows_of(report) == dict.fromkeys(titles, present)
    memory, loop = report.cases[:2]
    assert list(checks_of(memory).values()) == [(16.0, False)]
    assert list(checks_of(loop).values()) == [(20.0, False), (None, False)]


def test_a_film_that_arrives_otherwise_is_a_wrong_answer(server: Ports, tmp_path: Path):
    large, small = film(tmp_path, 4096), film(tmp_path, 512, "small.mp4")

    @asynccontextmanager
    async def shortened(url):
        async with carriers.foxstream_upload(url) as carry:
            yield lambda _: carry(small)

    turn = media.take_turn(shortened, server.url, small, large)
    assert turn.answer == digest(small.read_bytes()) != digest(large.read_bytes())


def test_the_server_tells_what_has_arrived_and_tells_it_once(server: Ports):
    content = bytes(range(256)) * 600
    upload = f"{server.url}/{Script(4).path}/v1/files"
    httpx.post(upload, files={"file": ("clip.mp4", content)}, data={"purpose": "x"})
    assert received(server.url) == [digest(content)]
    assert received(server.url) == []


def test_media_are_found_in_forms_and_data_uris():
    form = b"--b\r\nA: 1\r\n\r\nfirst\r\n--b\r\nA: 2\r\n\r\nfilm\r\n\r\n--b\r\n--b--\r\n"
    assert media_of(form.replace(b"\r\n\r\n--b\r\n--b--", b"\r\n\r\n--b--")) == b"film\r\n"
    assert media_of(b'{"video_urls":["data:video/mp4;base64,ZmlsbQ=="]}') == b"film"
    assert media_of(b'{"prompt":"hello"}') == media_of(b"") == b""


async def strained() -> None:
    block = bytearray(b"x" * 64_000_000)
    time.sleep(0.02)  # noqa: ASYNC251 (it is what shall be noticed)
    del block


def strain_of_it() -> Strain:
    return anyio.run(lambda: strain_of(strained()))


def test_a_strain_is_noticed():
    strain = apart(strain_of_it)
    assert strain.memory > 60_000_000
    assert strain.held > 0.015


def test_a_loop_that_turns_is_not_held_by_what_goes_on():
    async def idle() -> None:
        await anyio.sleep(0.02)

    assert anyio.run(lambda: strain_of(idle())).memory >= 4096


# ── gateway


@pytest.mark.usefixtures("in_this_process")
def test_gateway_tells_what_it_serves_and_what_it_holds():
    pace = gateway.Pace(
        chunks=100, readers=2, times=2, turns=2, streams=4, rate=20.0, windows=1, seconds=0.3
    )
    burst, paced = gateway.measure(pace).cases
    assert checks_of(burst)["chunks a second, replayed"] == (100_000.0, True)
    assert checks_of(paced)[audience.LATE] == (100.0, False)
    assert checks_of(paced)[audience.SLOWEST] == (pytest.approx(20 - 1 / 0.3), True)
    values = {check.what: check.value for check in (*burst.checks, *paced.checks)}
    assert all(value > 0 for value in values.values())


def test_readers_read_what_was_recorded(shipped_gateway: str):
    turn = replay.take_turn(shipped_gateway, Script(300), readers=3, times=2)
    assert turn.answer == expected(300)
    assert replay.made(shipped_gateway, Script(300)).answer == expected(300)


def test_pieces_that_are_missing_are_a_wrong_answer(server: Ports):
    url = f"{server.url}/{Script(4, rate=100.0, stamped=True, lead=0.0).path}"
    with pytest.raises(WrongAnswerError, match="4 pieces came, 5 were sent"):
        audience.take_turn(url, Script(5), streams=2, seconds=5, windows=1)


def test_streams_that_end_too_early_are_not_watched(shipped_gateway: str):
    script = Script(4, rate=100.0, lead=0.0)
    with pytest.raises(WrongAnswerError, match="before all were watched"):
        audience.take_turn(shipped_gateway, script, streams=2, seconds=0.1, windows=1)
