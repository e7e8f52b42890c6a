"""The pytest plugin: `fox_gateway` answers as scripted, `fox_cassette` as recorded.

    def test_the_bot_greets(fox_gateway):
        fox_gateway.answer("Hello.")
        assert bot.reply("Hi!") == "Hello."

House rule: pytest loads this wherever foxstream is installed, so nothing is imported before a
fixture is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from foxstream.testing import Cassette, ScriptedGateway

__all__ = ["fox_cassette", "fox_gateway"]

_RECORD = ("none", "once", "all")
_gateways: pytest.StashKey[ScriptedGateway] = pytest.StashKey()
_cassettes: pytest.StashKey[Cassette] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fox-record` and `--fox-speed`, also as ini options, and the ini option `fox_strict`."""
    group = parser.getgroup("foxstream")
    record = "when fox_cassette records: none (the default), once (where there is no file), all"
    group.addoption("--fox-record", choices=_RECORD, help=record)
    speed = "how fast fox_cassette plays: 0 at once (the default), 1 as it was, 10 ten times that"
    group.addoption("--fox-speed", type=float, help=speed)
    parser.addini("fox_record", record, default="none")
    parser.addini("fox_speed", speed, default="0")
    strict = "whether a scripted answer that nobody asked for fails a test of fox_gateway"
    parser.addini("fox_strict", strict, type="bool", default=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """What passed is held against its script and its cassette; only then is a recording kept."""
    result = yield
    with _told_in_a_line():
        if gateway := item.stash.get(_gateways, None):
            gateway.check()
        if cassette := item.stash.get(_cassettes, None):
            cassette.check()
            cassette.save()
    return result


@pytest.fixture
def fox_gateway(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ScriptedGateway]:
    """A gateway on this machine that says what the test scripts; see `ScriptedGateway`.

    `FOXAPI_BASE_URL` and `FOXAPI_API_KEY` lead there, so a plain `foxstream.stream` asks it.
    """
    from foxstream.testing import ScriptedGateway

    with ScriptedGateway(strict=request.config.getini("fox_strict")) as gateway:
        monkeypatch.setenv("FOXAPI_BASE_URL", gateway.url)
        monkeypatch.setenv("FOXAPI_API_KEY", "test-key")
        request.node.stash[_gateways] = gateway
        yield gateway


@pytest.fixture
def fox_cassette(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cassette:
    """What the service said when it was recorded; see `Cassette`.

    Every client without a transport of its own uses it. Recording needs a key, playing none. The
    file lies beside the test's, as `cassettes/<module>/<test>.jsonl`.
    """
    from foxstream.testing import Cassette

    config = request.config
    path = _path(request.path, request.node.nodeid)
    mode = config.getoption("--fox-record") or config.getini("fox_record")
    with _told_in_a_line():
        cassette = Cassette(path, mode, speed=_speed(config))
    monkeypatch.setattr("foxstream.client.NativeTransport", cassette.transport)
    if not cassette.recording and not os.environ.get("FOXAPI_API_KEY"):
        monkeypatch.setenv("FOXAPI_API_KEY", "none-is-needed")
    request.node.stash[_cassettes] = cassette
    return cassette


@contextmanager
def _told_in_a_line() -> Generator[None]:
    """No traceback through foxstream: the message says it all."""
    try:
        yield
    except (AssertionError, ValueError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _speed(config: pytest.Config) -> float:
    speed = config.getoption("--fox-speed")
    if speed is not None:
        return speed
    written = config.getini("fox_speed")
    try:
        return float(written)
    except ValueError:
        raise ValueError(f"fox_speed is {written!r}: a number from 0 on") from None


def _path(module: Path, nodeid: str) -> Path:
    """Beside the module; a digest tells names apart that are the same without their signs."""
    name = nodeid.partition("::")[2].replace("::", ".")
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-")[:100]
    if plain != name:
        plain += f"-{sha256(name.encode()).hexdigest()[:8]}"
    return module.parent / "cassettes" / module.stem / f"{plain}.jsonl"
