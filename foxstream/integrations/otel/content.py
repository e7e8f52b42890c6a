"""What was asked and answered, as the JSON that the conventions want on a span.

House rule: nothing here is called unless content is asked for. Media stay out of it, and of a URL
its user, its query and its fragment, which may be a password or a signature.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import msgspec

from foxstream.answer import Choice, Completion, ToolCall
from foxstream.question import Question
from foxstream.sources import Source

__all__ = ["input_messages", "output_messages", "system_instructions"]

Part = dict[str, object]

_USER_OR_QUERY = re.compile(r"(?<=://)[^/?#]*@|[?#].*", re.DOTALL)


def system_instructions(question: Question) -> str | None:
    """The system prompt; `None` where there is none, or it is one of the messages."""
    return _json([_text(question.system_prompt)]) if question.system_prompt else None


def input_messages(question: Question) -> str:
    """What was asked, message by message."""
    if question.messages:
        return _json([_message(message) for message in question.messages])
    prompt = [_text(question.prompt)] if question.prompt else []
    parts = [*prompt, *map(_source, question.sources)]
    return _json([{"role": "user", "parts": parts}])


def output_messages(completion: Completion, cut_off: str | None) -> str:
    """What was answered, one message for each choice."""
    return _json([_answer(choice, cut_off) for choice in completion.choices])


def _answer(choice: Choice, cut_off: str | None) -> Part:
    said = {"reasoning": choice.reasoning, "text": choice.text}
    parts = [{"type": kind, "content": words} for kind, words in said.items() if words]
    calls = [_call(call) for call in choice.tool_calls]
    reason = choice.finish_reason or cut_off or "stop"
    return {"role": "assistant", "parts": [*parts, *calls], "finish_reason": reason}


def _message(message: Mapping[str, object]) -> Part:
    """A message in the words of OpenAI."""
    content, role = message.get("content"), message["role"]
    blocks = cast("list[object]", content) if isinstance(content, list) else [content]
    parts = [part for block in blocks if (part := _block(block))]
    if role == "tool":
        answer = {"type": "tool_call_response", "id": message.get("tool_call_id")}
        response = content if isinstance(content, str) else parts
        return {"role": role, "parts": [answer | {"response": response}]}
    return {"role": role, "parts": [*parts, *_calls(message.get("tool_calls"))]}


def _calls(calls: object) -> list[Part]:
    try:
        return [_call(call.whole()) for call in msgspec.convert(calls or [], list[_Called])]
    except msgspec.ValidationError:
        return [{"type": "omitted", "modality": "tool_calls"}]


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class _Called(msgspec.Struct):
    id: str = ""
    function: _Function = msgspec.field(default_factory=_Function)

    def whole(self) -> ToolCall:
        return ToolCall(self.id, self.function.name, self.function.arguments)


def _block(block: object) -> Part | None:
    if isinstance(block, str):
        return _text(block)
    if not isinstance(block, dict):
        return None
    fields = cast("dict[str, object]", block)
    kind = str(fields.get("type"))
    if kind == "text":
        return _text(fields.get("text"))
    named = fields.get(kind)
    url = cast("dict[str, object]", named).get("url") if isinstance(named, dict) else named
    return _media(kind.partition("_")[0], url)


def _text(words: object) -> Part:
    return {"type": "text", "content": words}


def _source(source: Source) -> Part:
    return _media(source.kind, source.value)


def _media(modality: str, value: object) -> Part:
    """Where it lies, if that is a public place; else only that it was there."""
    if isinstance(value, str) and value.startswith(("http:", "https:")):
        return {"type": "uri", "modality": modality, "uri": _USER_OR_QUERY.sub("", value)}
    return {"type": "omitted", "modality": modality}


def _call(call: ToolCall) -> Part:
    try:
        arguments: object = msgspec.json.decode(call.arguments, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        arguments = call.arguments
    return {"type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
