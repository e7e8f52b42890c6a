"""The command line in this process, against a gateway on a real socket."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

import foxstream
from foxstream import video
from foxstream.cli import main
from foxstream.cli.program import COMMANDS, run
from foxstream.gateway import (
    Faults,
    LocalEngine,
    Model,
    Piece,
    ScriptedEngine,
    Think,
    running_gateway,
)
from foxstream.gateway.faults import Reply
from foxstream.gateway.scripted import Fail, Wait
from tests.terminal import FakeTerminal

HOSTILE = "\x1b[2J\x9b31m\u202e[bold]"
SHOWN = "␛[2J<U+009B>31m<U+202E>[bold]"
EVENTS = {"content-type": "text/event-stream"}
STOP = Piece(finish_reason="stop")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in ("FOXAPI_API_KEY", "FOXAPI_BASE_URL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def serve(monkeypatch):
    """Starts a gateway with a script or an engine, and names it to the commands."""
    with ExitStack() as stack:

        def start(*script, **options):
            engine = script[0] if hasattr(script[0], "run") else ScriptedEngine(script)
            portal = stack.enter_context(start_blocking_portal())
            running = running_gateway(engine, **options)
            url = stack.enter_context(portal.wrap_async_context_manager(running))
            monkeypatch.setenv("FOXAPI_BASE_URL", url)
            return url

        yield start


@pytest.fixture
def local(monkeypatch):
    """The local engine, in a hurry."""
    monkeypatch.setattr("foxstream.gateway.app._local_engine", lambda: LocalEngine(delay=0))


@pytest.fixture
def clip():
    Path("clip.mp4").write_bytes(anyio.run(video.make_clip))
    return "clip.mp4"


@pytest.fixture
def interrupt():
    """Presses Ctrl-C as soon as something is true."""
    threads = []

    def when(true, number=signal.SIGINT):
        def watch():
            while not true():
                over.wait(0.01)
            os.kill(os.getpid(), number)

        threads.append(threading.Thread(target=watch))
        threads[-1].start()

    over = threading.Event()
    yield when
    for thread in threads:
        thread.join()


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_the_answer_is_all_that_goes_to_standard_output(serve, capsys):
    serve(Think("Hm. "), "A fox ", "runs.", STOP)
    assert run(["ask", "What?"]) == 0
    assert capsys.readouterr() == ("A fox runs.\n", "")


def test_every_option_reaches_the_request(serve, capsys):
    engine = ScriptedEngine(["ok", STOP])
    serve(engine)
    options = "--model gpt-5.5 --system Be.brief --max-tokens 64 --temperature 0.5 --reasoning"
    image = "data:image/png;base64,iVBORw0KGgo="
    assert run(["ask", "What?", *options.split(), "--image", image, "--image", image]) == 0
    (seen,) = engine.seen
    assert (seen.model, seen.prompt, seen.system_prompt) == ("gpt-5.5", "What?", "Be.brief")
    assert (seen.max_tokens, seen.temperature, seen.reasoning) == (64, 0.5, True)
    assert seen.images == (image, image)
    assert capsys.readouterr().out == "ok\n"


def test_sounds_and_videos_are_sent(serve):
    engine = ScriptedEngine(["ok", STOP])
    serve(engine)
    sound, film = "data:audio/wav;base64,UklGRg==", "https://example.org/a.mp4"
    assert run(["ask", "--audio", sound, "--no-reasoning"]) == 0
    assert run(["ask", "What?", "--video", film]) == 0
    assert (engine.seen[0].audios, engine.seen[0].reasoning) == ((sound,), False)
    assert engine.seen[1].videos == (film,)


def test_json_lines_carry_everything_exactly(serve, capsys):
    serve(Think("Hm."), f"A {HOSTILE}", STOP)
    assert run(["ask", "What?", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert not set(out) & set("\x1b\x9b\u202e")
    thought, said, last = lines(out)
    assert (thought["reasoning"], said["text"]) == ("Hm.", f"A {HOSTILE}")
    assert last["completion"]["text"] == f"A {HOSTILE}"
    assert last["task_id"] == last["completion"]["task_id"]
    assert 0 < last["timings"]["ttft"] <= last["timings"]["e2e"]
    assert last["error"] is None


def test_hostile_text_is_shown_and_harmless(serve, capsys):
    serve(HOSTILE, STOP)
    assert run(["ask", "What?"]) == 0
    assert capsys.readouterr().out == f"{SHOWN}\n"


def test_direct_has_no_task_and_verify_has_one(serve, capsys):
    serve("ok", STOP)
    assert run(["ask", "What?", "--direct", "--json"]) == 0
    assert lines(capsys.readouterr().out)[-1]["task_id"] is None
    assert run(["ask", "What?", "--verify"]) == 0
    assert run(["ask", "What?", "--verify", "--direct"]) == 2


def test_the_question_can_come_from_standard_input(serve, monkeypatch, capsys):
    engine = ScriptedEngine(["ok", STOP])
    serve(engine)
    monkeypatch.setattr(sys, "stdin", io.StringIO("What\nis it?\n"))
    assert run(["ask", "-"]) == 0
    assert engine.seen[0].prompt == "What\nis it?"
    assert capsys.readouterr().err == ""


class Typed(io.StringIO):
    def isatty(self):
        return True


class Interrupted(io.StringIO):
    def read(self, size=-1):
        raise KeyboardInterrupt

    def write(self, text):
        raise KeyboardInterrupt


class Broken(io.StringIO):
    def read(self, size=-1):
        return b"\xff".decode()


@pytest.mark.parametrize(
    ("stdin", "code", "told"),
    [
        (Typed("What?"), 0, "end it with Ctrl-D"),
        (Broken(), 2, "standard input is not text"),
        (None, 2, "nothing to ask"),
        (io.StringIO("x" * 100_001), 2, "at most 100,000"),
    ],
)
def test_standard_input_of_all_kinds(serve, monkeypatch, capsys, stdin, code, told):
    serve("ok", STOP)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run(["ask", "-"]) == code
    assert told in capsys.readouterr().err


def test_a_video_is_shrunk_first(serve, clip, capsys):
    engine = ScriptedEngine(["ok", STOP])
    serve(engine)
    assert run(["ask", "What?", "--video", clip, "--shrink"]) == 0
    out, err = capsys.readouterr()
    assert out == "ok\n"
    assert err.startswith("clip.mp4: 38.3 kB -> ")
    assert "an estimate" in err
    assert engine.seen[0].videos[0].startswith("data:video/mp4;base64,")


def test_the_embedded_engine_measures_a_video(local, clip, capsys):
    assert run(["ask", "What is happening?", "--video", clip, "--local"]) == 0
    out, err = capsys.readouterr()
    assert "3.6 seconds long, 320\N{MULTIPLICATION SIGN}180 pixels in h264" in out
    assert err == ""


def test_the_demo_needs_nothing(local, capsys):
    assert run(["demo"]) == 0
    out, err = capsys.readouterr()
    assert "3 cuts, at 0.9, 1.8 and 2.7 seconds" in out
    assert "no key, no network, no language model" in err
    assert "first token after 0." in err
    assert "task-" in err


@pytest.mark.parametrize("command", [["demo"], ["ask", "x", "--local"], ["serve"]])
def test_without_the_extra_video_its_command_is_named(monkeypatch, capsys, command):
    monkeypatch.setattr("foxstream.video.find_spec", lambda _: None)
    assert run(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("foxstream: ")
    assert line.endswith('pip install "foxstream[video]"')


@pytest.mark.parametrize("option", [("--base-url", "http://127.0.0.1:1"), ("--api-key", "sk-1")])
def test_local_goes_with_no_other_service(capsys, option):
    assert run(["ask", "x", "--local", *option]) == 2
    assert "--local needs neither" in capsys.readouterr().err


def test_openai_asks_another_server(serve, capsys):
    engine = ScriptedEngine([Think("Hm. "), "A fox ", "runs.", STOP])
    url = serve(engine, api_key="sk-one")
    asked = ["ask", "What?", "--openai", f"{url}/v1", "--api-key", "sk-one"]
    assert run(asked) == 0
    assert run([*asked, "--json", "--direct", "--system", "Be brief."]) == 0
    said, *_, last = capsys.readouterr().out.splitlines()
    assert said == "A fox runs."
    last = json.loads(last)
    assert (last["completion"]["reasoning"], last["task_id"]) == ("Hm. ", None)
    assert [seen.messages[0]["role"] for seen in engine.seen] == ["user", "system"]


def test_openai_lists_its_models(serve, capsys):
    url = serve("ok", STOP)
    assert run(["models", "--openai", f"{url}/v1"]) == 0
    assert ["gpt-5.5", "unknown"] in [row.split() for row in capsys.readouterr().out.splitlines()]


def test_openai_without_its_v1_is_hinted_at(serve, capsys):
    assert run(["ask", "x", "--openai", serve("ok", STOP)]) == 1
    assert "with --openai, its /v1 and --model" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--base-url", "http://127.0.0.1:1"], ["--local"]])
def test_openai_goes_with_no_other_server(capsys, option):
    assert run(["ask", "x", "--openai", "http://127.0.0.1:1/v1", *option]) == 2
    assert "--openai is a server of its own" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "told"), [("--verify", "verify is not for"), ("--reasoning", "give theirs in extra")]
)
def test_openai_has_no_tasks(capsys, option, told):
    assert run(["ask", "x", "--openai", "http://127.0.0.1:1/v1", option]) == 2
    assert told in capsys.readouterr().err


def test_the_key_of_the_environment_is_not_for_openai(serve, monkeypatch, capsys):
    url = serve("ok", STOP, api_key="sk-secret-one")
    monkeypatch.setenv("FOXAPI_API_KEY", "sk-secret-one")
    assert run(["ask", "x", "--openai", f"{url}/v1"]) == 1
    assert "pass --api-key" in capsys.readouterr().err


def test_the_key_is_sent_and_never_shown(serve, monkeypatch, capsys):
    url = serve("ok", STOP, api_key="sk-secret-one")
    assert run(["ask", "x", "--base-url", url, "--api-key", "sk-secret-one"]) == 0
    assert run(["ask", "x", "--base-url", url, "--api-key", "sk-secret-two"]) == 1
    monkeypatch.setenv("FOXAPI_API_KEY", "sk-secret-one")
    assert run(["ask", "x"]) == 0
    out, err = capsys.readouterr()
    assert out == "ok\nok\n"
    assert "HTTP 401" in err
    assert "check FOXAPI_API_KEY" in err
    assert "sk-secret" not in err


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (402, b'{"error":{"message":"no credits"}}', "- top up the balance of this key"),
        (403, b"error code: 1010", "try from another network"),
        (413, b"<html><h1>413</h1>", "--shrink makes videos smaller"),
        (422, b'{"error":{"message":"no","code":"no_available_model"}}', "foxstream models"),
        (429, b"", "wait a little"),
        (500, b"<html>\x1b[2J</html>", "<html>␛[2J</html> (request id"),
        (302, b"", "check --base-url"),
        (200, b"<html>", "check that --base-url is a service of this kind"),
    ],
)
def test_errors_are_one_line_with_a_hint(serve, capsys, status, body, told):
    serve("ok", STOP, faults=Faults(submit=[Reply(status, body)]))
    assert run(["ask", "x"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("foxstream: ")
    assert err.count("\n") == 1
    assert told in err


def test_nobody_there(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert run(["ask", "x", "--base-url", url]) == 1
        assert run(["ask", "x", "--base-url", url, "--json"]) == 1
    out, err = capsys.readouterr()
    assert err.count("check the network and --base-url") == 2
    (last,) = lines(out)
    assert last["error"]["type"] == "APIConnectionError"


def test_a_task_that_fails_leaves_what_was_said(serve, capsys):
    serve("A fox ", Fail("out of ink", "upstream_error"))
    assert run(["ask", "x"]) == 1
    out, err = capsys.readouterr()
    assert out == "A fox \n"
    assert "out of ink" in err
    assert run(["ask", "x", "--json"]) == 1
    said, last = lines(capsys.readouterr().out)
    assert said["text"] == last["completion"]["text"] == "A fox "
    assert last["completion"]["state"] == "truncated"
    assert last["error"]["type"] == "TaskFailedError"


def test_a_failing_local_task_is_not_to_be_followed(local, capsys):
    Path("broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42 and nothing that follows")
    assert run(["ask", "x", "--local", "--video", "broken.mp4"]) == 1
    err = capsys.readouterr().err
    assert "foxstream tail" not in err
    assert err.count("\n") == 1


def test_too_slow(serve, capsys):
    serve("A fox ", Wait(60.0))
    assert run(["ask", "x", "--timeout", "0.3"]) == 1
    out, err = capsys.readouterr()
    assert out == "A fox \n"
    assert "foxstream tail task-" in err


@pytest.mark.parametrize("seconds", ["0", "nan", "-1"])
def test_a_time_that_is_none(serve, capsys, seconds):
    serve("ok", STOP)
    assert run(["ask", "x", "--timeout", seconds]) == 2
    assert "see foxstream ask --help" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--temperature", "nan"],
        ["--temperature", "3"],
        ["--max-tokens", "0"],
        ["--video", "missing.mp4"],
        ["--video", "."],
        ["--video", "ftp://example.org/a.mp4"],
        ["--image", "data:image/png;base64,%%%"],
        ["--model", " "],
        ["--system", "x" * 10_001],
        [word for _ in range(11) for word in ("--image", "a.png")],
        ["--shrink", "--video", "https://example.org/a.mp4"],
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(serve, capsys, arguments):
    engine = ScriptedEngine(["ok", STOP])
    serve(engine)
    assert run(["ask", "x", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("foxstream: ")
    assert engine.seen == []


def test_without_a_key_the_demo_is_named(capsys):
    assert run(["ask", "x"]) == 2
    assert "foxstream demo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["aks"], "no such command 'aks'. Did you mean 'ask'? - see foxstream --help"),
        (["ask", "x", "--nope"], "see foxstream ask --help"),
        (["ask", "--max-tokens", "many", "x"], "'--max-tokens'"),
        (["tail"], "missing argument 'TASK_ID' - see foxstream tail --help"),
        (["ask", "x", "--n\x9b[2J"], "--n"),
    ],
)
def test_misuse_is_one_line(capsys, arguments, told):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("foxstream: ")
    assert err.count("\n") == 1
    assert told in err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_every_command(capsys, arguments):
    assert run(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {command.__name__} " in out for command in COMMANDS)
    assert out.endswith("Example: foxstream demo\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_the_help_of_a_command_ends_with_its_example(capsys, command):
    assert run([command.__name__, "--help"]) == 0
    assert capsys.readouterr().out.rstrip().endswith(f"Example: {COMMANDS[command]}")


def test_version(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"foxstream {foxstream.__version__}\n"


def asked(capsys):
    """The id of a task that was just asked for."""
    assert run(["ask", "x", "--json"]) == 0
    return lines(capsys.readouterr().out)[-1]["task_id"]


def test_tail_follows_a_task_from_its_beginning(serve, capsys):
    serve(Think("Hm."), "A fox ", "runs.", STOP)
    task_id = asked(capsys)
    assert run(["tail", task_id]) == 0
    assert capsys.readouterr() == ("A fox runs.\n", "")


def test_tail_has_the_result_of_a_stream_that_is_over(serve, capsys):
    over = Reply(404, b'{"error":{"message":"expired"}}')
    serve(Think("Hm."), "A fox ", "runs.", STOP, faults=Faults(stream=[None, over]))
    task_id = asked(capsys)
    assert run(["tail", task_id, "--json"]) == 0
    said, last = lines(capsys.readouterr().out)
    assert said["text"] == last["completion"]["text"] == "A fox runs."


def test_tail_of_what_is_no_task(serve, capsys):
    serve("ok", STOP)
    assert run(["tail", "task-unknown", "--json"]) == 1
    out, err = capsys.readouterr()
    assert "check the task id" in err
    assert lines(out)[-1]["error"]["type"] == "NotFoundError"
    assert run(["tail", "../../secrets"]) == 2
    assert "see foxstream tail --help" in capsys.readouterr().err


def test_tail_with_a_wrong_key(serve, capsys):
    serve("ok", STOP, api_key="sk-one")
    assert run(["tail", "task-1", "--json"]) == 1
    out, err = capsys.readouterr()
    assert "HTTP 401" in err
    assert lines(out)[-1]["error"]["type"] == "AuthenticationError"


def test_models(serve, capsys):
    entries = {"data": [{"id": "a\x1b[2J"}, {"id": "漢字", "capabilities": ["text", "video\x9b"]}]}
    body = json.dumps(entries).encode()
    serve("ok", faults=Faults(models=[Reply(200, body), Reply(200, body), Reply(200, b"{}")]))
    assert run(["models"]) == 0
    assert capsys.readouterr().out == "a␛[2J  unknown\n漢字   text, video<U+009B>\n"
    assert run(["models", "--json"]) == 0
    first, second = lines(capsys.readouterr().out)
    assert first == {"id": "a\x1b[2J", "capabilities": None}
    assert second["capabilities"] == ["text", "video\x9b"]
    assert run(["models"]) == 0
    assert capsys.readouterr().out == ""


def test_on_a_terminal_tables_have_a_heading_and_help_is_set(serve, monkeypatch):
    terminal = FakeTerminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    serve("ok")
    assert run(["models"]) == 0
    assert "MODEL                   TAKES\n" in terminal.getvalue()
    assert run(["ask", "--help"]) == 0
    assert "Example: foxstream ask" in terminal.getvalue()


def test_ctrl_c_in_mid_answer_tells_how_to_come_back(serve, interrupt, capsys):
    engine = ScriptedEngine(["A fox ", Wait(60.0)])
    serve(engine)
    printed = []
    interrupt(lambda: printed.append(capsys.readouterr().out) or "A fox" in "".join(printed))
    assert run(["ask", "x"]) == 130
    out, err = capsys.readouterr()
    assert "".join(printed) + out == "A fox \n"
    assert err.startswith("interrupted; follow it again with: foxstream tail task-")


def test_ctrl_c_while_nothing_has_come(serve, interrupt, capsys):
    engine = ScriptedEngine([Wait(60.0)])
    serve(engine)
    interrupt(lambda: engine.seen)
    assert run(["ask", "x", "--json"]) == 130
    (last,) = lines(capsys.readouterr().out)
    assert last["error"] == {"type": "CancelledError", "message": "interrupted"}


def test_sigterm_is_as_clean(serve, interrupt, capsys):
    engine = ScriptedEngine([Wait(60.0)])
    serve(engine)
    interrupt(lambda: engine.seen, signal.SIGTERM)
    assert run(["ask", "x"]) == 143
    assert "Traceback" not in capsys.readouterr().err


def test_ctrl_c_while_the_question_is_typed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Interrupted())
    assert run(["ask", "-"]) == 130


def test_ctrl_c_while_an_error_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Interrupted())
    assert run(["aks"]) == 130


def test_ctrl_c_while_the_program_loads(monkeypatch):
    assert main_without(monkeypatch, "foxstream.cli.program", KeyboardInterrupt()) == 130


def test_serve_until_ctrl_c(local, interrupt, capsys):
    printed = []

    def serving():
        printed.append(capsys.readouterr())
        return any("Ctrl-C" in err for _, err in printed)

    interrupt(serving)
    assert run(["serve", "--port", "0", "--api-key", "sk-one"]) == 130
    url = "".join(out for out, _ in printed).strip()
    assert url.startswith("http://127.0.0.1:")
    guide = "".join(err for _, err in printed)
    assert f"export FOXAPI_BASE_URL={url}" in guide
    assert "FOXAPI_API_KEY" in guide
    assert "sk-one" not in guide


def guide_of(interrupt, capsys, last, *options):
    """What `serve` writes to standard error up to its last word."""
    printed = []

    def serving():
        printed.append(capsys.readouterr())
        return last in "".join(err for _, err in printed)

    interrupt(serving)
    assert run(["serve", "--port", "0", *options]) == 130
    assert "".join(out for out, _ in printed).startswith("http://127.0.0.1:")
    return "".join(err for _, err in printed)


@pytest.mark.parametrize("given", ["option", "environment", None])
def test_serve_in_front_of_an_engine(serve, interrupt, capsys, monkeypatch, given):
    key = "sk-two-secret"
    models = [Model(id=f"m{at}", capabilities=("text",)) for at in range(7)]
    url = serve("ok", STOP, api_key=key if given else None, models=models)
    options = ["--upstream", f"{url}/v1"]
    if given == "option":
        options += ["--upstream-key", key]
    elif given == "environment":
        monkeypatch.setenv("FOXSTREAM_UPSTREAM_KEY", key)
    last = "and 2 more." if given else "asked without a key"
    guide = guide_of(interrupt, capsys, last, *options)
    assert 'foxstream ask "Say hello." --model NAME' in guide
    assert "The upstream has m0, m1, m2, m3, m4 and 2 more." in guide
    assert ("asked without a key" in guide) == (given is None)
    assert key not in guide


def test_serve_in_front_of_nothing(interrupt, capsys):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound, but it does not listen: whoever calls is refused
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        guide = guide_of(interrupt, capsys, "asked without a key", "--upstream", url)
    assert "the upstream cannot be reached" in guide
    assert "Tasks fail until it answers." in guide


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "0.0.0.0"], "api_key is needed - see foxstream serve --help"),
        (["--port", "99999"], "cannot listen"),
        (["--retention", "0"], "retention"),
        (["--api-key", ""], "api_key is empty"),
        (["--upstream-key", "sk-two"], "--upstream-key is for --upstream"),
        (["--upstream", "localhost:8000"], "--upstream or its key cannot be used: base_url is no"),
        (["--upstream", "http://127.0.0.1:8000/v1", "--upstream-key", ""], "api_key is empty"),
        (["--upstream", "http://example.org/v1", "--upstream-key", "sk-two"], "unencrypted"),
    ],
)
def test_serve_refuses_what_would_not_work(local, capsys, options, told):
    assert run(["serve", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err


def test_nobody_reads_any_more(serve, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    serve("ok", STOP)
    monkeypatch.setattr(sys, "stdout", Closed())
    assert run(["ask", "x"]) == 141


def test_no_space_for_the_answer(serve, monkeypatch, capsys):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    serve("ok", STOP)
    monkeypatch.setattr(sys, "stdout", Full())
    assert run(["ask", "x"]) == 1
    assert "standard output cannot be written: No space left" in capsys.readouterr().err


def test_closed_standard_streams(serve, monkeypatch):
    serve("ok", STOP)
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert run(["ask", "x"]) == 0


def test_main_reads_the_arguments_of_the_process(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["foxstream", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("foxstream ")


def main_without(monkeypatch, module, error):
    """`main` where importing `module` raises `error`."""

    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == module:
                raise error

    for name in [*sys.modules]:
        if name == module or name.startswith("foxstream.cli."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    return main()


@pytest.mark.parametrize("library", ["typer", "rich.console"])
def test_without_the_extra_cli_its_command_is_named(monkeypatch, capsys, library):
    missing = ModuleNotFoundError(f"No module named {library!r}", name=library)
    assert main_without(monkeypatch, library, missing) == 2
    out, err = capsys.readouterr()
    assert out == ""
    name = library.partition(".")[0]
    assert err == f'foxstream: the command line needs {name} - pip install "foxstream[cli]"\n'


def test_any_other_missing_module_is_a_fault_to_see(monkeypatch):
    missing = ModuleNotFoundError("No module named 'other'", name="other")
    with pytest.raises(ModuleNotFoundError):
        main_without(monkeypatch, "foxstream.cli.ask", missing)
