"""What is shown of the log: nothing by itself, and what `FOXSTREAM_LOG` asks for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from foxstream import InvalidInputError, logs

PROGRAM = """
import asyncio, logging, foxstream
from foxstream.transports import Play, ReplayTransport
async def main():
    said = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\\n\\ndata: [DONE]\\n\\n'
    for _ in range(2):
        transport = ReplayTransport([Play((said,))])
        client = foxstream.Client(base_url="http://127.0.0.1", transport=transport)
        await client.generate("Hello", direct=True)
    logging.getLogger("foxstream.streams").warning("from a server: %s", "one\\x1b[2Jtwo\\nthree")
asyncio.run(main())
"""


def complaints(program: str, level: str | None, *, status: int = 0) -> str:
    """What a program says to standard error, and to nothing else."""
    environment = {name: value for name, value in os.environ.items() if name != logs.VARIABLE}
    if level is not None:
        environment[logs.VARIABLE] = level
    command = [sys.executable, "-W", "error", "-c", program]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (status, ""), run.stderr
    return run.stderr


def test_nothing_is_shown_unless_it_is_asked_for():
    assert complaints(PROGRAM, None) == complaints(PROGRAM, "") == ""


def test_a_level_shows_its_records_and_those_above_once_each():
    lines = complaints(PROGRAM, " Info ").splitlines()
    assert [line.split(" ", 2)[2].split(":")[0] for line in lines] == [
        *("INFO foxstream.service", "INFO foxstream.streams") * 2,
        "WARNING foxstream.streams",
    ]


def test_what_a_server_says_stays_on_one_line():
    (line,) = complaints(PROGRAM, "warning").splitlines()
    assert line.endswith(r"from a server: one\x1b[2Jtwo\nthree")


def test_the_handlers_of_a_program_get_what_they_asked_for():
    setup = "import logging; logging.basicConfig(level='INFO', filename='/dev/stdout')"
    command = [sys.executable, "-W", "error", "-c", f"{setup}\n{PROGRAM}"]
    environment = {**os.environ, logs.VARIABLE: "warning"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert (run.stdout.count("INFO:foxstream"), len(run.stderr.splitlines())) == (4, 1)


def test_a_bad_level_is_refused():
    with pytest.raises(InvalidInputError, match="FOXSTREAM_LOG is 'loud': one of debug, info"):
        logs.show("loud")
    assert (
        complaints(PROGRAM, "loud", status=1)
        .strip()
        .endswith("InvalidInputError: FOXSTREAM_LOG is 'loud': one of debug, info, warning, error")
    )


def test_the_command_line_refuses_it_too():
    program = "import sys; from foxstream.cli.program import run; sys.exit(run(['models']))"
    assert "FOXSTREAM_LOG is 'loud'" in complaints(program, "loud", status=2)


def test_nothing_is_loaded_before_it_is_needed():
    program = "import sys, foxstream; assert 'logging' not in sys.modules"
    assert complaints(program, "loud") == ""
