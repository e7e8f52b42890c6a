"""One answer, in virtual time: what the loop sees, what is kept, how it ends."""

from __future__ import annotations

import anyio
import pytest

from foxstream import (
    APIConnectionError,
    APITimeoutError,
    FoxError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    StreamDivergedError,
    StreamTruncatedError,
    TaskFailedError,
    Timeouts,
)
from foxstream.sse import encode
from foxstream.transports import Break, Pause, Play
from tests.script import (
    JSON,
    KEY,
    TASK,
    accepted,
    as_json,
    chunk,
    client_of,
    done,
    refusal,
    says,
    task,
)

pytestmark = pytest.mark.anyio

ALIVE = (b": keep-alive\n\n", chunk(""), chunk(role="assistant"))
DRIP = tuple(part for _ in range(2000) for part in (Pause(0.5), *ALIVE))


async def texts(stream) -> list[str]:
    return [delta.text async for delta in stream]


async def test_deltas_completion_and_timings():
    client, transport = client_of(
        Play(accepted().parts, headers=JSON, delay=0.25),
        says(
            Pause(1),
            chunk(role="assistant"),
            Pause(1),
            chunk(reasoning_content="hm"),
            Pause(1),
            chunk("Hello ") + chunk("world"),
            Pause(1),
            chunk(finish="stop"),
            done(5),
        ),
    )
    async with client.stream("hi") as answer:
        assert answer.state == "streaming"
        assert answer.task_id == TASK
        assert answer.completion is None
        deltas = [delta async for delta in answer]
    assert [(d.text, d.reasoning) for d in deltas] == [("", "hm"), ("Hello ", ""), ("world", "")]
    assert [str(d) for d in deltas] == ["", "Hello ", "world"]
    assert [d.received_ns / 1e9 for d in deltas] == [2.25, 3.25, 3.25]
    assert (answer.state, answer.completion.state) == ("complete", "complete")
    assert (answer.completion.text, answer.completion.reasoning) == ("Hello world", "hm")
    assert (answer.completion.finish_reason, answer.completion.model) == ("stop", "m-1")
    assert answer.completion.usage is None
    timings = answer.timings
    assert (timings.ttft, timings.ttft_text, timings.ttft_reasoning) == (2.25, 3.25, 2.25)
    assert (timings.accepted, timings.first_byte) == (250_000_000, 1_250_000_000)
    assert (timings.e2e, timings.itl) == (4.25, [1.0])
    assert transport.open == 0
    assert [r.method for r in transport.requests] == ["POST", "GET"]


async def test_a_bare_loop_submits_at_its_first_step_and_closes_after_its_last():
    client, transport = client_of(accepted(), says(chunk("a"), chunk("b"), done(2)))
    answer = client.stream("hi")
    assert transport.requests == []
    assert await texts(answer) == ["a", "b"]
    assert transport.open == 0
    assert await texts(answer) == []


async def test_a_stream_never_entered_sends_nothing():
    client, transport = client_of()
    client.stream("hi")
    assert transport.requests == []


async def test_text_stream_is_the_text_of_the_first_choice():
    client, _ = client_of(
        accepted(),
        says(
            chunk(reasoning="r"),
            chunk("a"),
            chunk("other", index=1),
            chunk("b"),
            done(4),
        ),
    )
    answer = client.stream("hi")
    assert [text async for text in answer.text_stream] == ["a", "b"]
    assert [choice.text for choice in answer.completion.choices] == ["ab", "other"]


async def test_on_status_tells_what_a_silent_stream_does():
    client, _ = client_of(accepted(), says(chunk("a"), done(1)), task("completed", "a"))
    steps = []
    answer = client.stream("hi", verify=True, on_status=lambda status: steps.append(status.step))
    await texts(answer)
    assert steps == ["submitted", "queued", "streaming", "polling"]


