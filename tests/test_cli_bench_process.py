"""The stopwatch as a person starts it: on a terminal, stopped in the middle, killed."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from contextlib import contextmanager

import msgspec
import pytest

from foxstream.bench.record import CANCELLED, from_lines
from foxstream.bench.result import Report
from foxstream.bench.truth.script import Script
from foxstream.cli.program import run
from tests.terminal import CTRL_C, FOXSTREAM, Terminal, bare_environment

FAST = Script(lead=0.05, interval=0.005, chunks=4).prompt
LONG = ["bench", "--local", "--prompt", FAST, "--requests", "100000", "--concurrency", "4,8"]
KEPT = ["--raw", "r.jsonl", "--json", "o.json"]


@pytest.fixture
def env():
    return bare_environment()


@contextmanager
def started(*arguments, env, cwd):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [*FOXSTREAM, *arguments]
    with subprocess.Popen(command, env=env, cwd=cwd, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_lines(file, least, patience=20.0):
    deadline = time.monotonic() + patience
    while not file.exists() or file.read_bytes().count(b"\n") < least:
        assert time.monotonic() < deadline, "no lines"
        time.sleep(0.02)


def records(folder):
    return list(from_lines((folder / "r.jsonl").read_bytes().splitlines()))


def test_ctrl_c_keeps_and_shows_what_was_measured(env, tmp_path):
    with Terminal(*LONG, *KEPT, env=env, cwd=tmp_path) as terminal:
        terminal.until("100\N{NARROW NO-BREAK SPACE}000 done, 4 in flight, ttft")
        wait_for_lines(tmp_path / "r.jsonl", 40)
        terminal.press(CTRL_C)
        assert terminal.end() == 130
    output = terminal.output.decode()
    assert "Traceback" not in output
    assert "in flight," not in terminal.seen
    assert "4 at once ended early, after " in terminal.seen
    assert "\x1b[1m4 at once\x1b[0m" in output
    assert "8 at once" not in output
    kept = records(tmp_path)
    cancelled = sum(record.error == CANCELLED for record in kept)
    assert 1 <= cancelled <= 4
    (result,) = msgspec.json.decode((tmp_path / "o.json").read_bytes(), type=Report).results
    assert 1 <= result.outcomes.errors[CANCELLED] <= cancelled


def test_sigterm_keeps_it_too(env, tmp_path):
    with started(*LONG, *KEPT, env=env, cwd=tmp_path) as process:
        wait_for_lines(tmp_path / "r.jsonl", 12)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 143
    assert out.startswith("4 at once\n")
    assert re.fullmatch(r"4 at once ended early, after \d+ requests.\n", err)
    assert msgspec.json.decode((tmp_path / "o.json").read_bytes(), type=Report).results


def test_of_a_killed_run_the_raw_lines_are_left(env, tmp_path, capsys):
    with started(*LONG, *KEPT, env=env, cwd=tmp_path) as process:
        wait_for_lines(tmp_path / "r.jsonl", 12)
        process.kill()
        process.communicate(timeout=20)
    assert run(["bench", "report", str(tmp_path / "r.jsonl")]) == 0
    assert capsys.readouterr().out.startswith("4 at once\n")


def test_ctrl_c_at_the_question_sends_nothing(env, tmp_path):
    far = ["bench", "--base-url", "https://far.test", "--api-key", "sk-1"]
    with Terminal(*far, env=env, cwd=tmp_path) as terminal:
        terminal.until("Send them? [y/N]")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
    assert "Traceback" not in terminal.seen
