"""The front of the house: what loads when, what runs where, and the demonstration clip."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Generator
from threading import Event

import anyio
import pytest

from foxstream.errors import MissingExtraError
from foxstream.video import Header, Video, examine, make_clip, threads
from tests.films import RED, film, picture

pytestmark = pytest.mark.anyio


def test_importing_video_loads_no_pyav():
    code = "import foxstream.video, sys; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "av", None)
    hint = r'pip install "foxstream\[video\]"'
    with pytest.raises(MissingExtraError, match=hint):
        await Video(b"anything").measure()
    with pytest.raises(MissingExtraError, match=hint):
        await Video(b"anything").shrink()
    with pytest.raises(MissingExtraError, match=hint):
        await make_clip()
    with pytest.raises(MissingExtraError, match=hint):
        await anext(examine(b"anything", "image"))


async def test_the_clip_is_small_and_has_scenes_movement_and_sound():
    data = await make_clip()
    measured = await Video(data).measure()
    assert len(data) < 60_000
    assert [(shot.start, shot.end) for shot in measured.shots] == [
        (0.0, 0.9),
        (0.9, 1.8),
        (1.8, 2.7),
        (2.7, 3.6),
    ]
    colours = [shot.colours[0].name for shot in measured.shots]
    assert colours == ["blue", "orange", "green", "purple"]
    assert all(shot.motion and shot.motion > 0.05 for shot in measured.shots)
    assert measured.sound is not None
    assert not measured.sound.silent
    assert measured.sound.seconds == pytest.approx(3.6, abs=0.1)


async def test_the_clip_is_the_same_every_time():
    assert await make_clip() == await make_clip()


class Patient:
    """Work that goes on until it is told to stop."""

    def __init__(self) -> None:
        self.begun = Event()
        self.ended = Event()
        self.thread: int | None = None

    def work(self, stop: Event) -> None:
        self.thread = threading.get_ident()
        self.begun.set()
        stop.wait(10)
        self.ended.set()

    def steps(self, stop: Event) -> Generator[int]:
        try:
            yield 1
            self.work(stop)
            yield 2
        finally:
            self.ended.set()

    async def has_ended(self) -> bool:
        return await anyio.to_thread.run_sync(self.ended.wait, 5)


async def test_work_runs_in_a_thread_and_returns():
    assert await threads.run(lambda _: threading.get_ident()) != threading.get_ident()


async def test_cancelling_stops_the_work():
    patient = Patient()
    async with anyio.create_task_group() as group:
        group.start_soon(threads.run, patient.work)
        await anyio.to_thread.run_sync(patient.begun.wait)
        group.cancel_scope.cancel()
    assert await patient.has_ended()


async def test_cancelling_a_step_stops_the_work():
    patient = Patient()

    async def follow() -> None:
        async for _ in threads.steps(patient.steps):
            pass

    async with anyio.create_task_group() as group:
        group.start_soon(follow)
        await anyio.to_thread.run_sync(patient.begun.wait)
        group.cancel_scope.cancel()
    assert await patient.has_ended()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_cancelled_by_asyncio_itself_stops_the_work():
    patient = Patient()
    task = asyncio.create_task(threads.run(patient.work))
    await anyio.to_thread.run_sync(patient.begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await patient.has_ended()


async def test_leaving_between_two_steps_closes_the_work():
    patient = Patient()
    steps = threads.steps(patient.steps)
    assert await anext(steps) == 1
    await steps.aclose()
    assert patient.ended.is_set()
    assert not patient.begun.is_set()


async def test_a_reader_of_facts_may_leave_after_the_first():
    facts = Video(film([picture(RED)] * 10)).facts()
    assert isinstance(await anext(facts), Header)
    await facts.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(facts)


async def test_errors_come_out_of_the_thread():
    def failing(_: Event) -> None:
        raise LookupError("in there")

    with pytest.raises(LookupError, match="in there"):
        await threads.run(failing)