@pytest.mark.parametrize(
    ("end", "kind", "match"),
    [
        ((), StreamTruncatedError, "after 2 chunks"),
        ((Break("reset by peer"),), APIConnectionError, "reset by peer"),
        ((encode("chunk", b"{broken"),), ProtocolError, "broken"),
        ((encode("chunk", b'{"choices":5}'),), ProtocolError, "choices"),
        ((encode("chunk", b'{"z":' + b"[" * 100_000),), ProtocolError, "chunk"),
        ((encode("chunk", b'{"choices":[{"delta":{"content":"\xff"}}]}'),), ProtocolError, "utf-8"),
        ((b"data: " + b"x" * 300_000,), ProtocolError, "max_event_bytes=200000"),
    ],
    ids=["cut", "reset", "broken json", "wrong type", "deep", "not utf-8", "endless line"],
)
async def test_a_failure_comes_after_the_good_deltas_and_carries_them(end, kind, match):
    client, transport = client_of(
        accepted(), says(chunk("Hel"), chunk("lo"), *end), max_event_bytes=200_000, retries=0
    )
    answer = client.stream("hi")
    seen = []
    with pytest.raises(kind, match=match) as caught:
        async for delta in answer:
            seen.append(delta.text)
    assert seen == ["Hel", "lo"]
    assert (caught.value.partial.text, caught.value.partial.state) == ("Hello", "truncated")
    assert caught.value.task_id == TASK
    assert answer.state == "failed"
    assert answer.completion == caught.value.partial
    assert transport.open == 0
    with pytest.raises(kind) as again:
        await answer.get_final_completion()
    assert again.value is caught.value


async def test_good_deltas_that_share_a_read_with_a_failure_are_delivered_first():
    client, _ = client_of(accepted(), says(chunk("a") + chunk("b") + encode("chunk", b"{")))
    answer = client.stream("hi")
    assert (await anext(answer)).text == "a"
    assert (await anext(answer)).text == "b"
    with pytest.raises(ProtocolError):
        await anext(answer)


async def test_the_last_delta_does_not_wait_for_the_judgement_of_the_end():
    client, transport = client_of(
        accepted(),
        says(chunk("a") + done(1), Pause(0.04), Pause(10)),
        task("processing"),
        task("completed", "a"),
    )
    answer = client.stream("hi", verify=True)
    await anext(answer)
    assert transport.now() == 0
    assert await texts(answer) == []
    assert transport.now() / 1e9 == 5.05
    assert answer.timings.ended == 0


async def test_an_error_event_of_a_failed_task_is_the_task_s_failure():
    failure = {"code": "upstream_error", "message": "the model is gone"}
    client, _ = client_of(
        accepted(),
        says(chunk("a"), encode("error", b'{"message":"upstream returned 502"}')),
        task("failed", error=failure),
    )
    with pytest.raises(TaskFailedError, match="the model is gone") as caught:
        await texts(client.stream("hi"))
    assert (caught.value.code, caught.value.partial.text) == ("upstream_error", "a")


async def test_an_error_event_is_told_where_nothing_may_be_tried():
    client, _ = client_of(accepted(), says(encode("error", b'{"message":"gone"}')), retries=0)
    with pytest.raises(TaskFailedError, match="gone"):
        await texts(client.stream("hi"))


async def test_verify_accepts_the_same_text_and_brings_usage():
    client, _ = client_of(
        accepted(), says(chunk("Hi"), done(1)), task("processing"), task("completed", "Hi")
    )
    answer = client.stream("hi", verify=True)
    await texts(answer)
    assert answer.completion.usage.total_tokens == 9


async def test_verify_refuses_another_text():
    client, _ = client_of(accepted(), says(chunk("Hi"), done(1)), task("completed", "Ho"))
    with pytest.raises(StreamDivergedError, match="another answer") as caught:
        await texts(client.stream("hi", verify=True))
    assert caught.value.partial.text == "Hi"


async def test_verify_takes_an_empty_text_for_no_proof():
    client, _ = client_of(accepted(), says(chunk("Hi"), done(1)), task("completed", ""))
    answer = client.stream("hi", verify=True)
    assert await texts(answer) == ["Hi"]


async def test_the_final_completion_has_the_usage_of_the_task():
    client, transport = client_of(accepted(), says(chunk("Hi"), done(1)), task("completed", "Hi"))
    async with client.stream("hi") as answer:
        completion = await answer.get_final_completion()
        assert await answer.get_final_completion() is completion
    assert completion.usage.prompt_tokens == 7
    assert len(transport.requests) == 3


