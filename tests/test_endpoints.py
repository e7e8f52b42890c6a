"""Requests: the right path, the right headers, and no task id that leads elsewhere."""

from __future__ import annotations

import msgspec
import pytest

from foxstream import InvalidInputError, ProtocolError
from foxstream.address import Home, Secret
from foxstream.endpoints import Endpoints, check_task_id, is_task_id

BASE = "https://api.example.com/fox"
KEY = "sk-0123456789abcdef"
TASK = "task-llmrouter-1776874481-rj6bs3yb"


@pytest.fixture
def endpoints() -> Endpoints:
    headers = {"X-Team": Secret("fox"), "Accept": Secret("text/html")}
    return Endpoints(Home(BASE, Secret(KEY), headers))


class Body:
    length = 3

    async def blocks(self):
        yield b"abc"


GOOD_IDS = [TASK, "a", "0", "task:1.2_3-4", "a" * 256, "a..b"]
BAD_IDS = [
    "",
    ".",
    "..",
    "../../admin",
    "a/b",
    "a\\b",
    "a%2fb",
    "a?x",
    "a#b",
    "a b",
    "a\n",
    "-a",
    "_a",
    "ä",
    "\uff11",
    "a" * 257,
    None,
    5,
    b"task",
]


@pytest.mark.parametrize("task_id", GOOD_IDS)
def test_task_ids(task_id):
    assert is_task_id(task_id)
    assert check_task_id(task_id) == task_id


@pytest.mark.parametrize("task_id", BAD_IDS)
def test_what_is_no_task_id_enters_no_path(task_id):
    with pytest.raises(InvalidInputError) as caught:
        check_task_id(task_id)
    assert str(caught.value) == f"task_id is {task_id!r}: not the id of a task"


def test_submit(endpoints):
    request = endpoints.submit(b"{}", direct=False, connect=2.5)
    assert (request.method, request.url) == ("POST", f"{BASE}/v1/llm/generations")
    assert (request.body, request.event_stream, request.connect) == (b"{}", False, 2.5)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["X-Team"] == "fox"


def test_submit_directly_asks_for_the_stream_itself(endpoints):
    request = endpoints.submit(b"{}", direct=True, connect=None)
    assert request.event_stream
    assert request.headers["Accept"] == "text/event-stream"
    assert request.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("named", "url"),
    [
        (None, f"{BASE}/v1/llm/generations/{TASK}/stream"),
        (f"/v1/llm/generations/{TASK}/stream", f"{BASE}/v1/llm/generations/{TASK}/stream"),
        (f"/fox/v1/llm/generations/{TASK}/stream", f"{BASE}/v1/llm/generations/{TASK}/stream"),
        ("https://api.example.com/elsewhere", "https://api.example.com/elsewhere"),
    ],
)
def test_the_stream_is_where_the_service_says_or_where_it_always_is(endpoints, named, url):
    request = endpoints.stream(named, TASK, 1.0)
    assert (request.method, request.url, request.body) == ("GET", url, None)
    assert request.event_stream
    assert request.headers["Accept"] == "text/event-stream"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_a_stream_elsewhere_is_asked_without_credentials(endpoints):
    request = endpoints.stream("https://cdn.example/stream", TASK, None)
    assert set(request.headers) == {"User-Agent", "Accept", "Accept-Encoding"}


def test_a_stream_url_that_is_none_is_a_protocol_error(endpoints):
    with pytest.raises(ProtocolError):
        endpoints.stream("http://api.example.com/leaves-https", TASK, None)


@pytest.mark.parametrize(("sync_upstream", "query"), [(False, ""), (True, "?sync_upstream=true")])
def test_task(endpoints, sync_upstream, query):
    request = endpoints.task(TASK, sync_upstream=sync_upstream, connect=None)
    assert (request.method, request.url) == ("GET", f"{BASE}/v1/tasks/{TASK}{query}")
    assert not request.event_stream


def test_models(endpoints):
    request = endpoints.models(3.0)
    assert request.url == f"{BASE}/v1/configs/llm_generations_models"
    assert (request.method, request.connect) == ("GET", 3.0)


@pytest.mark.parametrize("stream", [True, False])
def test_chat(stream):
    home = Home(f"{BASE}/v1/", Secret(KEY))
    request = Endpoints(home).chat(b"{}", stream=stream, connect=2.5)
    assert (request.method, request.url) == ("POST", f"{BASE}/v1/chat/completions")
    assert (request.body, request.event_stream, request.connect) == (b"{}", stream, 2.5)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept"] == ("text/event-stream" if stream else "application/json")
    assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_chat_models(endpoints):
    request = endpoints.chat_models(3.0)
    assert (request.method, request.url) == ("GET", f"{BASE}/models")
    assert (request.event_stream, request.connect) == (False, 3.0)


def test_upload(endpoints):
    body = Body()
    request = endpoints.upload(body, "multipart/form-data; boundary=x", None)
    assert (request.method, request.url) == ("POST", f"{BASE}/v1/files/upload/stream")
    assert request.headers["Content-Type"] == "multipart/form-data; boundary=x"
    assert request.body is body


def test_a_request_is_frozen_and_does_not_show_the_key(endpoints):
    request = endpoints.models(None)
    assert KEY not in repr(request)
    assert "***" in repr(request)
    with pytest.raises(AttributeError):
        request.url = "https://evil.com"
    assert msgspec.structs.replace(request, url="x").headers == request.headers
