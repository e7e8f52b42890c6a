"""What the service answered: tolerant where the contract says so, a named error elsewhere."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream import ProtocolError, TaskFailedError, errors
from foxstream.answer import Completion, Usage
from foxstream.exchange import Reply
from foxstream.replies import (
    chat_completion_from,
    check_event_stream,
    completion_from,
    error_from,
    models_from,
    task_from,
    upload_from,
)
from foxstream.resources import Model, Task, TaskFailure, Upload

TASK = "task-llmrouter-1776874481-rj6bs3yb"
STREAM = f"/v1/llm/generations/{TASK}/stream"


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def envelope(**error: object) -> bytes:
    return body(error=error)


# section 6: errors

STATUSES = [
    (400, "invalid_request_error", None, errors.BadRequestError),
    (401, "authentication_error", None, errors.AuthenticationError),
    (402, "insufficient_quota", None, errors.InsufficientQuotaError),
    (403, None, None, errors.PermissionDeniedError),
    (404, "not_found", None, errors.NotFoundError),
    (413, "file_too_large_error", None, errors.RequestTooLargeError),
    (422, "invalid_request_error", None, errors.UnprocessableEntityError),
    (422, "validation_error", "invalid_param", errors.UnprocessableEntityError),
    (422, "service_unavailable_error", "no_compatible_channel", errors.UnprocessableEntityError),
    (422, None, "model_rule_violation", errors.UnprocessableEntityError),
    (429, "rate_limit_error", None, errors.RateLimitError),
    (500, "server_error", None, errors.InternalServerError),
    (500, "internal_error", "all_platforms_exhausted", errors.InternalServerError),
    (502, None, None, errors.InternalServerError),
    (503, "service_unavailable", "service_unavailable", errors.InternalServerError),
    (599, None, None, errors.InternalServerError),
    (302, None, None, errors.APIStatusError),
    (409, None, None, errors.APIStatusError),
    (418, None, None, errors.APIStatusError),
]


@pytest.mark.parametrize(("status", "type", "code", "named"), STATUSES)
def test_every_status_has_its_error(status, type, code, named):
    error = error_from(reply(status, envelope(message="why", type=type, code=code)))
    assert error.__class__ is named
    assert (error.status_code, error.message, error.type, error.code) == (status, "why", type, code)
    assert (error.request_id, error.retry_after) == (None, None)


@pytest.mark.parametrize("status", [status for status, *_ in STATUSES])
@pytest.mark.parametrize(
    "page",
    [
        b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n</html>",
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"error": 5}',
        b'{"error": {"message": 5}}',
        b"[" * 100_000,
        b'{"error":' * 100_000,
    ],
    ids=lambda page: repr(page[:12]),
)
def test_a_body_that_is_no_envelope_is_quoted(status, page):
    error = error_from(reply(status, page))
    assert error.status_code == status
    assert (error.type, error.code) == (None, None)
    assert error.message
    assert len(error.message) <= 200


def test_a_page_is_quoted_in_one_line():
    page = b"<html>\r\n\t<h1>413  Request\nEntity Too Large</h1>" + b" x" * 1000
    message = error_from(reply(413, page)).message
    assert message.startswith("<html> <h1>413 Request Entity Too Large</h1> x x")
    assert len(message) == 200


def test_200_characters_are_counted_in_characters():
    assert error_from(reply(500, "😀".encode() * 300)).message == "😀" * 200


def test_no_body_is_said_to_be_none():
    assert error_from(reply(500)).message == "the answer has no body"
    assert error_from(reply(500, b" \r\n ")).message == "the answer has no body"


def test_a_blocked_agent_is_explained():
    error = error_from(reply(403, b"error code: 1010"))
    assert isinstance(error, errors.PermissionDeniedError)
    assert error.message == (
        "error code: 1010 (blocked in front of the service because of the User-Agent)"
    )
    assert "User-Agent" not in error_from(reply(403, envelope(message="storage full"))).message


@pytest.mark.parametrize(
    ("page", "message", "code"),
    [
        (body(error="plain"), "plain", None),
        (body(message="top", code="c"), "top", "c"),
        (body(detail="relay says"), "relay says", None),
        (body(error={"message": "m", "code": 1234}), "m", "1234"),
        (body(error={"message": "", "code": "c"}), '{"error": {"message": "", "code": "c"}}', "c"),
        (body(error={}), '{"error": {}}', None),
        (body(error=None, message=None, detail="d"), "d", None),
        (body(error="e", message="m", detail="d"), "e", None),
    ],
)
def test_foreign_envelopes(page, message, code):
    error = error_from(reply(422, page))
    assert (error.message, error.code) == (message, code)


def test_a_list_of_details_is_quoted():
    page = body(detail=[{"loc": ["body", "prompt"], "msg": "field required"}])
    assert "field required" in error_from(reply(422, page)).message


@pytest.mark.parametrize(
    ("message", "headers", "request_id"),
    [
        ("upstream failed (request_id: req-1.2:3_4)", {}, "req-1.2:3_4"),
        ("upstream failed, request id: 20260101abc.", {}, "20260101abc"),
        ("REQUEST_ID:x", {}, "x"),
        ("request_id: in-message", {"x_request_id": "in-header"}, "in-header"),
        ("why", {"x_request_id": "in-header"}, "in-header"),
        ("invalid request id format", {}, None),
        ("request_id: ", {}, None),
        ("why", {"x_request_id": ""}, None),
    ],
)
def test_where_the_request_id_may_be(message, headers, request_id):
    error = error_from(reply(500, envelope(message=message), **headers))
    assert error.request_id == request_id


DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("17", None, 17.0),
        (" 1.5 ", None, 1.5),
        ("Wed, 21 Oct 2015 07:28:30 GMT", DATE, 30.0),
        ("Wed, 21 Oct 2015 09:28:00 +0200", DATE, 0.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", DATE, 0.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", None, None),
        ("Wed, 21 Oct 2015 07:28:30 GMT", "yesterday", None),
        ("Wed, 21 Oct 2015 07:28:30 -0000", DATE, None),
        ("Wed, 21 Oct 2015 07:28:00 +99999999999999999999", DATE, None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", DATE, None),
        ("", None, None),
        ("soon", None, None),
        ("-5", None, None),
        ("nan", None, None),
        ("inf", None, None),
        ("1e9", None, None),
        ("9" * 400, None, None),
        ("0x10", None, None),
    ],
)
def test_retry_after_is_seconds_a_date_or_nothing(retry_after, date, seconds):
    headers = {"retry_after": retry_after} | ({"date": date} if date else {})
    assert error_from(reply(429, **headers)).retry_after == seconds
    assert error_from(reply(503, **headers)).retry_after == seconds


@given(
    st.integers(300, 599),
    st.binary(max_size=60),
    st.text(max_size=40) | st.from_regex(r"\w{3}, \d+ Oct \d+ \d+:\d+:\d+ [+-]\d+", fullmatch=True),
    st.sampled_from([DATE, "", "x"]),
)
def test_any_error_answer_is_a_named_error(status, page, retry_after, date):
    error = error_from(reply(status, page, retry_after=retry_after, date=date))
    assert isinstance(error, errors.APIStatusError)
    assert len(str(error)) < 1000
    assert error.retry_after is None or error.retry_after >= 0


# sections 3, 5, 9: tasks


def test_a_submit_answer():
    answer = body(
        id=TASK,
        object="llm.generation.task",
        type="llm",
        model="gemini-2.5-pro",
        status="pending",
        progress=0,
        created=1776874481,
        stream={"url": STREAM},
        results=None,
        error=None,
        usage={"credits_reserved": 5, "user_group": "default"},
    )
    assert task_from(answer) == Task(
        id=TASK,
        status="pending",
        progress=0,
        model="gemini-2.5-pro",
        created=1776874481,
        stream_url=STREAM,
        usage={"credits_reserved": 5, "user_group": "default"},
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>ok</html>",
        b"[]",
        b"null",
        b"{}",
        body(id=None),
        body(id=""),
        body(id=5),
        body(id="../../admin"),
        body(id="a b"),
        body(id="a\r\nX-Evil: 1"),
        body(id=TASK, stream=True),
        body(id=TASK, stream=["url"]),
        body(id=TASK, stream={"url": 5}),
        body(id=TASK, status=5),
        body(id=TASK, results={}),
        body(id=TASK, results=[5]),
        body(id=TASK, results=[{"choices": "none"}]),
    ],
    ids=lambda answer: answer[:40].decode(),
)
def test_what_is_no_task_is_a_protocol_error(answer):
    with pytest.raises(ProtocolError) as caught:
        task_from(answer)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("read", [task_from, completion_from])
def test_an_error_in_place_of_a_task_is_a_failure(read):
    with pytest.raises(TaskFailedError, match="balance is used up") as caught:
        read(envelope(message="balance is used up", code="insufficient_quota"))
    assert caught.value.code == "insufficient_quota"
    with pytest.raises(TaskFailedError, match="error without a message"):
        read(body(error={}))


def test_a_task_keeps_no_reasoning_so_it_is_not_known_to_be_complete():
    message = {"content": "Hi"}
    polled = task_from(body(id=TASK, results=[{"choices": [{"message": message}]}]))
    assert not polled.completion.reasoning_complete
    message["reasoning_content"] = "hm"
    polled = task_from(body(id=TASK, results=[{"choices": [{"message": message}]}]))
    assert polled.completion.reasoning_complete


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"stream": {"url": STREAM}}, STREAM),
        ({"stream": {"url": "https://other/x"}}, "https://other/x"),
        ({"stream": STREAM}, STREAM),
        ({"stream_url": STREAM}, STREAM),
        ({"stream": None, "stream_url": STREAM}, STREAM),
        ({"stream": {"url": None}, "stream_url": STREAM}, STREAM),
        ({"stream": {"url": "/a"}, "stream_url": "/b"}, "/a"),
        ({"stream": None}, None),
        ({"stream": {}}, None),
        ({"stream": ""}, None),
        ({"stream_url": ""}, None),
        ({}, None),
    ],
)
def test_where_the_stream_url_may_be(fields, url):
    assert task_from(body(id=TASK, **fields)).stream_url == url


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", "pending"),
        ("processing", "processing"),
        ("completed", "completed"),
        ("success", "completed"),
        ("SUCCESS", "completed"),
        ("failed", "failed"),
        ("error", "failed"),
        ("cancelled", "failed"),
        ("canceled", "failed"),
        ("Interrupted", "failed"),
        ("running", "running"),
        ("not_found", "not_found"),
        ("", "pending"),
        (None, "pending"),
    ],
)
def test_status_words_of_two_generations(word, status):
    assert task_from(body(id=TASK, status=word)).status == status


COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "m",
    "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


def test_the_results_of_a_finished_task():
    task = task_from(body(id=TASK, status="completed", results=[COMPLETION]))
    assert task.completion is not None
    assert (task.completion.text, task.completion.usage) == ("Hi", Usage(1, 2, 3))
    assert task.completion.task_id == TASK


@pytest.mark.parametrize(
    ("results", "text"),
    [
        ([{"choices": [{"message": {"content": "a"}}]}], "a"),
        ([{"message": {"content": "a"}}], "a"),
        ([{"text": "a"}], "a"),
        ([{"content": "a"}], "a"),
        (["a"], "a"),
        ([{"choices": [{"message": {"content": ""}}]}], ""),
        ([{"content": ""}], ""),
        ([""], ""),
    ],
)
def test_where_the_answer_of_a_task_may_be(results, text):
    completion = task_from(body(id=TASK, status="completed", results=results)).completion
    assert completion is not None
    assert completion.text == text


@pytest.mark.parametrize("results", [None, [], [None], [{}], [{"choices": []}], [{"text": None}]])
def test_completed_without_results_is_no_result_yet(results):
    task = task_from(body(id=TASK, status="completed", results=results))
    assert task.completion is None


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (None, None),
        ("plain", TaskFailure("plain")),
        ({"message": "m", "code": "c", "type": "task_error"}, TaskFailure("m", "c", "task_error")),
        ({"message": None, "code": 7}, TaskFailure("", "7")),
        ({}, TaskFailure()),
    ],
)
def test_why_a_task_failed(error, failure):
    assert task_from(body(id=TASK, status="failed", error=error)).error == failure


# sections 3.3, 9.5: blocking answers


def test_a_blocking_answer_is_a_completion():
    completion = completion_from(json.dumps(COMPLETION).encode())
    assert isinstance(completion, Completion)
    assert (completion.text, completion.id, completion.task_id) == ("Hi", "chatcmpl-1", None)


@pytest.mark.parametrize(
    "answer", [body(object="chat.completion"), body(choices=[]), body(choices=[], id=TASK)]
)
def test_a_completion_is_known_by_object_or_choices(answer):
    assert isinstance(completion_from(answer), Completion)


def test_or_a_task_where_the_service_made_one():
    assert completion_from(body(id=TASK, object="llm.generation.task")) == Task(TASK)


@pytest.mark.parametrize("answer", [b"", b"{}", b"<html>"])
def test_or_neither(answer):
    with pytest.raises(ProtocolError):
        completion_from(answer)


# sections 7, 8: models and uploads


def test_models():
    entries = [{"id": "a", "capabilities": ["text", "video"]}, {"id": "b"}, {"id": "c"}, {}]
    entries[2]["capabilities"] = []
    assert models_from(body(object="list", data=entries)) == [
        Model("a", ("text", "video")),
        Model("b", None),
        Model("c", ()),
    ]
    assert models_from(body(data=None)) == models_from(b"{}") == []


def test_capabilities_in_other_words_are_unknown():
    entries = [{"id": "a", "capabilities": {"vision": True}}]
    assert models_from(body(data=entries)) == [Model("a", None)]


@pytest.mark.parametrize("answer", [b"", b"[]", body(data={}), body(data=["a"]), b"<html>"])
def test_what_is_no_model_list_is_a_protocol_error(answer):
    with pytest.raises(ProtocolError):
        models_from(answer)


def test_uploads_need_only_a_url():
    url = "https://cdn.foxapi.cc/uploads/a.mp4"
    assert upload_from(body(url=url)) == Upload(url)
    assert upload_from(body(url=url, id="file-1", filename="a.mp4", size=3, created=1)) == Upload(
        url, "file-1", "a.mp4", 3
    )


@pytest.mark.parametrize("answer", [b"", b"{}", body(url=None), body(url=""), body(url=5)])
def test_an_upload_without_a_url_is_a_protocol_error(answer):
    with pytest.raises(ProtocolError):
        upload_from(answer)


# section 4: streams


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/event-stream"},
        {"content-type": "Text/Event-Stream; charset=utf-8"},
        {"content-type": "text/event-stream", "content-encoding": "identity"},
        {"content-type": "text/event-stream", "content-encoding": ""},
    ],
)
def test_an_event_stream(headers):
    assert check_event_stream(headers) is None


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "the answer is 'untyped'"),
        ({"content-type": "application/json"}, "the answer is 'application/json'"),
        ({"content-type": "text/html; charset=utf-8"}, "the answer is 'text/html'"),
        ({"content-type": "text/event-streams"}, "the answer is 'text/event-streams'"),
        (
            {"content-type": "text/event-stream", "content-encoding": "gzip"},
            "an uncompressed stream was asked for, the answer is 'gzip'",
        ),
    ],
)
def test_what_is_no_plain_event_stream_is_a_protocol_error(headers, words):
    with pytest.raises(ProtocolError, match=re.escape(words)):
        check_event_stream(headers)


READERS = [task_from, completion_from, chat_completion_from, models_from, upload_from]


@given(st.sampled_from(READERS), st.binary())
def test_any_answer_is_read_or_refused(read, answer):
    with suppress(ProtocolError):
        assert read(answer) is not None