async def test_the_final_completion_does_without_usage_that_cannot_be_had():
    for last in (refusal(500), task("completed")):
        client, _ = client_of(accepted(), says(chunk("Hi"), done(1)), last)
        completion = await client.stream("hi").get_final_completion()
        assert (completion.text, completion.usage) == ("Hi", None)


async def test_usage_of_the_stream_needs_no_task():
    usage = {"total_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 1}}
    counted = encode("chunk", as_json({"choices": [], "usage": usage}))
    client, transport = client_of(accepted(), says(chunk("Hi"), counted, done(2)))
    completion = await client.stream("hi").get_final_completion()
    assert completion.usage.total_tokens == 3
    assert completion.usage.details == {"completion_tokens_details.reasoning_tokens": 1}
    assert len(transport.requests) == 2


@pytest.mark.parametrize(
    ("timeouts", "parts", "phase", "after"),
    [
        (Timeouts(first_token=3), DRIP, "first_token", 3),
        (Timeouts(first_token=3, stall=5), (Pause(2), chunk("a"), *DRIP), "stall", 7),
        (4.0, (Pause(1), chunk("a"), *DRIP), "total", 4),
        (Timeouts(first_token=None, stall=None, total=6), DRIP, "total", 6),
    ],
)
async def test_keep_alives_feed_no_clock(timeouts, parts, phase, after):
    client, transport = client_of(accepted(), says(*parts), retries=0)
    with pytest.raises(APITimeoutError, match=phase) as caught:
        await texts(client.stream("hi", timeouts=timeouts))
    assert caught.value.phase == phase
    assert transport.now() / 1e9 == after
    assert transport.open == 0


async def test_the_submit_has_a_clock():
    client, transport = client_of(Play(accepted().parts, headers=JSON, delay=200))
    with pytest.raises(APITimeoutError) as caught:
        await texts(client.stream("hi"))
    assert (caught.value.phase, transport.now() / 1e9) == ("submit", 120)
    assert (caught.value.partial, caught.value.task_id) == (None, None)


async def test_the_reader_s_own_time_is_not_charged():
    client, transport = client_of(
        accepted(), says(chunk("a"), Pause(4), chunk("b"), Pause(4), chunk("c"), done(3))
    )
    seen = []
    async for delta in client.stream("hi", timeouts=Timeouts(stall=5)):
        seen.append(delta.text)
        await transport.sleep(100)
    assert seen == ["a", "b", "c"]


async def test_timeouts_can_be_switched_off():
    never = Timeouts(connect=None, submit=None, first_token=None, stall=None, task=None)
    client, _ = client_of(accepted(), says(Pause(1e6), chunk("a"), Pause(1e6), done(1)))
    assert await texts(client.stream("hi", timeouts=never)) == ["a"]


async def test_total_ends_a_stream_that_never_pauses():
    flood = tuple(chunk(str(n)) for n in range(100_000))
    client, transport = client_of(accepted(), says(*flood))
    seen = 0
    with pytest.raises(APITimeoutError) as caught:
        async for _ in client.stream("hi", timeouts=5.0):
            seen += 1
            await transport.sleep(0.01)
    assert caught.value.phase == "total"
    assert 499 <= seen <= 501


async def test_comments_after_the_end_do_not_hold_it_up():
    drip = tuple(part for _ in range(10_000) for part in (Pause(0.02), b": ping\n\n"))
    client, transport = client_of(accepted(), says(chunk("a"), done(1), *drip))
    assert await texts(client.stream("hi")) == ["a"]
    assert transport.now() / 1e9 < 0.1


async def test_time_between_entering_and_the_first_read_is_not_charged():
    client, transport = client_of(accepted(), says(Pause(1), chunk("a"), done(1)))
    async with client.stream("hi", timeouts=Timeouts(first_token=3)) as answer:
        await transport.sleep(100)
        assert await texts(answer) == ["a"]


async def test_the_look_for_usage_has_a_clock_of_its_own():
    client, transport = client_of(accepted(), says(chunk("a"), done(1)), task("completed", "a"))
    async with client.stream("hi") as answer:
        assert await texts(answer) == ["a"]
        await transport.sleep(1000)
        assert (await answer.get_final_completion()).usage.total_tokens == 9


async def test_closing_while_opening_stays_closed():
    client, transport = client_of(accepted(), says(chunk("a"), done(1)))
    answer = client.stream("hi", on_status=lambda _: answer.close())
    assert await texts(answer) == []
    assert (answer.state, transport.open) == ("closed", 0)


async def test_closing_while_healing_stays_closed():
    client, transport = client_of(
        accepted(), says(chunk("a")), says(chunk("a"), chunk("b"), done(2))
    )

    def leave(status: object) -> None:
        if status.step == "reconnecting":
            answer.close()

    answer = client.stream("hi", on_status=leave)
    assert await texts(answer) == ["a"]
    assert (answer.state, transport.open) == ("closed", 0)


async def test_an_answer_that_ends_in_its_last_moment_is_whole():
    client, _ = client_of(accepted(), says(chunk("a"), Pause(5), chunk("b") + done(2)))
    assert await texts(client.stream("hi", timeouts=5.0)) == ["a", "b"]


async def test_two_tasks_cannot_enter_one_stream():
    client, transport = client_of(accepted(), says(chunk("a"), done(1)))
    answer = client.stream("hi")
    errors = []

    async def enter() -> None:
        try:
            async with answer:
                pass
        except RuntimeError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(enter)
        tasks.start_soon(enter)
    assert len(errors) == 1
    assert [request.method for request in transport.requests][:1] == ["POST"]
    assert sum(request.method == "POST" for request in transport.requests) == 1


async def test_nothing_is_lost_when_on_status_raises():
    client, _ = client_of(accepted(), says(chunk("A") + chunk("B"), done(2)))
    answer = client.stream("hi", on_status=refuse_streaming)
    with pytest.raises(ZeroDivisionError):
        await anext(answer)
    assert await texts(answer) == ["A", "B"]


def refuse_streaming(status: object) -> None:
    if status.step == "streaming":
        raise ZeroDivisionError


async def test_a_key_echoed_on_the_stream_is_not_shown():
    for event in (
        encode("error", f'{{"message":"no {KEY}"}}'.encode()),
        encode("chunk", KEY.encode()),
    ):
        client, _ = client_of(accepted(), says(chunk("a"), event), retries=0)
        with pytest.raises(FoxError) as caught:
            await texts(client.stream("hi"))
        assert KEY not in str(caught.value)


async def test_one_reader_at_a_time():
    client, _ = client_of(accepted(), says(chunk("a"), done(1)))
    answer = client.stream("hi")
    errors = []

    async def read() -> None:
        try:
            await anext(answer)
        except RuntimeError as error:
            errors.append(str(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        tasks.start_soon(read)
    assert errors == ["this stream is being read already: it has one reader"]


async def test_a_cancelled_read_closes_and_says_so_afterwards():
    client, transport = client_of(accepted(), says(chunk("a"), chunk("b"), done(2)))
    answer = client.stream("hi")
    await anext(answer)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await anext(answer)
    assert (answer.state, transport.open) == ("closed", 0)
    with pytest.raises(StreamTruncatedError, match="cancelled") as caught:
        await anext(answer)
    assert (caught.value.partial.text, caught.value.partial.state) == ("a", "closed")


async def test_a_cancelled_opening_closes():
    client, transport = client_of(accepted())
    answer = client.stream("hi")
    with anyio.CancelScope() as scope:
        scope.cancel()
        await anext(answer)
    assert (answer.state, transport.requests) == ("closed", [])


async def test_leaving_early_keeps_what_was_said():
    client, transport = client_of(accepted(), says(chunk("a"), chunk("b"), done(2)))
    async with client.stream("hi") as answer:
        async for _ in answer:
            break
    assert (answer.state, answer.completion.state, answer.completion.text) == ("closed",) * 2 + (
        "a",
    )
    assert transport.open == 0
    assert await texts(answer) == []
    with pytest.raises(RuntimeError, match="closed before its end"):
        await answer.get_final_completion()


async def test_close_is_synchronous_and_may_come_twice():
    client, transport = client_of(accepted(), says(chunk("a") + chunk("b"), done(2)))
    answer = client.stream("hi")
    await anext(answer)
    answer.close()
    answer.close()
    assert transport.open == 0
    assert await texts(answer) == []


async def test_direct_mode_is_one_request_without_a_task():
    client, transport = client_of(says(chunk("a"), done(1)))
    answer = client.stream("hi", direct=True)
    assert await texts(answer) == ["a"]
    assert (answer.task_id, answer.timings.opened) == (None, answer.timings.accepted)
    assert transport.requests[0].event_stream
    assert b'"sync":true' in transport.requests[0].body
    assert (await answer.get_final_completion()).usage is None


DATA = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
STOP = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'


@pytest.mark.parametrize("end", [(b"data: [DONE]\n\n",), (STOP,), (STOP, b"data: [DONE]\n\n")])
async def test_direct_mode_takes_unnamed_chunks(end):
    client, _ = client_of(says(DATA, *end))
    assert await texts(client.stream("hi", direct=True)) == ["a"]


async def test_direct_mode_takes_a_whole_completion():
    call = {"id": "c1", "function": {"name": "look", "arguments": "{}"}}
    message = {"content": "Hi", "reasoning_content": "hm", "tool_calls": [call]}
    choices = [{"message": message, "finish_reason": "stop"}, {"index": 1, "message": {}}]
    usage = {"total_tokens": 3.0, "prompt_tokens_details": {"cached_tokens": 2}}
    body = as_json({"object": "chat.completion", "choices": choices, "usage": usage})
    client, transport = client_of(Play((body,), headers=JSON))
    answer = client.stream("hi", direct=True)
    deltas = [delta async for delta in answer]
    assert [(d.text, d.reasoning, d.tool_calls[0].id) for d in deltas] == [("Hi", "hm", "c1")]
    completion = answer.completion
    assert (completion.finish_reason, completion.usage.total_tokens) == ("stop", 3)
    assert completion.tool_calls[0].name == "look"
    assert completion.usage.details == {"prompt_tokens_details.cached_tokens": 2}
    assert transport.open == 0


async def test_direct_mode_without_usage_takes_a_whole_completion():
    body = as_json({"choices": [{"message": {"content": "Hi"}}]})
    client, _ = client_of(Play((body,), headers=JSON))
    answer = client.stream("hi", direct=True)
    assert (await answer.get_final_completion()).usage is None


async def test_direct_mode_left_at_once_after_a_whole_completion():
    body = as_json({"choices": [{"message": {"content": "Hi"}}]})
    client, transport = client_of(Play((body,), headers=JSON))
    async with client.stream("hi", direct=True):
        pass
    client, transport = client_of(Play((body,), headers=JSON))
    answer = client.stream("hi", direct=True)
    await anext(answer)
    answer.close()
    assert transport.open == 0


async def test_direct_mode_that_is_answered_with_a_task_is_as_strict_as_a_task():
    stop = chunk("a", finish="stop")
    client, _ = client_of(accepted(), says(stop), says(stop, done(1)))
    answer = client.stream("hi", direct=True)
    assert await texts(answer) == ["a"]
    assert answer.timings.reconnects == 1


async def test_direct_mode_that_is_answered_with_a_task_follows_it():
    client, _ = client_of(accepted(), says(chunk("a"), done(1)))
    answer = client.stream("hi", direct=True)
    assert await texts(answer) == ["a"]
    assert answer.task_id == TASK


async def test_direct_mode_that_is_answered_with_an_error_raises_it():
    body = as_json({"error": {"message": "no channel", "code": "no_compatible_channel"}})
    client, _ = client_of(Play((body,), headers=JSON))
    with pytest.raises(TaskFailedError, match="no channel"):
        await texts(client.stream("hi", direct=True))


async def test_direct_mode_cut_is_a_truncation():
    client, _ = client_of(says(DATA))
    with pytest.raises(StreamTruncatedError) as caught:
        await texts(client.stream("hi", direct=True))
    assert (caught.value.partial.text, caught.value.task_id) == ("a", None)


async def test_direct_mode_counted_chunks_that_did_not_come():
    client, _ = client_of(says(chunk("a"), done(2)))
    with pytest.raises(StreamTruncatedError, match="1 chunks came, the service counted 2"):
        await texts(client.stream("hi", direct=True))


async def test_direct_and_verify_exclude_each_other():
    client, _ = client_of()
    with pytest.raises(InvalidInputError, match="direct has none"):
        client.stream("hi", direct=True, verify=True)


async def test_a_stream_that_is_gone_names_the_task():
    client, _ = client_of(accepted(), refusal(404, "expired"), retries=0)
    answer = client.stream("hi")
    with pytest.raises(NotFoundError, match="expired") as caught:
        async with answer:
            raise AssertionError("it must not open")
    assert (caught.value.task_id, caught.value.partial) == (TASK, None)
    with pytest.raises(NotFoundError):
        await anext(answer)


@pytest.mark.parametrize(
    ("headers", "match"),
    [
        ({"content-type": "text/html; charset=utf-8"}, "text/html"),
        ({}, "untyped"),
        ({"content-type": "text/event-stream", "content-encoding": "gzip"}, "gzip"),
    ],
)
async def test_what_is_no_plain_event_stream_is_refused(headers, match):
    client, transport = client_of(accepted(), Play((b"<html>",), headers=headers))
    with pytest.raises(ProtocolError, match=match):
        await texts(client.stream("hi"))
    assert transport.open == 0


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"stream": None}, f"https://fox.test/v1/llm/generations/{TASK}/stream"),
        ({"stream": "/s/1"}, "https://fox.test/s/1"),
        ({"stream": None, "stream_url": "/s/2"}, "https://fox.test/s/2"),
        ({"stream": {"url": "https://fox.test:443/s/3"}}, "https://fox.test:443/s/3"),
    ],
    ids=["null", "string", "top level", "absolute, at home"],
)
async def test_the_stream_url_is_found_where_section_9_1_says(fields, url):
    client, transport = client_of(accepted(**fields), says(done(0)))
    await texts(client.stream("hi"))
    assert transport.requests[1].url == url
    assert transport.requests[1].headers["Authorization"] == f"Bearer {KEY}"


