"""The values that users read: frozen, printable, comparable."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from foxstream.answer import Choice, Completion, Delta, ToolCall, ToolCallDelta, Usage
from foxstream.resources import Model, Task, TaskFailure, Upload

VALUES = [
    Delta("said", "thought", (ToolCallDelta(1, "id", "name", "{}"),), 2, "stop", 3),
    ToolCallDelta(1, "id", "name", "{}"),
    ToolCall("id", "name", "{}"),
    Usage(1, None, 3, {"completion_tokens_details.reasoning_tokens": 2}),
    Choice(1, "text", "reasoning", (ToolCall(),), "length"),
    Completion("text", choices=(Choice(),), usage=Usage(), state="truncated"),
    Task("task-1", usage={"credits_reserved": 5}, completion=Completion()),
    TaskFailure("why", "code"),
    Model("m", ("text",)),
    Upload("https://cdn/x.mp4"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_frozen_and_survive_a_copy(value):
    with pytest.raises(AttributeError):
        setattr(value, value.__struct_fields__[0], None)
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value
    assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value


def test_only_the_answer_text_is_printed():
    assert str(Delta("said", "thought")) == "said"
    assert f"{Delta(reasoning='thought')}" == ""
    assert "thought" in repr(Delta(reasoning="thought"))


def test_unknown_is_none_and_never_zero():
    assert Completion().usage is None
    assert Usage() == Usage(None, None, None, {})
    assert Usage().details is not Usage().details
