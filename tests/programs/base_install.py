"""What must hold where only the base dependencies are installed: `python base_install.py`.

It imports nothing but foxstream and the standard library, so that it can be run by the
interpreter of an empty environment, from any folder. What does not hold ends it with its name.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distributions, metadata, requires
from pathlib import Path

import anyio

import foxstream
from foxstream.transports import Pause, Play, ReplayTransport

BASE = {"aiohttp", "anyio", "httpx", "httpx-sse", "msgspec"}
TOOLS = {"pip", "setuptools", "wheel"}
OF_DEVELOPERS = {"all", "fuzz", "peers", "test"}
FACTS = ("Name", "Version", "Summary", "License-Expression", "Requires-Python", "Keywords")


def main() -> None:
    """Check all, and tell what was checked."""
    check_metadata()
    check_installed()
    anyio.run(check_stream)
    check_hints()
    python = ".".join(map(str, sys.version_info[:3]))
    sys.stdout.write(f"foxstream {foxstream.__version__} on Python {python}: as it should be\n")


def check_metadata() -> None:
    """A page of a package index can be made of what the distribution says of itself."""
    facts = metadata("foxstream")
    lacking = [name for name in FACTS if not facts[name]]
    assert not lacking, f"the metadata lacks {lacking}"
    classifiers = facts.get_all("Classifier") or []
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in classifiers, classifiers
    links = facts.get_all("Project-URL") or []
    assert links, "the metadata names no page"
    assert len(facts.get_payload()) > 1000, "the README is not in the metadata"


def check_installed() -> None:
    """The base install brought what the five libraries need, and no more."""
    assert needs_of("foxstream") == BASE, needs_of("foxstream")
    installed = {normal(found.name) for found in distributions()}
    foreign = installed - closure(BASE) - TOOLS - {"foxstream"}
    assert not foreign, f"installed as well: {sorted(foreign)}"


async def check_stream() -> None:
    """An answer streams without a network and in virtual time."""
    hello = b'data: {"choices":[{"delta":{"content":"Hello"}}]}\n\n'
    answer = Play((hello, Pause(30.0), b"data: [DONE]\n\n"))
    transport = ReplayTransport([answer])
    async with foxstream.Client(base_url="http://127.0.0.1", transport=transport) as client:
        said = [delta.text async for delta in client.stream("Hi", direct=True)]
    assert said == ["Hello"], said


def check_hints() -> None:
    """What needs an extra says which, in words that can be typed; no extra is forgotten."""
    extras = set(metadata("foxstream").get_all("Provides-Extra") or ()) - OF_DEVELOPERS
    assert extras == set(NEEDED), f"no hint is checked for {sorted(extras ^ set(NEEDED))}"
    for extra, need in NEEDED.items():
        hint = need()
        assert f"foxstream[{extra}]" in hint, f"extra {extra}: {hint!r}"


def hint_of(module: str, name: str | None = None) -> Callable[[], str]:
    """What is said to a program that asks for a name of a module whose extra is missing."""

    def ask() -> str:
        try:
            found = import_module(module)
            if name is not None:
                getattr(found, name)
        except foxstream.MissingExtraError as error:
            return str(error)
        return ""

    return ask


def hint_of_video() -> str:
    """What a video is answered with that is to be measured."""
    from foxstream.video import require_pyav

    try:
        require_pyav()
    except foxstream.MissingExtraError as error:
        return str(error)
    return ""


def hint_of_command() -> str:
    """What the command says."""
    command = Path(sysconfig.get_path("scripts")) / "foxstream"
    ran = subprocess.run([command, "demo"], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2, ran
    return ran.stderr


NEEDED = {
    "bench": hint_of("foxstream.bench.statistics"),
    "captions": hint_of("foxstream.captions", "caption"),
    "cli": hint_of_command,
    "llm": hint_of("foxstream.integrations.llm"),
    "otel": hint_of("foxstream.integrations.otel", "instrument"),
    "redis": hint_of("foxstream.relay", "RedisStore"),
    "video": hint_of_video,
}


def closure(names: Iterable[str]) -> set[str]:
    """The names, and all that they need here."""
    reached: set[str] = set()
    waiting = {normal(name) for name in names}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= needs_of(name) - reached
    return reached


def needs_of(name: str) -> set[str]:
    """What a distribution needs without an extra; none where it is not installed here."""
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return set()
    return {normal(line) for line in lines if "extra ==" not in line}


def normal(requirement: str) -> str:
    """The name that a requirement begins with, as an index compares names."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


if __name__ == "__main__":
    main()
