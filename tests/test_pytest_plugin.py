"""The pytest plugin, in a pytest of its own, with tests as its users write them."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from foxstream.integrations import pytest as plugin

pytest_plugins = ["pytester"]

# A pytest inside this one forgets the modules that it was the first to load.
for room in ("client", "testing.cassette", "testing.gateway", "transports.aiohttp"):
    import_module(f"foxstream.{room}")

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# No others: some of them load for seconds.
PLUGINS = ("-p", "foxstream.integrations.pytest", "-p", "anyio.pytest_plugin")

BOT = """
import asyncio, os, foxstream, pytest

async def stream(prompt):
    async with foxstream.stream(prompt) as answer:
        return "".join([str(delta) async for delta in answer]), answer.timings

def reply(prompt):
    return asyncio.run(stream(prompt))
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch):
    """Runs pytest on `BOT` and tests of it; no key and no gateway are set."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("FOXAPI_API_KEY", "FOXAPI_BASE_URL", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)

    def start(tests: str, *options: str, apart: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_bot=BOT + tests)
        if apart:
            return pytester.runpytest_subprocess(*PLUGINS, *options, timeout=60)
        return pytester.runpytest_inprocess(*PLUGINS, *options)

    return start


def test_it_is_found_where_foxstream_is_installed():
    with (ROOT / "pyproject.toml").open("rb") as file:
        (entry,) = tomllib.load(file)["project"]["entry-points"]["pytest11"].items()
    assert EntryPoint(*entry, "pytest11").load() is plugin


def test_loading_it_loads_no_fixture(pytester):
    loads = "from foxstream.integrations import pytest; import sys; print(*sorted(sys.modules))"
    modules = pytester.run(sys.executable, "-c", loads).outlines[0].split()
    assert "foxstream.integrations.pytest" in modules
    assert not {"foxstream.testing", "foxstream.client", "aiohttp", "httpx"} & set(modules)


GATEWAY = """
def test_plain(fox_gateway):
    fox_gateway.answer("A fox, ", "running.", reasoning="Hm.", ttft=0.1)
    text, timings = reply("What?")
    assert text == "A fox, running."
    assert 0.1 <= timings.ttft < 1
    assert [asked.prompt for asked in fox_gateway.requests] == ["What?"]

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_async(fox_gateway):
    fox_gateway.answer("A", "B", cut_after=1)
    text, timings = await stream("What?")
    assert (text, timings.reconnects) == ("AB", 1)

def test_nothing_is_left_behind():
    assert "FOXAPI_BASE_URL" not in os.environ and "FOXAPI_API_KEY" not in os.environ

def test_unasked(fox_gateway):
    fox_gateway.answer("never said")

def test_lenient(fox_gateway):
    fox_gateway.strict = False
    fox_gateway.answer("never said")

def test_unanswered(fox_gateway):
    with pytest.raises(foxstream.FoxError):
        reply("What?")

def test_its_own_failure_comes_first(fox_gateway):
    fox_gateway.answer("never said")
    assert 1 == 2
"""


def test_a_gateway_for_each_test(run):
    result = run(GATEWAY, apart=True)
    result.assert_outcomes(passed=5, failed=3)
    said = result.stdout.str()
    assert "1 scripted answers were not asked for" in said
    assert "1 of 1 requests found no answer, first 'What?'" in said
    assert "assert 1 == 2" in said
    assert "During handling" not in said
    assert "testing/script.py" not in said


def test_unasked_answers_may_be_allowed(run, pytester):
    pytester.makeini("[pytest]\nfox_strict = false\n")
    run("def test_it(fox_gateway): fox_gateway.answer('never said')").assert_outcomes(passed=1)


def test_the_example_of_the_readme(run):
    (example,) = re.findall(r"```python\n([^`]*fox_gateway.*?)```", README, re.DOTALL)
    run(example).assert_outcomes(passed=example.count("\ndef test_"))


CASSETTE = '''
@pytest.fixture(autouse=True)
def service(request, monkeypatch):
    """What plays the service while it is recorded."""
    if request.config.getoption("--fox-record"):
        gateway = request.getfixturevalue("fox_gateway")
        monkeypatch.setenv("FOXAPI_API_KEY", "sk-service-key-1")
        gateway.strict = False
        gateway.answer("recorded", ttft=0.3)
        gateway.answer("recorded", ttft=0.3)

class TestBot:
    @pytest.mark.parametrize("prompt", ["a/b", "a b"])
    def test_it(self, fox_cassette, prompt):
        text, timings = reply(prompt)
        assert text == "recorded"
        assert 0.3 <= timings.ttft < 2

def test_failing(fox_cassette):
    reply("x")
    assert fox_cassette is None

def test_hiding(fox_cassette):
    try:
        reply("PROMPT")
    except BaseException:
        pass
'''


def test_a_cassette_is_recorded_and_played(run, pytester):
    """What failed is not kept; a request that is not there fails, although it is hidden."""
    run(CASSETTE, "--fox-record=once").assert_outcomes(passed=3, failed=1)
    files = sorted(pytester.path.glob("cassettes/test_bot/*"))
    assert [re.sub(r"-\w{8}\.", ".", file.name) for file in files] == [
        *["TestBot.test_it-a-b.jsonl"] * 2,
        "test_hiding.jsonl",
    ]
    assert not any("sk-service-key-1" in file.read_text() for file in files)
    result = run(CASSETTE.replace("PROMPT", "PROMPT?"))
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines_random(
        [
            "*'PROMPT[?]'* is not in *test_hiding.jsonl: *'PROMPT'*--fox-record=all",
            "there is no cassette *test_failing.jsonl: record it with --fox-record=once",
        ]
    )


def test_an_empty_key_is_no_key(run, monkeypatch):
    """As where a secret is not told to a build."""
    run(CASSETTE, "--fox-record=once", "-k", "TestBot").assert_outcomes(passed=2, deselected=2)
    monkeypatch.setenv("FOXAPI_API_KEY", "")
    run(CASSETTE, "-k", "TestBot").assert_outcomes(passed=2, deselected=2)


def test_a_cassette_at_its_own_speed(run, pytester):
    pytester.makeini("[pytest]\nfox_record = once\n")
    timed = "def test_it(fox_cassette): print('speed', fox_cassette.speed, reply('x')[0])"
    recording = CASSETTE.partition("class")[0].replace("if request", "if True or request") + timed
    run(recording).assert_outcomes(passed=1)
    result = run(timed, "--fox-speed=50", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*speed 50.0 recorded*"])


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("fox_record=never", "mode is 'never': one of none, once, all"),
        ("fox_speed=fast", "fox_speed is 'fast': a number from 0 on"),
        ("fox_speed=-1", "speed is -1.0: from 0 on"),
    ],
)
def test_options_that_make_no_sense(run, option, told):
    result = run("def test_it(fox_cassette): pass", "-o", "fox_record=once", "-o", option)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
