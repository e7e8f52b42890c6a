"""Who waits for whom: tests share the processors, and one that is alone has them to itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fcntl import LOCK_EX, LOCK_NB, flock
from itertools import pairwise
from pathlib import Path

import pytest

from tests.turns import Turns

PATIENCE = 10.0


class Process:
    """Stands for one: a thread whose turns are those of nobody else."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor, over: list[str]) -> None:
        self._turns, self._pool, self._over = Turns(folder), pool, over

    def wants(self, name: str, *, alone: bool) -> Future[None]:
        """A turn, that is over as soon as it has come."""

        def take() -> None:
            with self._turns.taken(alone=alone):
                self._over.append(name)

        return self._pool.submit(take)


@pytest.fixture
def over() -> list[str]:
    """The turns that have been, in their order."""
    return []


@pytest.fixture
def processes(tmp_path: Path, over: list[str]) -> Iterator[list[Process]]:
    with ThreadPoolExecutor(3) as pool:
        yield [Process(tmp_path, pool, over) for _ in range(3)]


def bars(folder: Path) -> bool:
    """Whether somebody stands in the gate."""
    with (folder / "gate").open() as gate:
        try:
            flock(gate, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_turns_are_shared(processes, tmp_path, over):
    with Turns(tmp_path).taken(alone=False):
        processes[0].wants("beside", alone=False).result(PATIENCE)
    assert over == ["beside"]


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False), (True, True)])
def test_one_that_is_alone_shares_with_nobody(first, second, processes, tmp_path, over):
    with Turns(tmp_path).taken(alone=first):
        wanted = processes[0].wants("later", alone=second)
        while not bars(tmp_path):
            pass
        assert over == []
    wanted.result(PATIENCE)
    assert over == ["later"]


def test_nobody_comes_in_before_one_that_waits_to_be_alone(processes, tmp_path, over):
    with Turns(tmp_path).taken(alone=False):
        alone = processes[0].wants("alone", alone=True)
        while not bars(tmp_path):
            pass
        others = [each.wants("shared", alone=False) for each in processes[1:]]
    for wanted in (alone, *others):
        wanted.result(PATIENCE)
    assert over == ["alone", "shared", "shared"]


def test_a_turn_is_over_though_the_test_fails(processes, tmp_path):
    with pytest.raises(ZeroDivisionError), Turns(tmp_path).taken(alone=True):
        raise ZeroDivisionError
    processes[0].wants("next", alone=True).result(PATIENCE)


PROJECT = {
    "conftest.py": "from tests.conftest import pytest_configure",
    "pytest.ini": "[pytest]\nmarkers = alone",
    "test_it.py": """
import os, time, pytest

def spend():
    began = time.monotonic_ns()
    time.sleep(0.02)
    with open("turns", "a") as file:
        print(began, time.monotonic_ns(), os.getpid(), os.environ["PYTEST_CURRENT_TEST"], file=file)

@pytest.mark.alone
@pytest.mark.parametrize("at", range(6))
def test_alone(at):
    spend()

@pytest.mark.parametrize("at", range(20))
def test_shared(at):
    spend()
""",
}


def test_in_a_run_of_two_processes_each_waits_for_its_turn(tmp_path):
    for name, content in PROJECT.items():
        (tmp_path / name).write_text(content)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ran(tmp_path, "-n", "2", TMPDIR=str(scratch))
    turns = [line.split() for line in (tmp_path / "turns").read_text().splitlines()]
    spans = sorted((int(began), int(ended), "alone" in name) for began, ended, _, name, _ in turns)
    assert len({process for _, _, process, _, _ in turns}) == 2
    assert len(spans) == 26
    assert [alone for *_, alone in spans] == [True] * 6 + [False] * 20
    for (_, ended, _), (began, _, alone) in pairwise(spans):
        assert not alone or began >= ended
    assert list(scratch.glob("foxstream-turns-*")) == []


def ran(project: Path, *options: str, **environment: str) -> None:
    """The project's tests have run well."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        command,
        cwd=project,
        env=own | {"PYTHONPATH": str(Path(__file__).parent.parent)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
