"""What chunks mean one by one, and what they make together."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxstream import wire
from foxstream.answer import Choice, Completion, Delta, ToolCall, ToolCallDelta, Usage
from foxstream.deltas import Transcript, completion_of, usage_of


def chunk(*choices: dict, **fields: object) -> wire.Chunk:
    return wire.decode(json.dumps({"choices": list(choices), **fields}).encode(), wire.Chunk)


def said(index: int = 0, finish_reason: str | None = None, **delta: object) -> dict:
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


def told(*chunks: wire.Chunk) -> tuple[Transcript, list[Delta]]:
    transcript = Transcript()
    return transcript, transcript.add(chunks, 7)


@pytest.mark.parametrize(
    "silent",
    [
        chunk(),
        wire.Chunk(choices=None),
        chunk({}),
        chunk({"index": 0, "delta": None}),
        chunk(said()),
        chunk(said(role="assistant")),
        chunk(said(role="assistant", content=None)),
        chunk(said(content="")),
        chunk(said(reasoning_content="", reasoning=None)),
        chunk(said(tool_calls=[])),
        chunk(said(finish_reason="stop")),
        chunk(usage={"prompt_tokens": 1}),
    ],
    ids=lambda one: repr(one)[:60],
)
def test_chunks_that_carry_nothing_bring_no_delta(silent):
    assert told(silent)[1] == []


def test_text_and_reasoning_are_told_apart():
    transcript, deltas = told(
        chunk(said(role="assistant", content=None)),
        chunk(said(reasoning_content="hm")),
        chunk(said(reasoning=" well")),
        chunk(said(content="Hi", reasoning_content="!")),
        chunk(said(content=" there", finish_reason="stop")),
    )
    assert deltas == [
        Delta(reasoning="hm", received_ns=7),
        Delta(reasoning=" well", received_ns=7),
        Delta("Hi", "!", received_ns=7),
        Delta(" there", finish_reason="stop", received_ns=7),
    ]
    completion = transcript.completion()
    assert (completion.text, completion.reasoning) == ("Hi there", "hm well!")


def test_reasoning_under_both_names_is_taken_once():
    assert told(chunk(said(reasoning_content="a", reasoning="a")))[1][0].reasoning == "a"


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_finish_reason_is_none(nothing):
    transcript, (delta,) = told(chunk(said(content="x", finish_reason=nothing)))
    assert delta.finish_reason is None
    assert not transcript.finished
    assert transcript.completion().finish_reason is None


def test_a_finish_reason_without_text_is_kept_for_the_completion():
    transcript, deltas = told(chunk(said(content="x")), chunk({"finish_reason": "length"}))
    assert [delta.finish_reason for delta in deltas] == [None]
    assert transcript.completion().finish_reason == "length"
    assert transcript.completion().state == "complete"


def test_several_choices_are_kept_apart_and_sorted():
    transcript, deltas = told(
        chunk(said(1, content="b"), said(0, content="a")),
        chunk(said(2, content="c")),
        chunk(said(1, content="B", finish_reason="stop")),
    )
    assert [(delta.index, delta.text) for delta in deltas] == [
        (1, "b"), (0, "a"), (2, "c"), (1, "B")
    ]  # fmt: skip
    completion = transcript.completion()
    assert completion.text == "a"
    assert [(one.index, one.text, one.finish_reason) for one in completion.choices] == [
        (0, "a", None),
        (1, "bB", "stop"),
        (2, "c", None),
    ]


def test_without_choice_0_the_text_is_empty_but_the_choices_are_there():
    completion = told(chunk(said(3, content="x")))[0].completion()
    assert (completion.text, completion.choices) == ("", (Choice(3, "x"),))


def test_an_answer_is_finished_when_every_choice_is():
    transcript = Transcript()
    assert not transcript.finished
    transcript.add([chunk(said(0, content="a"), said(1, content="b"))], 0)
    transcript.add([chunk(said(0, finish_reason="stop"))], 0)
    assert not transcript.finished
    transcript.add([chunk(said(1, finish_reason="length"))], 0)
    assert transcript.finished


def call(index: int | None, id: str | None, name: str | None, arguments: str | None) -> dict:
    fields = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return {name: value for name, value in fields.items() if value is not None}


def test_tool_call_fragments_with_an_index():
    transcript, deltas = told(
        chunk(said(tool_calls=[call(0, "a", "add", "")])),
        chunk(said(tool_calls=[call(0, None, None, '{"x"'), call(1, "b", "sub", None)])),
        chunk(said(tool_calls=[call(1, None, None, "{}")])),
        chunk(said(tool_calls=[call(0, None, None, ":1}")], finish_reason="tool_calls")),
    )
    assert [delta.tool_calls for delta in deltas] == [
        (ToolCallDelta(0, "a", "add", ""),),
        (ToolCallDelta(0, "", "", '{"x"'), ToolCallDelta(1, "b", "sub", "")),
        (ToolCallDelta(1, "", "", "{}"),),
        (ToolCallDelta(0, "", "", ":1}"),),
    ]
    completion = transcript.completion()
    assert completion.tool_calls == (ToolCall("a", "add", '{"x":1}'), ToolCall("b", "sub", "{}"))
    assert completion.finish_reason == "tool_calls"


def test_tool_call_fragments_without_an_index_follow_their_id():
    transcript, _ = told(
        chunk(said(tool_calls=[call(None, "a", "add", "{")])),
        chunk(said(tool_calls=[call(None, None, None, "}")])),
        chunk(said(tool_calls=[call(None, "b", "sub", "["), call(None, None, None, "]")])),
        chunk(said(tool_calls=[call(None, "a", None, "!")])),
    )
    assert transcript.completion().tool_calls == (
        ToolCall("a", "add", "{}!"),
        ToolCall("b", "sub", "[]"),
    )


def test_whole_tool_calls_side_by_side_without_an_index():
    calls = [call(None, "a", "add", "1"), call(None, "a", None, "2"), call(None, "b", "sub", "3")]
    transcript, (delta,) = told(chunk(said(tool_calls=calls)))
    assert [one.index for one in delta.tool_calls] == [0, 0, 1]
    assert transcript.completion().tool_calls == (
        ToolCall("a", "add", "12"),
        ToolCall("b", "sub", "3"),
    )


def test_a_new_call_without_an_index_comes_after_those_that_have_one():
    transcript, _ = told(
        chunk(said(tool_calls=[call(1, "a", "add", "{}")])),
        chunk(said(tool_calls=[call(None, "b", "sub", "[]")])),
    )
    assert transcript.completion().tool_calls == (
        ToolCall("a", "add", "{}"),
        ToolCall("b", "sub", "[]"),
    )


def test_calls_that_share_an_index_are_kept_apart_by_their_ids():
    transcript, _ = told(
        chunk(said(tool_calls=[call(0, "a", "add", "{")])),
        chunk(said(tool_calls=[call(0, None, None, "}")])),
        chunk(said(tool_calls=[call(0, "b", "sub", "[")])),
        chunk(said(tool_calls=[call(0, None, None, "]")])),
        chunk(said(tool_calls=[call(0, "a", None, "!")])),
    )
    assert transcript.completion().tool_calls == (
        ToolCall("a", "add", "{}!"),
        ToolCall("b", "sub", "[]"),
    )


def test_a_fragment_that_says_nothing_at_all_belongs_to_the_first_call():
    transcript, (delta,) = told(chunk(said(tool_calls=[{}])))
    assert delta.tool_calls == (ToolCallDelta(),)
    assert transcript.completion().tool_calls == (ToolCall(),)


def test_model_and_id_are_the_first_that_were_named_and_usage_the_last():
    transcript, _ = told(
        chunk(id="", model=None, usage=None),
        chunk(id="one", model="m", usage={"total_tokens": 1}),
        chunk(id="two", model="n", usage={"total_tokens": 2}),
        chunk(),
    )
    completion = transcript.completion("truncated", "task-1")
    assert (completion.id, completion.model) == ("one", "m")
    assert completion.usage == Usage(None, None, 2)
    assert (completion.state, completion.task_id) == ("truncated", "task-1")


def test_usage_details_keep_their_wire_names_and_drop_what_is_no_count():
    usage = usage_of(
        wire.TokenUsage(
            1,
            2,
            3,
            prompt_tokens_details={"cached_tokens": 4, "note": "x", "nothing": None},
            completion_tokens_details={"reasoning_tokens": 5},
        )
    )
    assert usage.details == {
        "prompt_tokens_details.cached_tokens": 4,
        "completion_tokens_details.reasoning_tokens": 5,
    }


@given(st.lists(st.tuples(st.integers(0, 2), st.text(max_size=3), st.text(max_size=3))))
def test_the_pieces_make_the_whole(pieces):
    transcript, deltas = told(
        *(chunk(said(index, content=text, reasoning=why)) for index, text, why in pieces)
    )
    for choice in transcript.completion().choices:
        mine = [delta for delta in deltas if delta.index == choice.index]
        assert choice.text == "".join(delta.text for delta in mine)
        assert choice.reasoning == "".join(delta.reasoning for delta in mine)
    assert all(delta.text or delta.reasoning for delta in deltas)


MESSAGE = {
    "role": "assistant",
    "content": "Hi",
    "reasoning": "hm",
    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}


def test_a_finished_completion_in_full():
    body = {
        "id": "chatcmpl-1",
        "model": "m",
        "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
    choice = Choice(0, "Hi", "hm", (ToolCall("a", "f", "{}"),), "stop")
    assert completion_of(wire.decode(json.dumps(body).encode(), wire.Result), "task-1") == (
        Completion(
            text="Hi",
            reasoning="hm",
            tool_calls=choice.tool_calls,
            finish_reason="stop",
            usage=Usage(1, 2, 3),
            model="m",
            id="chatcmpl-1",
            task_id="task-1",
            choices=(choice,),
        )
    )


@pytest.mark.parametrize(
    ("result", "choices"),
    [
        ({"choices": [{"message": None}]}, (Choice(),)),
        ({"choices": [{"message": {"content": ""}}]}, (Choice(),)),
        ({"choices": [{"message": {"content": "a"}}], "text": "b"}, (Choice(text="a"),)),
        ({"message": {"content": "a"}, "text": "b"}, (Choice(text="a"),)),
        ({"message": {"content": ""}}, (Choice(),)),
        ({"text": "a", "content": "b"}, (Choice(text="a"),)),
        ({"text": "", "content": "b"}, (Choice(text="b"),)),
        ({"content": "b"}, (Choice(text="b"),)),
        ({"text": ""}, (Choice(),)),
        ({"content": ""}, (Choice(),)),
        ({"choices": [], "message": None, "text": None, "content": None}, ()),
        ({"choices": [{"message": {"tool_calls": [{}]}}]}, (Choice(tool_calls=(ToolCall(),)),)),
    ],
)
def test_where_the_text_of_a_result_may_be(result, choices):
    completion = completion_of(wire.decode(json.dumps(result).encode(), wire.Result))
    assert completion.choices == choices
    assert completion.usage is None


def test_a_plain_chat_completion_has_its_text_in_choices_only():
    assert completion_of(wire.ChatCompletion()).choices == ()
