"""The command line as a person starts it: processes, pipes and a real pseudo-terminal."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from foxstream.cli.ask import ask
from foxstream.cli.demo import demo
from foxstream.cli.models import models
from foxstream.cli.program import COMMANDS
from foxstream.cli.serve import serve as serve_command
from foxstream.cli.tail import tail
from foxstream.gateway import Faults, Piece, ScriptedEngine, Think, running_gateway
from foxstream.gateway.faults import Reply
from foxstream.gateway.scripted import Wait
from foxstream.video import make_clip
from tests.terminal import CTRL_C, FOXSTREAM, Terminal, bare_environment, run_piped

STOP = Piece(finish_reason="stop")
STREAM = (
    b'event: chunk\ndata: {"choices":[{"delta":{"content":"A fox runs."}}]}\n\n'
    b'event: done\ndata: {"total_chunks":1}\n\n'
)


@pytest.fixture
def env():
    return bare_environment()


@pytest.fixture
def serve(env):
    """Starts a gateway that plays a script, and names it to the commands."""
    with ExitStack() as stack:

        def start(*script, **options):
            portal = stack.enter_context(start_blocking_portal())
            running = running_gateway(ScriptedEngine(script), **options)
            env["FOXAPI_BASE_URL"] = stack.enter_context(portal.wrap_async_context_manager(running))

        yield start


@contextmanager
def started(*arguments, env, **options):
    with subprocess.Popen([*FOXSTREAM, *arguments], env=env, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_person_sees_the_demo(env, tmp_path):
    example = shlex.split(COMMANDS[demo])[1:]
    with Terminal(*example, env=env, cwd=tmp_path) as terminal:
        terminal.until("making a clip")
        terminal.until("Container:")
        assert terminal.end() == 0
    seen = terminal.seen.splitlines()
    assert seen[2] == "What is happening in this video?"
    assert "making a clip" not in terminal.seen
    assert "\x1b[2mContainer: " in terminal.output.decode()
    assert "I am foxstream's local engine. I measure media and am no\n" in terminal.seen
    assert any(line.startswith("first token after 0.") for line in seen)


def test_piped_there_is_no_escape_code(serve, env, tmp_path):
    serve(Think("Hm. "), "A fox ", "\x1b[1mruns.", STOP)
    env |= {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = run_piped("ask", "What?", env=env, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "A fox ␛[1mruns.\n", "")


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {}], ids=["plain", "styled"])
def test_on_a_terminal_hostile_text_does_nothing(serve, env, tmp_path, plain):
    serve(Think("Hm.\x1b[2J"), "A fox \x1b]0;owned\a", "[red]runs\x9b1m.", STOP)
    with Terminal("ask", "What?", env={**env, **plain}, cwd=tmp_path) as terminal:
        assert terminal.end() == 0
    assert "Hm.␛[2J" in terminal.seen
    assert "A fox ␛]0;owned␇[red]runs<U+009B>1m." in terminal.seen
    for code in (b"\x1b[2J", b"\x1b]", b"\a", "\x9b".encode()):
        assert code not in terminal.output
    assert (b"\x1b" in terminal.output) is (not plain)


def test_ctrl_c_in_mid_stream_keeps_the_text_and_names_the_task(serve, env, tmp_path):
    serve("A fox ", Wait(60.0))
    with Terminal("ask", "What?", env=env, cwd=tmp_path) as terminal:
        terminal.until("A fox")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
    assert terminal.seen.startswith("A fox ^C\ninterrupted; follow it again with: foxstream tail")
    assert "Traceback" not in terminal.seen


def test_ctrl_c_while_it_waits_leaves_a_clean_terminal(serve, env, tmp_path):
    serve(Wait(60.0))
    with Terminal("ask", "What?", env=env, cwd=tmp_path) as terminal:
        terminal.until("waiting for the first token")
        terminal.press(CTRL_C)
        assert terminal.end() == 130
    assert "waiting" not in terminal.seen
    assert terminal.output.rfind(b"\x1b[?25h") > terminal.output.rfind(b"\x1b[?25l")


def test_an_upload_shows_its_share(serve, env, tmp_path):
    serve("A fox.", STOP)
    film = tmp_path / "large.mp4"
    film.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(30 * 1024 * 1024))
    with Terminal("ask", "What?", "--video", str(film), env=env, cwd=tmp_path) as terminal:
        terminal.until("uploading")
        assert terminal.end() == 0
    assert b"%" in terminal.output
    assert terminal.seen.startswith("A fox.")


def test_head_is_quiet(serve, env, tmp_path):
    serve(*(f"line {number}\n" for number in range(20_000)), STOP)
    asking = shlex.join([*FOXSTREAM, "ask", "What?"])
    shell = ["bash", "-c", f"{asking} | head -1; exit ${{PIPESTATUS[0]}}"]
    done = subprocess.run(
        shell, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("line 0\n", "", 141)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_disk_is_told_once(env, tmp_path):
    with (
        Path("/dev/full").open("w") as full,
        started(
            "ask", "x", "--local", env=env, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE
        ) as process,
    ):
        told = process.communicate(timeout=20)[1]
    assert process.returncode == 1
    assert told == "foxstream: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_serve_cleanly(env, tmp_path, number, code):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    example = shlex.split(COMMANDS[serve_command])[1:]
    with started(*example, env=env, cwd=tmp_path, **pipes) as process:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in told


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_the_extra_there_is_one_line(env, tmp_path, library):
    program = (
        f"import sys; sys.modules[{library!r}] = None; import foxstream.cli; "
        "sys.exit(foxstream.cli.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith('pip install "foxstream[cli]"\n')


def test_what_is_heavy_is_not_imported_to_say_the_version(env, tmp_path):
    program = (
        "import sys; from foxstream.cli.program import run; run(['--version']); "
        "print(sorted({'aiohttp', 'httpx', 'av', 'foxstream.client'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_examples_of_the_help_run(serve, env, tmp_path):
    serve(
        "ok",
        STOP,
        faults=Faults(stream=[Reply(200, STREAM, {"Content-Type": "text/event-stream"})]),
    )
    (tmp_path / "clip.mp4").write_bytes(anyio.run(make_clip))
    examples = [COMMANDS[command] for command in (ask, tail, models)]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                started(*shlex.split(example)[1:], env=env, cwd=tmp_path, stdout=subprocess.PIPE)
            )
            for example in examples
        ]
        for process in processes:
            said, _ = process.communicate(timeout=30)
            assert process.returncode == 0, process.args
            assert said.strip(), process.args