async def test_a_stream_url_elsewhere_gets_no_key():
    far = {"stream": {"url": "https://elsewhere.test/s"}}
    client, transport = client_of(accepted(**far), says(done(0)), headers={"X-App": "also-secret"})
    await texts(client.stream("hi"))
    assert transport.requests[1].url == "https://elsewhere.test/s"
    assert not {"Authorization", "X-App"} & set(transport.requests[1].headers)


@pytest.mark.parametrize("url", ["http://fox.test/s", "ftp://fox.test/s", "https://a b/"])
async def test_a_stream_url_that_leaves_https_or_is_none_is_refused(url):
    client, _ = client_of(accepted(stream={"url": url}))
    with pytest.raises(ProtocolError):
        await texts(client.stream("hi"))


async def test_exceptions_of_on_status_reach_the_caller():
    client, transport = client_of(accepted(), says(chunk("a"), done(1)))

    def refuse(status: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await texts(client.stream("hi", on_status=refuse))
    assert transport.open == 0


async def test_a_stream_that_is_closed_while_it_heals_stays_closed():
    client, _ = client_of(
        accepted(), says(chunk("Hi")), refusal(404), task("completed", "Hi there")
    )
    answer = client.stream("hi", on_status=lambda s: s.step == "polling" and answer.close())
    assert [delta.text async for delta in answer] == ["Hi"]
    assert (answer.state, answer.completion.text) == ("closed", "Hi")


async def test_the_stream_that_opens_at_the_second_try_says_when():
    client, _ = client_of(accepted(), refusal(503), says(chunk("Hi"), done(1)))
    answer = client.stream("hi")
    assert [delta.text async for delta in answer] == ["Hi"]
    assert answer.timings.opened is not None


async def test_a_task_that_reports_again_and_again_is_polled():
    def report(number: int) -> Play:
        return says(encode("error", as_json({"message": f"busy (request id: {number})"})))

    client, transport = client_of(
        accepted(), report(1), task("processing"), report(2), task("completed", "Hello")
    )
    assert [delta.text async for delta in client.stream("hi")] == ["Hello"]
    assert len(transport.requests) == 5
