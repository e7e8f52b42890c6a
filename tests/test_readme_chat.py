"""The chat of the README as its reader runs it: served by uvicorn, read in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foxstream.testing import ScriptedGateway
from tests.browsers import chromium
from tests.test_readme import PROGRAMS

[CHAT] = [program for program in PROGRAMS if "FastAPI(lifespan" in program and "PAGE" in program]
SAID = "document.querySelector('main').innerText"


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    with ScriptedGateway() as gateway:
        yield gateway


@contextmanager
def served(folder: Path, gateway: ScriptedGateway) -> Iterator[str]:
    (folder / "chat.py").write_text(CHAT, encoding="utf-8")
    server = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "uvicorn", "chat:app", "--port", "0"],
        cwd=folder,
        env={**os.environ, "FOXAPI_BASE_URL": gateway.url, "FOXAPI_API_KEY": "any-key"},
        stderr=subprocess.PIPE,
        text=True,
    )
    told: list[str] = []
    try:
        yield next(filter(None, map(address, server.stderr)))
    finally:
        server.terminate()
        told += server.communicate(timeout=20)[1]
    assert "Traceback" not in "".join(told), told


def address(line: str) -> str:
    """Where it runs, if the line tells it."""
    found = re.search(r"running on (http://\S+)", line)
    return found[1] if found else ""


def test_two_questions_are_answered_word_by_word(tmp_path: Path, gateway: ScriptedGateway):
    gateway.answer("A fox, ", "running.", delay=1.0)
    gateway.answer("Still a fox.")
    with served(tmp_path, gateway) as url, chromium() as browser:
        view = browser.new_page()
        view.goto(url)
        view.get_by_label("Question").fill("What is it?")
        view.keyboard.press("Enter")
        view.wait_for_function(f"{SAID} === 'A fox, '.trim()")
        view.wait_for_function(f"{SAID} === 'A fox, running.'")
        view.get_by_role("button").click()
        view.wait_for_function(f"{SAID}.endsWith('Still a fox.')")
    assert [asked.prompt for asked in gateway.requests] == ["What is it?", "What is it?"]


def test_a_failure_is_said_in_words(tmp_path: Path, gateway: ScriptedGateway):
    gateway.answer("A fox, ", error="the model fell over")
    with served(tmp_path, gateway) as url, chromium() as browser:
        view = browser.new_page()
        view.goto(url)
        view.get_by_label("Question").fill("What is it?")
        view.keyboard.press("Enter")
        view.wait_for_function(f"{SAID}.includes('the model fell over')")
