"""`foxstream caption --serve` as a person starts it."""

from __future__ import annotations

import signal
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import webvtt
from anyio.from_thread import start_blocking_portal

from foxstream.cli.program import run
from foxstream.gateway import Piece, ScriptedEngine, running_gateway
from foxstream.sse import Parser
from tests.films import FILM
from tests.pagekit import events_of
from tests.terminal import FOXSTREAM, bare_environment
from tests.test_cli import environment

__all__ = ["environment"]

STOP = Piece(finish_reason="stop")
STAYS = "The page stays until Ctrl-C."


@pytest.fixture(autouse=True)
def clip(environment):
    Path("clip.mp4").write_bytes(FILM)


@contextmanager
def serving(*arguments, env=None, host="127.0.0.1"):
    command = [*FOXSTREAM, "caption", "clip.mp4", "--serve", "0", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=bare_environment() | (env or {}), **pipes) as process:
        try:
            url = process.stdout.readline().strip()
            assert url.startswith(f"http://{host}:"), process.stderr.read()
            yield process, url
        finally:
            process.kill()


@contextmanager
def gateway(*script, **options):
    engine = ScriptedEngine(script)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_gateway(engine, **options)) as url,
    ):
        yield engine, {"FOXAPI_BASE_URL": url}


def told(process, line):
    """What is told until that line."""
    lines = []
    for each in process.stderr:
        lines.append(each)
        if line in each:
            return "".join(lines)
    raise AssertionError(lines)


def test_the_page_stays_when_all_captions_are_there_and_ctrl_c_ends_it():
    with gateway("A fox runs.", STOP) as (_, env):
        with serving("--every", "1", "--vtt", "clip.vtt", env=env) as (process, url):
            assert "1 of 1 windows captioned, 0 failed." in told(process, STAYS)
            with urlopen(f"{url}captions.vtt", timeout=5) as answer:
                served = answer.read().decode()
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=10)
            assert (process.returncode, *rest) == (130, "", "")
    assert [each.text for each in webvtt.read("clip.vtt")] == ["A fox runs."]
    assert "A fox runs." in served


def test_sigterm_ends_it_too_with_a_viewer_watching():
    with gateway("A fox runs.", STOP) as (_, env), serving(env=env) as (process, url):
        told(process, STAYS)
        with urlopen(url, timeout=5) as answer:
            assert b"<video" in answer.read()
        process.terminate()
        assert process.wait(timeout=10) == 143


def test_a_key_that_is_refused_is_told_here_and_on_the_page():
    with gateway(STOP, api_key="right") as (_, env):
        with serving(env={**env, "FOXAPI_API_KEY": "wrong"}) as (process, url):
            err = told(process, STAYS)
            with urlopen(f"{url}events", timeout=5) as answer:
                [state] = events_of(Parser().feed(answer.read()), "state")
    failure = state["progress"]["failure"]
    assert failure
    assert failure in err.replace("\n", " ")
    assert "Traceback" not in err


def test_captions_of_an_earlier_run_are_on_the_page():
    with gateway("A fox runs.", STOP) as (engine, env):
        for _ in range(2):
            with serving("--every", "1", "--srt", "clip.srt", env=env) as (process, url):
                told(process, STAYS)
                with urlopen(f"{url}captions.vtt", timeout=5) as answer:
                    assert b"A fox runs." in answer.read()
        assert len(engine.seen) == 1


def test_beyond_this_machine_it_says_who_can_see_it():
    with gateway("A fox runs.", STOP) as (_, env):
        with serving("--host", "0.0.0.0", env=env) as (process, _):
            assert "Everybody in the network can see this page and the video." in told(
                process, STAYS
            )


def test_a_port_that_is_taken_is_told_before_anything_is_sent(capsys, monkeypatch):
    with gateway("A fox runs.", STOP) as (engine, env):
        monkeypatch.setenv("FOXAPI_BASE_URL", env["FOXAPI_BASE_URL"])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            assert run(["caption", "clip.mp4", "--serve", port]) == 2
        assert engine.seen == []
    err = capsys.readouterr().err
    assert f"port {port}: another program listens there; choose another port" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--host", "127.0.0.1"], "it needs --serve"),
        (["--serve", "70000"], "port is 70000: from 0 to 65535"),
        (["--serve", "0", "--host", "192.0.2.1"], "cannot listen at '192.0.2.1'"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(capsys, arguments, reason):
    assert run(["caption", "clip.mp4", "--local", *arguments]) == 2
    err = capsys.readouterr().err
    assert reason in err
    assert err.count("\n") == 1
