"""The public surface: programs are written against these names, fields and signatures."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import ModuleType

import msgspec
import pytest

import foxstream
from foxstream import errors, sse, transports
from foxstream.client import StreamOptions
from foxstream.question import Ask

NAMES = """
    APIConnectionError APIStatusError APITimeoutError AuthenticationError BadRequestError Choice
    Client Completion Delta FoxError InsufficientQuotaError InternalServerError InvalidInputError
    MissingExtraError Model NotFoundError PermissionDeniedError ProtocolError RateLimitError
    RequestTooLargeError Retries Status Stream StreamDivergedError StreamTruncatedError Task
    TaskFailedError TaskFailure Timeouts Timings ToolCall ToolCallDelta UnprocessableEntityError
    Upload Usage __version__ bench captions gateway relay sse stream sync transports
"""

QUESTION = [
    "model",
    "messages",
    "videos",
    "images",
    "audio",
    "system_prompt",
    "max_tokens",
    "temperature",
    "reasoning",
    "extra",
]

FIELDS = {
    "Delta": "text reasoning tool_calls index finish_reason received_ns",
    "Completion": "text reasoning tool_calls finish_reason usage model id task_id choices state "
    "recovered reasoning_complete",
    "Choice": "index text reasoning tool_calls finish_reason",
    "ToolCall": "id name arguments",
    "ToolCallDelta": "index id name arguments",
    "Usage": "prompt_tokens completion_tokens total_tokens details",
    "Task": "id status progress model created stream_url completion error usage",
    "TaskFailure": "message code type",
    "Model": "id capabilities",
    "Upload": "url id filename size",
    "Status": "step share",
    "Timeouts": "connect submit first_token stall task total",
    "Retries": "limit backoff max_backoff poll_interval",
}

TREE = {
    "FoxError": Exception,
    "InvalidInputError": foxstream.FoxError,
    "MissingExtraError": foxstream.FoxError,
    "APIStatusError": foxstream.FoxError,
    "BadRequestError": foxstream.APIStatusError,
    "AuthenticationError": foxstream.APIStatusError,
    "InsufficientQuotaError": foxstream.APIStatusError,
    "PermissionDeniedError": foxstream.APIStatusError,
    "NotFoundError": foxstream.APIStatusError,
    "RequestTooLargeError": foxstream.APIStatusError,
    "UnprocessableEntityError": foxstream.APIStatusError,
    "RateLimitError": foxstream.APIStatusError,
    "InternalServerError": foxstream.APIStatusError,
    "APIConnectionError": foxstream.FoxError,
    "APITimeoutError": foxstream.APIConnectionError,
    "ProtocolError": foxstream.FoxError,
    "StreamTruncatedError": foxstream.FoxError,
    "StreamDivergedError": foxstream.FoxError,
    "TaskFailedError": foxstream.FoxError,
}


def in_a_fresh_interpreter(program: str) -> str:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-bb", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def parameters(function: object) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def test_the_names_are_these():
    assert sorted(foxstream.__all__) == sorted(NAMES.split())
    assert set(foxstream.__all__) <= set(dir(foxstream))
    assert all(hasattr(foxstream, name) for name in NAMES.split())
    assert not hasattr(foxstream, "nothing")


def test_star_import_brings_them_all():
    program = f"from foxstream import *; assert {{*{NAMES.split()!r}}} <= set(globals())"
    in_a_fresh_interpreter(program)


@pytest.mark.parametrize("library", ["aiohttp", "httpx", "httpx_sse", "anyio", "asyncio", "av"])
def test_importing_loads_no_network_library(library):
    out = in_a_fresh_interpreter(f"import sys, foxstream; print({library!r} in sys.modules)")
    assert out.strip() == "False"


@pytest.mark.parametrize("first", ["Stream", "Client", "stream", "transports", "gateway"])
def test_stream_stays_the_function_whatever_is_loaded_first(first):
    program = f"""
