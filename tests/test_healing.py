"""A cut stream made whole, in virtual time: every token once and in order, or a named error."""

from __future__ import annotations

import pytest

from foxstream import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    InternalServerError,
    NotFoundError,
    ProtocolError,
    Retries,
    StreamDivergedError,
    StreamTruncatedError,
    TaskFailedError,
    Timeouts,
)
from foxstream.sse import encode
from foxstream.telling import Telling
from foxstream.transports import Break, Pause, Play
from tests.script import TASK, accepted, chunk, client_of, done, refusal, says, task
from tests.unmeasured import untraced

pytestmark = pytest.mark.anyio

WORDS = [f"{word}-{n} " for n, word in enumerate(["fox", "lièvre", "狐狸", "🦊", "ßtraße"] * 13)]
THOUGHTS = WORDS[:10]
ALIVE = b": keep-alive\n\n"
FRAMES = [
    chunk(role="assistant"),
    *(chunk(reasoning_content=thought) for thought in THOUGHTS),
    chunk(""),
    ALIVE,
    *(
        chunk(word).replace(b"\n", b"\r\n") if n % 3 else chunk(word)
        for n, word in enumerate(WORDS)
    ),
    chunk(finish="stop"),
]
END = done(len(FRAMES) - 1)
RECORDED = b"".join(FRAMES) + END
# The same words without signs of life, cut into other chunks.
OTHERWISE = chunk(reasoning="".join(THOUGHTS)) + chunk("".join(WORDS), finish="stop") + done(2)
TEXT, REASONING = "".join(WORDS), "".join(THOUGHTS)
LOST = APIConnectionError("lost")


def telling() -> Telling:
    return Telling(max_event_bytes=1 << 20)


@pytest.mark.parametrize("replay", [RECORDED, OTHERWISE], ids=["the same chunks", "other chunks"])
@untraced()
def test_a_cut_at_every_byte_loses_and_repeats_nothing(replay):
    for cut in range(1, len(RECORDED)):
        told = telling()
        deltas = told.feed(RECORDED[:cut], 1)
        if told.over:
            assert told.complaint() is None
            continue
        told.fail(LOST)
        assert told.complaint() is LOST
        told.begin_again()
        deltas += told.feed(replay, 2)
        assert told.complaint() is None
        assert "".join(delta.text for delta in deltas) == TEXT
        assert "".join(delta.reasoning for delta in deltas) == REASONING
        whole = told.said("complete", TASK)
        assert (whole.text, whole.reasoning, whole.recovered) == (TEXT, REASONING, True)
        assert whole.finish_reason == "stop"


def test_a_replay_that_is_cut_again_and_again_loses_and_repeats_nothing():
    told, deltas = telling(), []
    for cut in range(1, len(RECORDED), 97):
        deltas += told.feed(RECORDED[:cut], 1)
        told.fail(LOST)
        told.begin_again()
    deltas += told.feed(RECORDED, 1)
    assert "".join(delta.text for delta in deltas) == TEXT
    assert told.complaint() is None


