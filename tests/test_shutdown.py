"""A program that ends in mid-stream: its socket closes at once, and nothing complains."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator

import pytest

from tests.lanes import LANES
from tests.noise import best_of_tries, within
from tests.processes import Program, running

pytestmark = pytest.mark.anyio

AT_ONCE = 0.05
STRICT = ("-X", "dev", "-W", "error")

ENDS = {
    "SIGINT": (-signal.SIGINT, "KeyboardInterrupt"),
    "SIGTERM": (-signal.SIGTERM, ""),
    "exit": (3, ""),
    "fail": (1, "ZeroDivisionError: in the loop"),
    "keep": (0, ""),
    "keep_all": (0, ""),
}
"""How a program ends: by a signal or by itself; its status, and the last line of its traceback."""


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def service() -> Iterator[Program]:
    with running("service", serves=True) as program:
        yield program


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("end", ENDS)
@best_of_tries
async def test_a_program_that_ends_closes_its_socket_and_says_nothing(lane, end, service):
    with running("reader", service.url, lane, *_options(end), flags=STRICT) as reader:
        task_id = reader.line()
        left = _interrupted(reader, end) if end.startswith("SIG") else int(reader.line())
        gone = service.tells(f"/test/left/{task_id}")
        _, complaints = reader.communicate(timeout=10)
    status, last_line = ENDS[end]
    assert reader.returncode == status, complaints
    assert _only(last_line, complaints), complaints
    within((gone - left) / 1e9, AT_ONCE)


def _options(end: str) -> tuple[str, ...]:
    """One that ends by itself stays alive for a while, so that not its death closes the socket."""
    return () if end.startswith("SIG") else ("--leave", end, "--linger", "0.15")


def _interrupted(reader: Program, end: str) -> int:
    now = time.monotonic_ns()
    reader.send_signal(signal.Signals[end])
    return now


def _only(last_line: str, complaints: str) -> bool:
    """Whether there is that one traceback, or nothing.

    `asyncio.run` chains KeyboardInterrupt to the cancellation by which it ended the program.
    """
    told = re.findall(r"^\S.*$", complaints, re.MULTILINE)
    allowed = {
        "Traceback (most recent call last):",
        "asyncio.exceptions.CancelledError",
        "During handling of the above exception, another exception occurred:",
        last_line,
    }
    return told == [] if not last_line else told[-1] == last_line and set(told) <= allowed
