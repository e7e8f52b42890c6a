"""What is measured by the clock on the wall and in memory: who waits, how long, holding how much.

Structure and answers only: how fast anybody is, is never asserted.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module

import pytest

from benchmarks.machine import resident
from benchmarks.measures import fleet, heats, memory, start, ttft
from benchmarks.measures.heats import Heat
from benchmarks.referee import Turn, WrongAnswerError, alone
from benchmarks.report import Case
from benchmarks.riders import crowd, stopwatch, turns
from benchmarks.riders.crowd import LATE, Crowd
from benchmarks.riders.ears import Ear, Stopwatch, Watchful
from benchmarks.riders.field import DIRECT, FOXSTREAM, HTTPX_SSE, RAW, RIDERS, STOPWATCH
from benchmarks.riders.stopwatch import LAG
from benchmarks.server.ports import Ports, running_server
from benchmarks.server.script import Script
from tests.processes import apart
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

HERE = [FOXSTREAM, DIRECT, RAW, HTTPX_SSE]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is counted on Linux")


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    with running_server() as ports:
        yield ports


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Riders take their turns here, one by one: the same, only sooner."""

    def taken(name: str, run: partial[Turn], answer: str) -> Turn:
        turn = run()
        assert turn.answer == answer, name
        return turn

    def compete(runs: dict[str, partial[Turn]], answer: str, *, turns: int) -> dict:
        return {
            name: [taken(name, run, answer) for _ in range(turns)] for name, run in runs.items()
        }

    monkeypatch.setattr(fleet, "alone", taken)
    for module in (heats, start):
        monkeypatch.setattr(module, "compete", compete)


def told(case: Case) -> list[str]:
    return [check.what for check in case.checks]


@pytest.mark.parametrize("name", HERE)
def test_the_first_delta_is_timed_and_the_rest_is_heard(ports, name):
    turn = turns.first(name, ports.url, "asyncio", Script(16), 2)
    assert turn.answer == turns.expected(16)
    assert turn.cost > 0


def test_a_stopwatch_waits_for_a_piece_that_says_something():
    ear = Stopwatch()
    ear._say("")
    ear._think("")
    assert ear.first_ns == 0
    ear._think("The")
    first = ear.first_ns
    ear._say("A")
    assert ear.first_ns == first > 0
    assert ear.heard == ("A", "The")


def test_ttft_has_a_heat_of_two_requests_and_one_of_one(monkeypatch, one_process):
    two, one = (
        Heat("two", [FOXSTREAM, STOPWATCH, RAW], {RAW: 2.5}),
        Heat("one", [DIRECT, FOXSTREAM]),
    )
    monkeypatch.setattr(ttft, "HEATS", [two, one])
    report = ttft.measure(ttft.Pace(requests=2, turns=2))
    two, one = report.cases
    assert [row.name for row in two.rows] == [FOXSTREAM, STOPWATCH, RAW]
    assert [row.name for row in one.rows] == [DIRECT, FOXSTREAM]
    assert two.rows[2].goal == 2.5
    assert two.rows[2].verdict in {"passed", "reached", "not reached"}
    assert two.rows[0].answer == one.rows[0].answer == turns.expected(16)


def test_a_fleet_hears_every_number_and_tells_how_late_it_was(ports):
    few = Crowd(3, rate=50, seconds=0.1)
    turn = crowd.fleet(HTTPX_SSE, ports.url, "asyncio", few)
    assert turn.answer == few.answer
    median, p99, worst = (turn.beside[at] for at in LATE)
    assert 0 < median <= p99 <= worst


@pytest.mark.parametrize("said", [["0:5 ", "2:6 "], ["0:5 ", "1:6 1:7 "], ["1:5 ", "0:6 "]])
def test_a_number_that_is_lost_or_comes_again_or_too_soon_is_seen(said):
    ear = Watchful()
    for piece in said:
        ear._say(piece)
    assert ear.numbers != "0 1"
    assert ear.numbers.count(" ") == len("".join(said).split()) - 1


def test_lateness_is_from_the_stamp_to_the_ear():
    ear = Watchful()
    ear.said, ear.came_ns = ["0:5 ", "1:6 2:7 ", "3:8 "], ear.came_ns
    ear.came_ns.extend([10, 20, 30])
    assert list(ear.late_ns(0, 2)) == [5, 14, 13]


def test_a_stream_that_ends_before_the_clock_makes_no_figure(monkeypatch, ports):
    monkeypatch.setattr(crowd, "IDLE", Script(1, rate=1000, stamped=True, lead=0))
    with pytest.raises(RuntimeError, match="a stream ended before the clock did"):
        crowd.idle(RAW, ports.url, "asyncio", 2)


