"""What tests share: event loops, a watch on blocking calls, turns, needed programs, a browser."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import HealthCheck, settings

from tests.browsers import chromium
from tests.needed import need
from tests.turns import Dealt

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell does so to what it backgrounds
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast examples are made is the machine's, and of coverage, and of the neighbour's.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

BACKENDS = {
    "asyncio": ("asyncio", {"debug": True}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


def pytest_configure(config: pytest.Config) -> None:
    """One of several processes (pytest-xdist) takes its turns with the others."""
    if (worker := getattr(config, "workerinput", None)) is not None:
        config.pluginmanager.register(Dealt(worker["testrunuid"]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """`@pytest.mark.needs("redis")`: see `tests.needed`."""
    for mark in item.iter_markers("needs"):
        need(*mark.args)


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """asyncio in debug mode, asyncio on uvloop, trio; a test that needs one overrides it."""
    return request.param


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[None]:
    """A call of foxstream that would block the event loop raises `BlockingError`."""
    with blockbuster_ctx("foxstream") as watch:
        # A thread that coverage traces may wait for another one there.
        watch.functions["threading.Lock.acquire"].can_block_in("coverage/collector.py", "lock_data")
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """One browser for the pages of a module; while it runs so does its event loop."""
    with chromium() as browser:
        yield browser
