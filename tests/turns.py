"""Tests of several processes at a time, and one by itself where it takes the time of something.

House rule: pytest-xdist deals the tests out; here is only who waits for whom. A test that is
marked `alone` begins when no other runs, and no other begins until it is over: what it measures is
not its neighbour. In a run of one process nobody waits, and the order is the usual one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH, LOCK_UN, flock
from pathlib import Path
from typing import TypeVar

import pytest

__all__ = ["Dealt", "Turns"]

T = TypeVar("T")


class Turns:
    """Whose turn it is, among all processes that name the same folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._gate, self._room = (
            os.open(folder / name, os.O_RDWR | os.O_CREAT) for name in ("gate", "room")
        )

    @contextmanager
    def taken(self, *, alone: bool) -> Iterator[None]:
        """Wait for a turn, and have it while the block lasts; `alone`, nobody else has one.

        Who waits for an empty room stands in the gate: nobody comes in before them.
        """
        flock(self._gate, LOCK_EX)
        flock(self._room, LOCK_EX if alone else LOCK_SH)
        flock(self._gate, LOCK_UN)
        try:
            yield
        finally:
            flock(self._room, LOCK_UN)

    def close(self) -> None:
        """End with the process, or before."""
        os.close(self._gate)
        os.close(self._room)


class Dealt:
    """A plugin for one of several processes of a run, which `run` names."""

    def __init__(self, run: str) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"foxstream-turns-{run}"
        self._turns = Turns(self._folder)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Those that are alone come first, while the process is small and its collector quick."""
        items.sort(key=_is_alone, reverse=True)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, T, T]:
        """The turn of a test includes its fixtures, and those that end with it."""
        with self._turns.taken(alone=_is_alone(item)):
            return (yield)

    def pytest_sessionfinish(self) -> None:
        """Nothing is left; who still has turns to take has the files open."""
        self._turns.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None