def test_the_stopwatch_hears_as_every_rider_does(ports):
    turn = stopwatch.first(ports.url, "asyncio", Script(16), 2)
    assert turn.answer == turns.expected(16)
    assert turn.cost > 0
    few = Crowd(4, rate=50, seconds=0.2)
    turn = stopwatch.fleet(ports.url, "asyncio", few)
    assert turn.answer == few.answer
    assert 0 < turn.beside["median"] <= turn.beside["p99"] <= turn.beside["worst"]
    assert turn.beside[LAG] >= 0


def test_fleet_compares_the_many_with_the_few(monkeypatch, one_process):
    monkeypatch.setattr(fleet, "HEATS", fleet.HEATS[:1])
    pace = fleet.Pace(Crowd(6, rate=20, seconds=0.2), Crowd(2, rate=50, seconds=0.1), 0.1)
    case = fleet.measure(pace).cases[0]
    goals = {check.what: check.goal for check in case.checks if check.goal is not None}
    assert goals == {"late, p99": 100.0, "6 streams over 2": 1.25}
    assert all(check.value > 0 for check in case.checks)
    assert "of its core" in case.notes[0]


@on_linux
@pytest.mark.parametrize("name", [FOXSTREAM, RAW])
def test_an_idle_stream_has_heard_one_delta_and_is_still_open(ports, name):
    turn = crowd.idle(name, ports.url, "asyncio", 5)
    assert turn.answer == crowd.one_delta()


@on_linux
def test_a_stream_is_held_by_nobody(ports):
    assert crowd.held(ports.url, "asyncio", 3).answer == crowd.one_delta()


def grown() -> int:
    before = resident()
    block = bytearray(b"x") * (32 << 20)
    return (resident() - before) * len(block) // (32 << 20)


@on_linux
def test_memory_is_what_the_system_says():
    assert 0.9 * (32 << 20) < apart(grown) < 1.2 * (32 << 20)


@on_linux
def test_memory_is_told_row_by_row_and_held_to_goals(monkeypatch):
    monkeypatch.setattr(memory, "HEATS", [Heat("TLS", [FOXSTREAM], secure=True)])
    (case,) = memory.measure(memory.Pace(secure_streams=8, turns=2)).cases
    assert [row.answer for row in case.rows] == [crowd.one_delta()]
    assert [check.goal for check in case.checks] == [310.0, None]
    assert all(check.value > 0 for check in case.checks)
    assert "256 KiB" in case.notes[0]


def test_a_cold_process_asks_and_hears_everything(ports):
    turn = start.first_delta(RAW, ports.url, "asyncio")
    assert turn.answer == turns.expected(16)
    assert turn.cost > 0


def test_a_cold_process_finds_its_rider_by_name():
    for name in start.HEATS[0].field:
        mount = RIDERS[name].mount
        assert getattr(import_module(mount.__module__), mount.__name__) is mount


@pytest.mark.parametrize("module", ["ours", "peers"])
def test_a_cold_process_imports_nothing_but_its_own(module):
    code = f"import sys, benchmarks.riders.cold, benchmarks.riders.{module}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    libraries = {"msgspec", "foxstream", "aiohttp", "httpx", "openai", "anthropic", "uvloop"}
    assert libraries.isdisjoint(loaded)


def test_an_import_is_watched_for_http_libraries():
    assert start.imported("import foxstream").beside == {start._LOADED: 0.0}
    assert start.imported("import aiohttp, httpx").beside[start._LOADED] >= 2


def test_start_tells_first_deltas_and_imports(monkeypatch, one_process):
    monkeypatch.setattr(start, "HEATS", [Heat("start", [FOXSTREAM, RAW])])
    case = start.measure(start.Pace(turns=2)).cases[0]
    assert [row.answer for row in case.rows] == [turns.expected(16)] * 2
    assert told(case)[:2] == ["import foxstream", "from foxstream import Client"]
    assert (case.checks[2].value, case.checks[2].verdict) == (0.0, "reached")


def test_who_is_alone_is_verified_too():
    with pytest.raises(WrongAnswerError, match="liar answered lie, and truth was sent"):
        alone("liar", partial(Turn, 1.0, "lie"), "truth")


def test_ears_keep_text_and_reasoning_apart():
    ear = Ear()
    ear.said.append("A")
    ear.thought.append("T")
    assert ear.heard == ("A", "T")
