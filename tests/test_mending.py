"""What the finished task adds: the tail of a cut answer, usage, and a second opinion."""

from __future__ import annotations

import pytest

from foxstream.answer import Choice, Completion, ToolCall, Usage
from foxstream.errors import StreamDivergedError, StreamTruncatedError
from foxstream.mending import disagrees, mended, supplemented

CALL = ToolCall("a", "add", "{}")


def answer(text: str, *more: str, **fields: object) -> Completion:
    choices = tuple(Choice(index, said) for index, said in enumerate((text, *more)))
    return Completion(text, choices=choices, task_id="t", **fields)


def calling(*calls: ToolCall) -> Completion:
    return Completion(choices=(Choice(0, tool_calls=calls),))


def test_the_tail_of_every_choice_and_call():
    heard = Completion(
        "He",
        choices=(
            Choice(0, "He", "hm", (ToolCall("a", "add", '{"x"'),)),
            Choice(2, "same", tool_calls=(ToolCall("c", "look", "{}"),)),
        ),
        reasoning="hm",
        model="m",
        task_id="t",
    )
    calls = (ToolCall("a", "add", '{"x":1}'), ToolCall("b", "sub", "{}"))
    finished = Completion(
        "Hello",
        choices=(Choice(0, "Hello", tool_calls=calls), Choice(1, "B"), heard.choices[1]),
        usage=Usage(1),
        id="i",
    )
    tail, whole = mended(heard, finished, 7)
    assert [(d.index, d.text, d.received_ns) for d in tail] == [(0, "llo", 7), (1, "B", 7)]
    assert [(c.index, c.id, c.arguments) for c in tail[0].tool_calls] == [
        (0, "", ":1}"),
        (1, "b", "{}"),
    ]
    assert (whole.text, whole.reasoning, whole.model, whole.id) == ("Hello", "hm", "m", "i")
    assert (whole.choices[0].reasoning, whole.task_id) == ("hm", "t")
    assert (whole.usage, whole.recovered, whole.reasoning_complete) == (Usage(1), True, False)


def test_a_choice_that_only_thought_is_kept():
    heard = Completion("He", choices=(Choice(0, "He"), Choice(1, reasoning="hm")))
    _, whole = mended(heard, answer("Hello"), 0)
    assert whole.choices == (Choice(0, "Hello"), Choice(1, reasoning="hm"))


@pytest.mark.parametrize(
    ("heard", "finished", "kind"),
    [
        (answer("He"), answer("Ha"), StreamDivergedError),
        (answer("He"), answer("H"), StreamDivergedError),
        (answer("He"), answer(""), StreamTruncatedError),
        (answer("He"), Completion(), StreamTruncatedError),
        (answer("He"), answer("", "other"), StreamTruncatedError),
        (answer("He", "lost"), answer("Hello"), StreamTruncatedError),
        (calling(CALL), answer("Hello"), StreamTruncatedError),
        (calling(CALL, CALL), calling(CALL), StreamDivergedError),
        (calling(CALL), calling(ToolCall("a", "add", "[]")), StreamDivergedError),
    ],
)
def test_a_task_that_cannot_mend(heard, finished, kind):
    with pytest.raises(kind):
        mended(heard, finished, 0)


@pytest.mark.parametrize(
    ("streamed", "finished", "opinion"),
    [
        (answer("Hi"), answer("Hi"), False),
        (answer("Hi", "x"), answer("Hi"), False),
        (answer("Hi", "x"), answer("", ""), False),
        (calling(CALL), calling(CALL), False),
        (answer("Hi"), answer("Hi there"), True),
        (answer("Hi"), answer("H"), True),
        (answer("Hi"), answer("Hi", "B"), True),
        (calling(CALL), calling(ToolCall("", "", "{}")), False),
        (calling(), calling(CALL), True),
    ],
)
def test_a_second_opinion(streamed, finished, opinion):
    assert bool(disagrees(streamed, finished)) is opinion


def test_usage_comes_from_whoever_knows_it():
    ours, theirs = Usage(1), Usage(2)
    assert supplemented(answer("a"), answer("b", usage=theirs)) == answer("a", usage=theirs)
    assert supplemented(answer("a", usage=ours), answer("b", usage=theirs)).usage == ours
    assert supplemented(answer("a"), answer("b")).usage is None


def test_the_finish_reason_comes_from_whoever_knows_it():
    cut = Completion("a", choices=(Choice(0, "a"), Choice(1, "b", finish_reason="length")))
    stop = Choice(0, "a", finish_reason="stop")
    whole = supplemented(cut, Completion("a", finish_reason="stop", choices=(stop,)))
    assert whole.finish_reason == "stop"
    assert [choice.finish_reason for choice in whole.choices] == ["stop", "length"]