EDGES = sorted(
    {
        min(max(at + nudge, 0), len(RECORDED) - len(END) - 1)
        for nudge in (-1, 0, 1)
        for at in range(0, len(RECORDED), len(RECORDED) // 12)
    }
)


@pytest.mark.parametrize("fault", [None, Break(), Pause(1e5)], ids=["end", "reset", "stall"])
async def test_the_loop_sees_every_token_once(fault):
    for cut in EDGES:
        first = (RECORDED[:cut],) if fault is None else (RECORDED[:cut], fault)
        asked = (task("processing"),) if isinstance(fault, Pause) else ()
        client, transport = client_of(accepted(), says(*first), *asked, says(RECORDED))
        answer = client.stream("hi")
        deltas = [delta async for delta in answer]
        assert "".join(delta.text for delta in deltas) == TEXT
        assert "".join(delta.reasoning for delta in deltas) == REASONING
        assert (answer.state, answer.completion.recovered) == ("complete", True)
        assert (answer.timings.reconnects, transport.open) == (1, 0)


HELLO = (chunk("Hel"), chunk("lo"), chunk(" you"), done(3))
CUT = says(chunk("Hel"))


async def heard(*plays: Play, **options: object) -> tuple[list[str], object, object]:
    client, transport = client_of(accepted(), *plays, **options)
    answer = client.stream("hi")
    seen = []
    try:
        async for delta in answer:
            seen.append(delta.text)
    finally:
        assert transport.open == 0
    return seen, answer, transport


@pytest.mark.parametrize(
    "trouble",
    [refusal(500), refusal(503), refusal(429), Play((Break("refused"),)), says()],
    ids=["500", "503", "429", "refused", "nothing"],
)
async def test_trouble_while_reopening_is_waited_out(trouble):
    seen, answer, transport = await heard(CUT, trouble, trouble, says(*HELLO))
    assert seen == ["Hel", "lo", " you"]
    assert answer.timings.reconnects == 3
    assert [request.method for request in transport.requests] == ["POST"] + ["GET"] * 4


async def test_a_retry_after_is_obeyed_while_reopening():
    busy = refusal(429, **{"retry-after": "30"})
    _, _, transport = await heard(CUT, busy, says(*HELLO))
    assert transport.now() / 1e9 >= 30


async def test_the_stream_is_reopened_where_the_service_said_it_is():
    client, transport = client_of(accepted(stream="/elsewhere/s"), CUT, says(*HELLO))
    assert [delta.text async for delta in client.stream("hi")] == ["Hel", "lo", " you"]
    assert transport.requests[2].url == "https://fox.test/elsewhere/s"


async def test_new_tokens_begin_the_count_of_attempts_again():
    cuts = [says(*HELLO[:n]) for n in (1, 1, 2, 2, 3, 3)]
    seen, _, _ = await heard(*cuts, says(*HELLO), retries=2)
    assert seen == ["Hel", "lo", " you"]


@pytest.mark.parametrize("gone", [refusal(404), refusal(410)])
async def test_the_tail_of_a_stream_that_is_gone_comes_from_its_task(gone):
    seen, answer, _ = await heard(CUT, gone, task("processing"), task("completed", "Hello you"))
    assert seen == ["Hel", "lo you"]
    completion = answer.completion
    assert (completion.text, completion.usage.total_tokens) == ("Hello you", 9)
    assert (completion.recovered, completion.reasoning_complete) == (True, False)
    assert (answer.state, completion.finish_reason) == ("complete", "stop")


async def test_a_stream_that_is_gone_from_the_start_comes_from_its_task():
    seen, answer, _ = await heard(refusal(404), task("completed", "Hello"))
    assert (seen, answer.state) == (["Hello"], "complete")
    client, transport = client_of(refusal(404), task("completed", "Hello"))
    async with client.attach(TASK) as attached:
        assert [delta.text async for delta in attached] == ["Hello"]
    assert transport.open == 0


async def test_a_stream_that_keeps_failing_is_left_to_its_task():
    seen, answer, _ = await heard(*[CUT] * 4, task("completed", "Hello"), retries=3)
    assert (seen, answer.state) == (["Hel", "lo"], "complete")


async def test_reasoning_that_was_delivered_stays_when_the_task_takes_over():
    thinking = says(chunk(reasoning="hm"), chunk("Hel"))
    _, answer, _ = await heard(thinking, refusal(404), task("completed", "Hello"))
    assert (answer.completion.reasoning, answer.completion.text) == ("hm", "Hello")


async def test_a_task_whose_text_is_another_is_a_divergence():
    with pytest.raises(StreamDivergedError, match="another answer") as caught:
        await heard(CUT, refusal(404), task("completed", "Good bye"))
    assert caught.value.partial.text == "Hel"


async def test_a_task_without_text_proves_nothing():
    with pytest.raises(StreamTruncatedError, match="no text"):
        await heard(CUT, refusal(404), task("completed", ""))


async def test_another_answer_on_the_stream_is_a_divergence():
    other = says(chunk("Good bye"), done(1))
    with pytest.raises(StreamDivergedError) as caught:
        await heard(CUT, other, task("completed", "Good bye"))
    assert (caught.value.partial.text, caught.value.task_id) == ("Hel", TASK)


async def test_but_not_where_the_task_goes_on_from_what_was_delivered():
    other = says(chunk("Good bye"), done(1))
    seen, _, _ = await heard(CUT, other, task("completed", "Hello"))
    assert seen == ["Hel", "lo"]


async def test_a_replay_that_ends_before_what_was_delivered_is_a_divergence():
    longer = says(chunk("Hel"), chunk("lo"))
    seen, _, _ = await heard(longer, says(chunk("Hel"), done(1)), task("completed", "Hello!"))
    assert seen == ["Hel", "lo", "!"]


async def test_a_reported_error_of_a_living_task_is_followed_past():
    hiccup = encode("error", b'{"message":"proxy hiccup"}')
    seen, answer, _ = await heard(says(chunk("Hel"), hiccup), task("processing"), says(*HELLO))
    assert seen == ["Hel", "lo", " you"]
    assert answer.state == "complete"


async def test_the_same_error_in_the_replayed_log_leaves_it_to_the_task():
    broken = says(chunk("Hel"), encode("error", b'{"message":"proxy hiccup"}'))
    seen, _, transport = await heard(
        broken, task("processing"), broken, task("processing"), task("completed", "Hello")
    )
    assert seen == ["Hel", "lo"]
    assert len(transport.requests) == 6


async def test_a_failed_task_is_told_with_what_was_said():
    failure = {"code": "upstream_error", "message": "the model is gone"}
    with pytest.raises(TaskFailedError, match="the model is gone") as caught:
        await heard(CUT, refusal(404), task("failed", error=failure))
    assert (caught.value.code, caught.value.partial.text) == ("upstream_error", "Hel")


@pytest.mark.parametrize("text", ["Hello", ""])
async def test_a_silence_asks_the_task_first(text):
    silent = says(chunk("Hel"), chunk("lo"), Pause(1e6))
    tries = [task("processing"), silent, task("completed", text)]
    if text:
        seen, _, transport = await heard(silent, *tries)
        assert seen == ["Hel", "lo"]
        assert 120 <= transport.now() / 1e9 <= 122
    else:
        with pytest.raises(StreamTruncatedError, match="no text"):
            await heard(silent, *tries)


async def test_a_silence_without_end_is_a_timeout():
    silent = says(chunk("Hel"), Pause(1e6))
    tries = [play for _ in range(2) for play in (task("processing"), silent)]
    with pytest.raises(APITimeoutError) as caught:
        await heard(silent, *tries, retries=2, timeouts=Timeouts(stall=5))
    assert (caught.value.phase, caught.value.partial.text) == ("stall", "Hel")


async def test_a_silent_task_that_has_failed_or_shows_no_results_yet():
    silent = says(Pause(1e6))
    with pytest.raises(TaskFailedError):
        await heard(silent, task("failed"))
    seen, _, _ = await heard(silent, task("completed"), task("completed", "Hello"))
    assert seen == ["Hello"]


async def test_total_ends_every_attempt():
    with pytest.raises(APITimeoutError) as caught:
        await heard(CUT, *[refusal(500)] * 50, timeouts=20.0, retries=Retries(50, backoff=1e-9))
    assert caught.value.phase != "total" or caught.value.partial.text == "Hel"
    busy = refusal(503, **{"retry-after": "15"})
    with pytest.raises(APITimeoutError) as caught:
        await heard(CUT, busy, busy, timeouts=20.0)
    assert caught.value.phase == "total"
    with pytest.raises(APITimeoutError) as caught:
        await heard(says(chunk("a"), Pause(1e6)), timeouts=20.0)
    assert caught.value.phase == "total"


async def test_fewer_chunks_than_counted_are_looked_for_once():
    short = (chunk("Hel"), done(2))
    seen, _, _ = await heard(says(*short), says(*HELLO[:2], done(2)))
    assert seen == ["Hel", "lo"]
    seen, _, _ = await heard(says(*short), says(*short), task("completed", "Hello"))
    assert seen == ["Hel", "lo"]


@pytest.mark.parametrize("text", ["Hel", ""])
async def test_fewer_chunks_than_counted_but_the_same_text_is_whole(text, caplog):
    short = says(chunk("Hel"), done(2))
    seen, answer, _ = await heard(short, short, task("completed", text))
    assert (seen, answer.state) == (["Hel"], "complete")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    ("plays", "kind"),
    [
        ([refusal(401)], AuthenticationError),
        ([says(encode("chunk", b"{"))], ProtocolError),
        ([refusal(429, **{"retry-after": "600"}), refusal(404)], NotFoundError),
    ],
)
async def test_what_does_not_pass_is_raised(plays, kind):
    with pytest.raises(kind) as caught:
        await heard(CUT, *plays)
    assert caught.value.partial.text == "Hel"


