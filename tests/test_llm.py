"""The plugin for llm: its models, and the command as it is typed, against a gateway on sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import anyio
import pytest

from foxstream import Usage
from foxstream.errors import MissingExtraError
from foxstream.testing import ScriptedGateway
from tests.gatewaykit import PNG

llm = pytest.importorskip("llm", reason="llm is not installed")
from click.testing import CliRunner  # noqa: E402
from llm.cli import cli  # noqa: E402
from llm.plugins import load_plugins, pm  # noqa: E402

from foxstream.integrations import llm as plugin  # noqa: E402
from foxstream.integrations.llm import _models as models  # noqa: E402

ROOT = Path(__file__).parent.parent
LLM = Path(sys.executable).with_name("llm")
MP4 = b"\0\0\0\x20ftypisom" + bytes(100)
WAV = b"RIFF....WAVE" + bytes(100)
DETAILS = {"completion_tokens_details.reasoning_tokens": 3}
THOUGHT = {"reasoning": "Hm.", "usage": Usage(12, 5, 17, DETAILS)}

typed = pytest.mark.skipif(
    "foxapi" not in entry_points(group="llm").names or not LLM.exists(),
    reason="foxstream is not installed with its entry points: pip install -e '.[test]'",
)


@pytest.fixture
def gateway(tmp_path, monkeypatch):
    """A gateway that llm asks, with a folder of its own and the key of nobody."""
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    monkeypatch.delenv("FOXAPI_API_KEY", raising=False)
    with ScriptedGateway() as gateway:
        monkeypatch.setenv("FOXAPI_BASE_URL", gateway.url)
        yield gateway


@pytest.fixture
def command(gateway):
    """Runs the command in this process."""
    load_plugins()
    foreign = not any(each is plugin for each in pm.get_plugins())
    if foreign:
        pm.register(plugin)
        plugin.register_commands(cli)
    yield lambda *words: CliRunner().invoke(cli, words)
    if foreign:
        pm.unregister(plugin)
        del cli.commands["foxapi"]


def model(name="gemini-2.5-pro", *, is_async=False):
    pairs = {pair[0].name: pair for pair in models.registered()}
    found = pairs[name][is_async]
    found.key = "test-key"
    return found


def test_it_is_found_where_foxstream_is_installed():
    with (ROOT / "pyproject.toml").open("rb") as file:
        (entry,) = tomllib.load(file)["project"]["entry-points"]["llm"].items()
    assert EntryPoint(*entry, "llm").load() is plugin


def test_reasoning_is_no_text(gateway):
    gateway.answer("A fox, ", "running.", **THOUGHT)
    response = model().prompt("What?", temperature=0.5, max_tokens=9, reasoning=True)
    events = [(event.type, event.chunk) for event in response.stream_events()]
    assert events == [("reasoning", "Hm."), ("text", "A fox, "), ("text", "running.")]
    assert response.text() == "A fox, running."
    assert response.usage() == llm.Usage(12, 5, DETAILS)
    assert response.response_json["task_id"].startswith("task-")
    assert response.response_json["finish_reason"] == "stop"
    (asked,) = gateway.requests
    assert (asked.prompt, asked.temperature, asked.max_tokens) == ("What?", 0.5, 9)
    assert asked.reasoning is True


def test_without_streaming_it_comes_at_once(gateway):
    gateway.answer("A fox, ", "running.", **THOUGHT)
    response = model().prompt("What?", stream=False)
    assert list(response) == ["A fox, running."]
    assert [event.type for event in response.stream_events()] == ["reasoning", "text"]


@pytest.mark.parametrize("stream", [True, False])
def test_asynchronously(gateway, stream):
    gateway.answer("A fox, ", "running.", **THOUGHT)

    asked = model(is_async=True)

    async def main():
        response = asked.prompt("What?", stream=stream)
        return await response.text(), await response.usage()

    text, usage = anyio.run(main)
    assert (text, usage.input) == ("A fox, running.", 12)


KINDS = ["text", "video", "video", "image", "audio"]


def test_attachments_of_a_first_question(gateway, tmp_path):
    gateway.answer("ok")
    (tmp_path / "clip.mp4").write_bytes(MP4)
    attachments = [
        llm.Attachment(path=str(tmp_path / "clip.mp4")),
        llm.Attachment(url="https://a.example/b.mov", type="video/quicktime"),
        llm.Attachment(content=PNG),
        llm.Attachment(content=WAV, type="audio/wav"),
    ]
    assert model().prompt("What?", attachments=attachments, system="Be brief.").text() == "ok"
    (asked,) = gateway.requests
    system, user = asked.messages
    assert system == {"role": "system", "content": "Be brief."}
    told = [(block["type"], str(block)[:80]) for block in user["content"]]
    assert [kind.partition("_")[0] for kind, _ in told] == KINDS
    assert "data:video/mp4" in told[1][1]
    assert "https://a.example/b.mov" in told[2][1]
    assert "data:image/png" in told[3][1]
    assert "data:audio/wav" in told[4][1]


def test_a_conversation_keeps_its_media(gateway, tmp_path, monkeypatch):
    monkeypatch.setattr("foxstream.integrations.llm.asking._INLINE", 1000)
    for text in ("A fox.", "Red.", "Two sounds."):
        gateway.answer(text, reasoning="Hm.")
    (tmp_path / "large.mp4").write_bytes(MP4 + bytes(2000))
    talk = model().conversation()
    first = [llm.Attachment(content=MP4), llm.Attachment(path=str(tmp_path / "large.mp4"))]
    talk.prompt("What?", attachments=first, system="Be brief.").text()
    talk.prompt("And its colour?").text()
    sounds = [
        llm.Attachment(content=WAV, type="audio/wav"),
        llm.Attachment(url="http://a/b.mp3", type="audio/mpeg"),
    ]
    talk.prompt(attachments=sounds).text()
    assert len(gateway.requests[0].videos) == 2
    turns = gateway.requests[2].messages
    assert [turn["role"] for turn in turns] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert turns[2]["content"] == "A fox."
    inline, uploaded = (block["video_url"]["url"] for block in turns[1]["content"][1:])
    assert inline.startswith("data:video/mp4;base64,")
    assert uploaded.startswith("http://127.0.0.1")
    assert [block["type"] for block in turns[5]["content"]] == ["audio_url", "audio_url"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({"error": "overloaded"}, r"overloaded .*\(task task-"),
        ({"cut_after": 0}, None),
    ],
)
def test_failures_are_told_in_words(gateway, script, told):
    gateway.answer("half", **script)
    response = model().prompt("What?")
    if told is None:
        assert response.text() == "half"
        return
    with pytest.raises(llm.ModelError, match=told):
        response.text()


def test_a_clock_may_be_set(gateway):
    gateway.answer("late", ttft=5)
    with pytest.raises(llm.ModelError, match="total"):
        model().prompt("What?", timeout=0.2).text()


def test_what_is_no_medium_is_refused(gateway):
    message = llm.user("look", llm.Attachment(content=b"%PDF-1.7", type="application/pdf"))
    with pytest.raises(llm.ModelError, match="an attachment is application/pdf"):
        model().prompt(messages=[message]).text()


@pytest.mark.parametrize("options", [{"temperature": 3}, {"max_tokens": 0}, {"top_p": 1}])
def test_options_that_make_no_sense(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        model().prompt("What?", **options)


def test_a_model_takes_what_it_can(gateway):
    assert "video/mp4" not in model("gpt-5.5").attachment_types
    assert {"video/mp4", "image/png", "audio/mpeg"} <= model("").attachment_types
    with pytest.raises(ValueError, match="does not support attachments of type 'video/mp4'"):
        model("gpt-5.5").prompt("What?", attachments=[llm.Attachment(type="video/mp4")])


def test_any_model_by_its_name(gateway, command):
    gateway.answer("ok")
    result = command("-m", "foxapi", "-o", "model", "nova-9", "What?", "--key", "sk-1")
    assert (result.exit_code, result.output) == (0, "ok\n")
    assert gateway.requests[0].model == "nova-9"


def test_a_key_is_needed_but_for_a_gateway(gateway, command, monkeypatch):
    gateway.answer("ok")
    assert command("-m", "foxapi/gemini-2.5-pro", "What?").output == "ok\n"
    monkeypatch.delenv("FOXAPI_BASE_URL")
    result = command("-m", "foxapi/gemini-2.5-pro", "What?")
    assert result.exit_code == 1
    assert "`llm keys set foxapi`, or set FOXAPI_API_KEY" in result.output


def test_what_is_not_supported_is_said(command):
    result = command("-m", "foxapi/gemini-2.5-pro", "What?", "--schema", "name, age")
    assert (result.exit_code, "does not support schemas" in result.output) == (1, True)


def test_the_models_of_the_key(command, tmp_path):
    assert "foxapi/gemini-2.5-pro: text, vision, video, audio" in command("foxapi", "models").output
    assert "12 models in" in command("foxapi", "refresh").output
    file = tmp_path / "llm" / "foxapi_models.json"
    file.write_text(json.dumps([{"id": "nova-9", "capabilities": None}]))
    listed = command("models").output
    assert "foxapi/nova-9" in listed
    assert "foxapi/gemini" not in listed
    file.write_text("{")
    with pytest.warns(UserWarning, match="mend it with `llm foxapi refresh`"):
        assert len(list(models.registered())) == 13


def test_a_failure_of_refresh_is_told(command, monkeypatch):
    monkeypatch.setenv("FOXAPI_BASE_URL", "ftp://nowhere")
    result = command("foxapi", "refresh")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


def test_an_older_llm_is_left_as_it_is(monkeypatch):
    monkeypatch.setitem(sys.modules, "foxstream.integrations.llm._models", None)
    with pytest.warns(UserWarning, match=r"llm 0\.32 or newer is needed"):
        plugin.register_models(register=None)


def test_without_llm_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "llm", None)
    monkeypatch.delitem(sys.modules, "foxstream.integrations.llm")
    with pytest.raises(MissingExtraError, match=r'pip install "foxstream\[llm\]"'):
        __import__("foxstream.integrations.llm")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LLM, *words], capture_output=True, text=True, timeout=60, check=False, env=os.environ
    )


@typed
def test_the_command_itself(gateway, tmp_path, command):
    gateway.answer("A fox, ", "running.", **THOUGHT)
    gateway.answer("Red.")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(MP4)
    first = run("-m", "foxapi/gemini-2.5-pro", "What happens?", "-a", str(clip), "-u")
    assert (first.returncode, first.stdout) == (0, "A fox, running.\n")
    assert "Hm." in first.stderr
    assert "12 input, 5 output" in first.stderr
    assert command("-c", "And its colour?").output == "Red.\n"
    assert gateway.requests[0].videos[0].startswith("data:video/mp4")
    assert len(gateway.requests[1].messages) == 3
    gateway.check()


@typed
def test_ctrl_c_ends_the_command(gateway):
    gateway.answer("A fox, ", "never said", stall_after=1, ttft=0.1)
    words = [LLM, "-m", "foxapi/gemini-2.5-pro", "What?"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(6) == b"A fox,"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 1
    assert b"Traceback" not in said


def test_the_readme_names_what_there_is(command):
    section = (ROOT / "README.md").read_text().partition("## In llm")[2].partition("\n## ")[0]
    assert "foxapi refresh" in section
    assert "foxapi/gemini-2.5-pro" in command("models").output
