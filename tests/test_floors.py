"""The stairs: who may import whom and what, and who may wait, read a clock or print."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "foxstream"
SANS_IO = (
    ("answer", "_lazy", "_version"),
    ("errors", "progress", "resources"),
    ("limits", "sse", "wire", "exchange"),
    ("deltas", "sources", "address", "clocks"),
    ("question", "endpoints", "decoder", "mending", "recovery", "retelling"),
    ("replies", "telling", "watching"),
)
LOW_TRANSPORTS = (
    "transports.capped",
    "transports.closing",
    "transports.foreign",
    "transports.keeper",
)
# The figures of the stopwatch: no instant is measured in them, so they wait for nothing either.
BENCH_FIGURES = (
    ("bench.plan", "bench.record"),
    ("bench.metrics", "bench.result", "bench.schedule", "bench.window"),
    ("bench.statistics", "bench.tokens"),
    ("bench.comparison", "bench.keeping_up"),
    ("bench.summary",),
)
# From words to lines on a screen, and which window is next: nothing waits and no clock is read.
CAPTION_WORDS = (
    ("captions.cue", "captions.extra", "captions.layout", "captions.tally", "captions.planning"),
    ("captions.spans",),
    ("captions.breaking", "captions.prompts", "captions.ordering", "captions.formats"),
    ("captions.course", "captions.known", "captions.phrases"),
    ("captions.cues",),
)
# What a page knows and whom it answers, however it is served.
CAPTION_PAGE = (("captions.page.playhead", "captions.page.hosts", "captions.page.state"),)
# A stream as its viewers find it; when there is more of it is none of their business.
RELAY_LOG = (
    ("relay.errors", "relay.bounds", "relay.entries"),
    ("relay.said",),
    ("relay.log",),
    ("relay.resuming",),
)
# What is on a cassette, and what must never be.
TESTING_TAPE = (
    ("testing.errors", "testing.masking"),
    ("testing.tape",),
)
FLOORS = (
    *SANS_IO,  # ═══ the water line: no await, no clock, no socket up to here
    ("logs", "media", "records", *LOW_TRANSPORTS),
    ("transports.httpx_sending",),
    ("transports.aiohttp", "transports.httpx", "transports.replay"),
    ("transports.native", "retrying", "service"),
    ("transports", "attachments", "chat", "polling"),
    ("openings", "endings", "text_stream"),
    ("healing",),
    ("streams",),
    ("client",),
    ("video",),
    *CAPTION_WORDS,
    *RELAY_LOG,
    *TESTING_TAPE,
    ("gateway", "relay"),
    ("testing", "integrations.event_stream"),
    ("integrations.aiohttp", "integrations.starlette"),
    ("integrations.llm", "integrations.otel", "integrations.pytest"),
    ("integrations",),
    ("captions", "sync"),
    *CAPTION_PAGE,
    ("captions.page",),
    *BENCH_FIGURES,
    ("bench",),
    ("foxstream",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
THINKING = (*SANS_IO, *CAPTION_WORDS, *CAPTION_PAGE, *RELAY_LOG, *TESTING_TAPE, *BENCH_FIGURES)
DRY = {room for rooms in THINKING for room in rooms}
# Many files, one room: inside it they import each other.
WINGS = {
    *("video", "gateway", "relay", "testing", "integrations.llm", "integrations.otel"),
    *("captions", "captions.page", "sync", "bench", "cli"),
}

CLOCKS = {"time", "datetime"}
GUARDED = CLOCKS | {"asyncio", "socket", "ssl", "http", "select", "threading", "subprocess"}
FREE = sys.stdlib_module_names - GUARDED | {"msgspec", "foxstream"}
MAY_IMPORT = {
    "media": {"anyio"},
    "transports.capped": {"socket"},
    "transports.closing": {"anyio", "asyncio"},
    "transports.foreign": {"socket"},
    "transports.httpx_sending": {"anyio", "httpx", "httpx_sse"},
    "transports.aiohttp": {"aiohttp", "asyncio", "time"},
    "transports.httpx": {"anyio", "asyncio", "http", "httpx", "ssl", "time"},
    "transports.native": {"asyncio", "time"},
    "transports.replay": {"anyio"},
    "streams": {"anyio"},
    "video": {"anyio", "av", "threading"},
    "gateway": {"aiohttp", "yarl", "anyio", "asyncio", "socket", "time"},
    "captions.breaking": {"wcwidth"},
    "captions.formats": {"webvtt"},
    "captions": {"anyio", "asyncio", "trio"},
    "captions.page": {"aiohttp", "anyio", "asyncio", "socket"},
    "relay": {"anyio", "redis"},
    "integrations.aiohttp": {"aiohttp", "anyio"},
    "integrations.otel": {"opentelemetry", "time"},
    "integrations.starlette": {"anyio", "starlette"},
    "integrations.llm": {"anyio", "click", "llm", "pydantic"},
    "integrations.pytest": {"pytest"},
    "testing": {"aiohttp", "anyio", "time"},
    "sync": {"asyncio", "threading"},
    "bench.statistics": {"numpy", "scipy"},
    "bench": {
        *("aiohttp", "anyio", "matplotlib", "asyncio"),
        *("gc", "socket", "subprocess", "threading", "time"),
    },
    "cli": {"aiohttp", "anyio", "asyncio", "rich", "typer", "time"},
}
WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
NAMELESS = {"utils", "helpers", "common", "manager", "misc", "base"}
MAX_LINES = 400


def room_of(module: str) -> str:
    """The room of `foxstream.a.b`: the longest name that the floors list, else the package."""
    name = module.removeprefix("foxstream").removeprefix(".")
    while name and name not in FLOOR:
        name = name.rpartition(".")[0]
    return name or "foxstream"


def module_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        origin = "." * node.level + (node.module or "")
        yield from (f"{origin}.{alias.name}" for alias in node.names)


def is_signature(node: ast.AsyncFunctionDef) -> bool:
    """Declared, not defined: the body is a docstring and `...`."""
    return all(isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) for s in node.body)


def offences(module: str, source: str) -> Iterator[str]:
    room = room_of(module)
    if module not in {"foxstream", f"foxstream.{room}"} and room not in WINGS:
        yield f"{module} is on no floor"
    if module.rpartition(".")[2] in NAMELESS:
        yield f"{module} does not say what it holds"
    if source.count("\n") > MAX_LINES:
        yield f"{module} is longer than {MAX_LINES} lines"
    for node in ast.walk(ast.parse(source)):
        for name in imports(node):
            target, library = room_of(name), name.partition(".")[0]
            if library not in FREE | MAY_IMPORT.get(room, set()):
                yield f"{room} may not import {library or name}"
            same_wing = target == room and room in WINGS
            if library == "foxstream" and not same_wing and FLOOR[target] >= FLOOR[room]:
                yield f"{room} imports {target}, which is not below it"
        defines = isinstance(node, ast.AsyncFunctionDef) and not is_signature(node)
        generates = isinstance(node, ast.comprehension) and node.is_async
        if room in DRY and (isinstance(node, WAITS) or defines or generates):
            yield f"{room} waits below the water line"
        if isinstance(node, ast.Name) and node.id == "print" and room != "cli":
            yield f"{room} prints"


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=[module_of(file) for file in FILES])
def test_every_room_keeps_to_its_floor(file):
    assert list(offences(module_of(file), file.read_text())) == []


def test_every_room_of_the_table_exists():
    modules = {module_of(file) for file in FILES}
    assert {f"foxstream.{room}" for room in FLOOR if room != "foxstream"} <= modules


@pytest.mark.parametrize(
    ("module", "source", "offence"),
    [
        ("sse", "from foxstream.decoder import Decoder", "sse imports decoder, which is not below"),
        ("sse", "from foxstream import wire", "sse imports wire, which is not below"),
        ("sse", "import foxstream", "sse imports foxstream, which is not below"),
        ("sse", "if TYPE_CHECKING:\n from foxstream import client", "sse imports client"),
        ("sse", "def f():\n from foxstream.client import Client", "sse imports client"),
        ("sse", "from . import decoder", "sse may not import"),
        ("video.door", "from foxstream.gateway.app import create_app", "video imports gateway"),
        ("transports.httpx", "from foxstream.transports import aiohttp", "transports.aiohttp"),
        ("transports.replay", "from foxstream.transports.native import x", "transports.native"),
        ("wire", "import simdjson", "wire may not import simdjson"),
        ("decoder", "import anyio", "decoder may not import anyio"),
        ("streams", "import aiohttp", "streams may not import aiohttp"),
        ("transports.aiohttp", "from httpx import Client", "may not import httpx"),
        ("gateway.app", "import av", "gateway may not import av"),
        ("client", "from rich.console import Console", "client may not import rich"),
        ("recovery", "import time", "recovery may not import time"),
        ("streams", "from datetime import datetime", "streams may not import datetime"),
        ("address", "import socket", "address may not import socket"),
        ("decoder", "async def feed(self): return []", "decoder waits"),
        ("decoder", "async def f(x):\n await x", "decoder waits"),
        ("replies", "f = lambda x: [y async for y in x]", "replies waits"),
        ("exchange", "class P:\n async def send(self):\n  'Send.'\n  return 1", "exchange waits"),
        ("bench.metrics", "from foxstream.bench.statistics import share", "not below it"),
        ("bench.window", "import time", "bench.window may not import time"),
        ("bench.summary", "async def f(x):\n await x", "bench.summary waits"),
        ("captions.cues", "async def f(x):\n await x", "captions.cues waits"),
        ("captions.planning", "import time", "captions.planning may not import time"),
        ("captions.page.state", "async def f(x):\n await x", "captions.page.state waits"),
        (
            "captions.files",
            "from foxstream.captions.page import state",
            "captions imports captions",
        ),
        ("relay.log", "async def f(x):\n await x", "relay.log waits"),
        ("relay.relays", "from foxstream.gateway.app import create_app", "relay imports gateway"),
        ("relay.relays", "import aiohttp", "relay may not import aiohttp"),
        ("integrations.aiohttp", "import starlette", "may not import starlette"),
        ("testing.tape", "async def f(x):\n await x", "testing.tape waits"),
        ("testing.gateway", "import pytest", "testing may not import pytest"),
        ("client", "import opentelemetry", "client may not import opentelemetry"),
        ("watching", "async def f(x):\n await x", "watching waits"),
        ("streams", "print('hello')", "streams prints"),
        ("service", "log = print", "service prints"),
        ("newcomer", "", "foxstream.newcomer is on no floor"),
        ("transports.newcomer", "", "foxstream.transports.newcomer is on no floor"),
        ("gateway.utils", "", "foxstream.gateway.utils does not say what it holds"),
        ("sse", "\n" * 401, "foxstream.sse is longer than 400 lines"),
    ],
)
def test_a_planted_offence_is_found(module, source, offence):
    assert any(offence in found for found in offences(f"foxstream.{module}", source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("decoder", "import logging\nfrom foxstream import wire\nfrom foxstream.sse import Parser"),
        ("exchange", "class P:\n async def send(self):\n  'Send.'\n  ..."),
        ("gateway.app", "from foxstream.video import examine\nfrom foxstream.gateway import files"),
        ("transports.native", "from foxstream.transports.aiohttp import AiohttpTransport"),
        ("cli.screen", "print('hello')"),
        ("streams", "async def f(x):\n await x"),
    ],
)
def test_what_is_allowed_is_no_offence(module, source):
    assert list(offences(f"foxstream.{module}", source)) == []