async def test_without_retries_the_first_failure_is_told():
    for first, kind in ((CUT, StreamTruncatedError), (refusal(503), InternalServerError)):
        with pytest.raises(kind):
            await heard(first, retries=0)


async def test_tool_calls_are_told_on_where_they_were_cut():
    def call(index: int, arguments: str, id: str | None = None) -> bytes:
        function = {"name": "look" if id else None, "arguments": arguments}
        return chunk(tool_calls=[{"index": index, "id": id, "function": function}])

    parts = (call(0, "", "a"), call(0, '{"x"'), call(0, ":1}"), call(1, "{}", "b"), done(4))
    for cut in range(1, 4):
        _, answer, _ = await heard(says(*parts[:cut]), says(*parts))
        assert [c.arguments for c in answer.completion.tool_calls] == ['{"x":1}', "{}"]
        assert [c.id for c in answer.completion.tool_calls] == ["a", "b"]


async def test_status_tells_of_the_cut():
    client, _ = client_of(accepted(), CUT, refusal(404), task("completed", "Hello"))
    steps = []
    answer = client.stream("hi", on_status=lambda status: steps.append(status.step))
    assert [delta.text async for delta in answer] == ["Hel", "lo"]
    assert steps == ["submitted", "queued", "streaming", "reconnecting", "polling"]
