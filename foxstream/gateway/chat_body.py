"""From the body of a chat completion to a `Generation`, or to the refusal of what is wrong.

House rule: OpenAI's fields that mean nothing here are left to the engine, not refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from foxstream.gateway.conversation import ChatMessage
from foxstream.gateway.engine import Generation
from foxstream.gateway.framing import ChatFraming
from foxstream.gateway.models import Model, find_model
from foxstream.gateway.validation import (
    MaxTokens,
    Temperature,
    check_media,
    converted,
    further_fields,
    generation_from,
    read_object,
)

__all__ = ["ChatRequest", "read_chat"]

_OWN = frozenset({"reasoning"})  # here it is an engine's, and often an object


class StreamOptions(msgspec.Struct, frozen=True):
    """`stream_options`: whether a stream ends with its usage."""

    include_usage: bool | None = None


class ChatBody(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that are used; `max_completion_tokens` is the newer name of `max_tokens`."""

    model: str
    messages: Annotated[tuple[ChatMessage, ...], msgspec.Meta(min_length=1)]
    max_tokens: MaxTokens | None = None
    max_completion_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


class ChatRequest(msgspec.Struct, frozen=True):
    """A request that passed; without a `framing` the answer is not streamed.

    `size` is the number of bytes it came in.
    """

    generation: Generation
    framing: ChatFraming | None
    size: int


def read_chat(body: bytes, models: Iterable[Model] | None) -> ChatRequest:
    """Check everything that can be known of a request before an engine sees it."""
    fields = read_object(body)
    asked = converted(fields, ChatBody)
    generation = generation_from(
        asked.messages,
        fields["messages"],
        model=asked.model,
        max_tokens=asked.max_completion_tokens or asked.max_tokens,
        temperature=asked.temperature,
        extra=further_fields(fields, _OWN),
    )
    check_media(generation, inline_limited=False)
    _model_for_chat(models, generation.model).check(generation)
    return ChatRequest(generation, _framing(asked), len(body))


def _model_for_chat(models: Iterable[Model] | None, id: str) -> Model:
    """A claude that must be told `max_tokens` is a rule of the custom variant alone (2.6)."""
    return msgspec.structs.replace(find_model(models, id), messages_need_max_tokens=False)


def _framing(asked: ChatBody) -> ChatFraming | None:
    if not asked.stream:
        return None
    options = asked.stream_options or StreamOptions()
    return ChatFraming(with_usage=bool(options.include_usage))