from foxstream import {first}
import foxstream, foxstream.client, foxstream.streams, foxstream.sse
from types import FunctionType, ModuleType
assert isinstance(foxstream.stream, FunctionType), foxstream.stream
assert isinstance(foxstream.sse, ModuleType)
assert isinstance(foxstream.transports, ModuleType)
assert foxstream.Stream is foxstream.streams.Stream
assert foxstream.Client is foxstream.client.Client
"""
    in_a_fresh_interpreter(program)


def test_the_client_is_made_so():
    made = parameters(foxstream.Client)
    assert list(made) == [
        "api_key",
        "base_url",
        "protocol",
        "transport",
        "timeouts",
        "retries",
        "headers",
        "trusted_origins",
        "inline_limit",
        "max_event_bytes",
        "max_response_bytes",
    ]
    assert made.pop("api_key").kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert {p.kind for p in made.values()} == {inspect.Parameter.KEYWORD_ONLY}
    defaults = {name: p.default for name, p in made.items()}
    assert defaults["inline_limit"] == 4 << 20
    assert defaults["max_event_bytes"] == 8 << 20
    assert defaults["max_response_bytes"] == 64 << 20
    assert defaults["trusted_origins"] == ()
    assert all(defaults[name] is None for name in ("base_url", "transport", "headers"))


def test_stream_takes_every_request_field_by_keyword():
    taken = parameters(foxstream.Client.stream)
    assert list(taken) == [
        "self", "prompt", *QUESTION, "direct", "verify", "timeouts", "on_status"
    ]  # fmt: skip
    assert taken["prompt"].default is None
    assert taken["model"].default == "gemini-2.5-pro"
    keywords = list(taken)[2:]
    assert {taken[name].kind for name in keywords} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_other_calls_take_the_same_question():
    assert sorted(Ask.__annotations__) == sorted(QUESTION)
    options = {*QUESTION, "direct", "verify", "timeouts", "on_status"}
    assert StreamOptions.__optional_keys__ | Ask.__optional_keys__ == options
    calls = {
        foxstream.stream: ["prompt", "client", "options"],
        foxstream.Client.submit: ["self", "prompt", "stream", "question"],
        foxstream.Client.generate: ["self", "prompt", "sync", "options"],
    }
    for call, names in calls.items():
        assert list(parameters(call)) == names
        assert parameters(call)[names[-1]].kind is inspect.Parameter.VAR_KEYWORD
    assert parameters(foxstream.Client.submit)["stream"].default is True
    assert parameters(foxstream.Client.generate)["sync"].default is False


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("get_task", "self task_id"),
        ("wait", "self task_id timeouts"),
        ("attach", "self task_id timeouts on_status"),
        ("models", "self"),
        ("upload", "self content file_name on_status"),
        ("close", "self"),
        ("aclose", "self"),
    ],
)
def test_signatures_of(call, names):
    assert list(parameters(getattr(foxstream.Client, call))) == names.split()


def test_what_waits_is_a_coroutine_and_what_does_not_is_none():
    waits = {"submit", "get_task", "wait", "generate", "models", "upload", "aclose"}
    for name in waits:
        assert inspect.iscoroutinefunction(getattr(foxstream.Client, name))
    for name in ("stream", "attach", "close"):
        assert not inspect.iscoroutinefunction(getattr(foxstream.Client, name))
    assert inspect.iscoroutinefunction(foxstream.Stream.get_final_completion)
    assert inspect.iscoroutinefunction(foxstream.Stream.aclose)
    assert not inspect.iscoroutinefunction(foxstream.Stream.close)


def test_the_members_of_a_stream():
    members = {
        "text_stream",
        "get_final_completion",
        "task_id",
        "completion",
        "state",
        "close",
        "aclose",
        "__aiter__",
        "__anext__",
        "__aenter__",
        "__aexit__",
    }
    assert members <= set(dir(foxstream.Stream))
    for name in ("text_stream", "task_id", "completion", "state"):
        assert isinstance(inspect.getattr_static(foxstream.Stream, name), property)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_these_and_frozen(name):
    shape = getattr(foxstream, name)
    assert " ".join(shape.__struct_fields__) == FIELDS[name]
    assert shape.__struct_config__.frozen


def test_values_without_arguments_are_empty():
    assert foxstream.Delta() == foxstream.Delta("", "", (), 0, None, 0)
    assert str(foxstream.Delta("said", "thought")) == "said"
    assert foxstream.Completion().usage is None
    assert foxstream.Completion().state == "complete"
    with pytest.raises(AttributeError):
        foxstream.Delta().text = "x"


def test_the_defaults_of_the_clocks_and_retries():
    assert foxstream.Timeouts() == foxstream.Timeouts(10, 120, 120, 60, 900, None)
    assert foxstream.Retries() == foxstream.Retries(5, 0.25, 8.0, 5.0)


def test_timings_hold_instants_and_tell_seconds():
    *instants, reconnects, reads = foxstream.Timings.__struct_fields__
    assert (reconnects, reads) == ("reconnects", "token_reads")
    assert " ".join(instants) == (
        "started submitted accepted opened first_byte first_event first_token first_reasoning "
        "first_text last_token ended"
    )
    timings = foxstream.Timings()
    assert all(getattr(timings, name) is None for name in instants)
    assert timings.reconnects == 0
    seconds = (timings.ttft, timings.ttft_text, timings.ttft_reasoning, timings.e2e, timings.itl)
    assert seconds == (None, None, None, None, [])


def test_the_error_tree():
    assert set(TREE) == set(errors.__all__)
    for name, parent in TREE.items():
        assert getattr(foxstream, name).__bases__[0] is parent
    assert issubclass(foxstream.InvalidInputError, ValueError)
    assert issubclass(foxstream.MissingExtraError, ImportError)
    assert (foxstream.FoxError().partial, foxstream.FoxError().task_id) == (None, None)


def test_the_parser_is_a_product_in_itself():
    assert list(parameters(sse.Parser)) == ["max_event_bytes"]
    assert sse.Event.__struct_fields__ == ("event", "data", "id")
    assert sse.Event() == sse.Event("message", b"", "")
    parser = sse.Parser()
    assert (parser.retry, parser.error, parser.feed(b"")) == (None, None, [])


def test_the_transports():
    names = {"AiohttpTransport", "HttpxTransport", "ReplayTransport"}
    assert names <= set(transports.__all__) <= set(dir(transports))
    for name in names:
        assert {"send", "now", "sleep", "close", "aclose"} <= set(dir(getattr(transports, name)))


def public_names() -> list[tuple[str, object]]:
    """What `__all__` names, and the public members of its classes."""
    found: list[tuple[str, object]] = []
    for room in (foxstream, sse, transports):
        for name in room.__all__:
            value = getattr(room, name)
            if isinstance(value, type | ModuleType) or inspect.isfunction(value):
                found.append((f"{room.__name__}.{name}", value))
            if isinstance(value, type) and value.__module__.startswith("foxstream"):
                found += members_of(value)
    return found


def members_of(owner: type) -> list[tuple[str, object]]:
    fields = getattr(owner, "__struct_fields__", ())
    return [
        (f"{owner.__qualname__}.{name}", member)
        for name, member in vars(owner).items()
        if not name.startswith("_") and name not in fields
        if inspect.isfunction(member) or isinstance(member, property)
    ]


PUBLIC = public_names()


@pytest.mark.parametrize(("name", "value"), PUBLIC, ids=[name for name, _ in PUBLIC])
def test_every_public_name_is_documented(name, value):
    doc = inspect.getdoc(value) if isinstance(value, ModuleType) else value.__doc__
    assert doc
    assert not doc.startswith(("Initialize", "Partial"))


def test_all_shapes_are_structs():
    assert all(issubclass(getattr(foxstream, name), msgspec.Struct) for name in FIELDS)
