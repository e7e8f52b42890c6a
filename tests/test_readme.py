"""The README is true: every block in it runs, every name in it exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

import foxstream
from foxstream.gateway import running_gateway
from foxstream.video import make_clip
from tests.needed import need
from tests.redisserver import redis_server
from tests.unmeasured import unmeasured  # noqa: F401 (a fixture)

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PROGRAMS = [body for language, body in BLOCKS if language == "python"]
SERVED = "http://127.0.0.1:8000"  # where the README's reader has a gateway running
REDIS = "redis://127.0.0.1:6379"
CHAT = "What is it?\nAnd now?\n\n"
COMMANDS = [
    line.removeprefix("$ ")
    for language, body in BLOCKS
    if language == "console"
    for line in body.splitlines()
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the reader stands: a clip is there."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "clip.mp4").write_bytes(anyio.run(make_clip))
    return folder


@pytest.fixture(scope="module")
def gateway():
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_gateway()) as url,
    ):
        yield url


@pytest.fixture(scope="module")
def redis_url():
    with redis_server() as server:
        yield f"redis://127.0.0.1:{server.port}"


def run(folder: Path, url: str, *command: str, said: str = "") -> str:
    environment = {**os.environ, "FOXAPI_BASE_URL": url}
    done = subprocess.run(
        [word.replace(SERVED, url) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=said,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_something_to_check():
    assert {language for language, _ in BLOCKS} == {"python", "console"}
    assert len(PROGRAMS) >= 5


@pytest.mark.parametrize(
    "program", PROGRAMS, ids=lambda program: program.split("\n")[-4].strip()[:40]
)
def test_a_program_runs(program, folder, gateway, request):
    if REDIS in program:
        need("redis")
        program = program.replace(REDIS, request.getfixturevalue("redis_url"))
    said = run(folder, gateway, sys.executable, "-W", "error", "-c", program, said=CHAT)
    if "captions." in program:
        assert "Blue and orange" in said
    elif "clip.mp4" in program or "input(" in program:
        assert "no language model" in said


@pytest.mark.parametrize("command", [c for c in COMMANDS if re.match(r"(\w+=\w+ )*foxstream ", c)])
def test_a_command_runs(command, folder, gateway):
    settings, _, rest = command.partition("foxstream ")
    words = [sys.executable, "-m", "foxstream", *shlex.split(rest)]
    before = set(folder.iterdir())
    said = run(folder, gateway, "env", *shlex.split(settings), *words)
    assert said.strip() or set(folder.iterdir()) - before


def test_the_demo_of_the_first_command_runs(folder, gateway):
    install, _, demo = COMMANDS[0].partition(" && ")
    assert install.startswith("pip install")
    assert "no language model" in run(folder, gateway, sys.executable, "-m", *demo.split())


def test_the_tests_are_run_by_the_second_command():
    assert COMMANDS[1].endswith("python -m pytest -n 2")


def test_every_error_has_a_row():
    errors = {name for name in foxstream.__all__ if name.endswith("Error")} - {
        "FoxError",
        "APIStatusError",
    }
    table = README.partition("## Errors")[2].partition("\n## ")[0]
    assert errors <= set(re.findall(r"`(\w+Error)`", table))


def test_the_timeouts_are_the_defaults():
    defaults = foxstream.Timeouts()
    shown = re.search(r"`Timeouts\((.*?)\)`", README)[1]
    pairs = dict(pair.split("=") for pair in shown.split(", "))
    assert {name: eval(value) for name, value in pairs.items()} == {
        name: getattr(defaults, name) for name in defaults.__struct_fields__
    }
