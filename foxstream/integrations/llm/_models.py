"""The models of the service, as llm knows models: synchronous and asynchronous.

House rule: reasoning is an event of its own, never text; every failure is an `llm.ModelError`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import cast

import llm
from llm.parts import StreamEvent
from pydantic import Field

from foxstream.answer import Completion, Delta
from foxstream.client import Client
from foxstream.errors import FoxError
from foxstream.integrations.llm.asking import ask_of
from foxstream.integrations.llm.blocking import stepped
from foxstream.integrations.llm.catalogue import attachment_types, catalogue
from foxstream.question import DEFAULT_MODEL
from foxstream.resources import Model
from foxstream.streams import Stream

__all__ = ["AsyncFoxModel", "FoxModel", "registered"]


class _Options(llm.Options):
    temperature: float | None = Field(default=None, ge=0, le=2, description="0 to 2")
    max_tokens: int | None = Field(default=None, ge=1, description="the most tokens to write")
    reasoning: bool | None = Field(default=None, description="whether to tell the reasoning")
    timeout: float | None = Field(default=None, gt=0, description="seconds for the whole answer")


class _AnyOptions(_Options):
    model: str = Field(default=DEFAULT_MODEL, description="any model of the service by its name")


class _FoxAPI:
    """What both kinds of a model have in common."""

    needs_key = "foxapi"
    key_env_var = "FOXAPI_API_KEY"
    key: str | None = None
    can_stream = True

    def __init__(self, model: Model) -> None:
        self.model_id = f"foxapi/{model.id}" if model.id else "foxapi"
        self.attachment_types = attachment_types(model)
        self.Options = _Options if model.id else _AnyOptions
        self.name = model.id

    def get_key(self, explicit_key: str | None = None) -> str | None:
        """The key as llm finds it; none is needed where `FOXAPI_BASE_URL` leads elsewhere."""
        key = self.key or llm.get_key(explicit_key, self.needs_key, self.key_env_var)
        if key or os.environ.get("FOXAPI_BASE_URL"):
            return key
        raise llm.NeedsKeyException(
            f"No key found: `llm keys set {self.needs_key}`, or set {self.key_env_var}"
        )


class FoxModel(_FoxAPI, llm.KeyModel):
    """A model for synchronous programs and the command `llm`."""

    def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.Response,
        conversation: llm.Conversation | None,  # noqa: ARG002 (the prompt has its messages)
        key: str | None,
    ) -> Iterator[str | StreamEvent]:
        """Yield the answer as it is written; raises `llm.ModelError`."""
        yield from stepped(_events(self.name, prompt, stream, response, key))


class AsyncFoxModel(_FoxAPI, llm.AsyncKeyModel):
    """The same for asynchronous ones."""

    async def execute(
        self,
        prompt: llm.Prompt,
        stream: bool,
        response: llm.AsyncResponse,
        conversation: llm.AsyncConversation | None,  # noqa: ARG002 (the prompt has its messages)
        key: str | None,
    ) -> AsyncGenerator[str | StreamEvent]:
        """Yield the answer as it is written; raises `llm.ModelError`."""
        async with aclosing(_events(self.name, prompt, stream, response, key)) as events:
            async for event in events:
                yield event


def registered() -> Iterator[tuple[FoxModel, AsyncFoxModel]]:
    """Both kinds of every model, and of the one that asks for any other."""
    for model in (*catalogue(), Model("")):
        yield FoxModel(model), AsyncFoxModel(model)


async def _events(
    name: str,
    prompt: llm.Prompt,
    stream: bool,
    response: llm.Response | llm.AsyncResponse,
    key: str | None,
) -> AsyncGenerator[StreamEvent]:
    try:
        async with Client(key) as client, await _asked(client, name, prompt) as answer:
            if stream:
                async for delta in answer:
                    for event in _spoken(delta):
                        yield event
            completion = await answer.get_final_completion()
    except FoxError as error:
        task = f" (task {error.task_id})" if error.task_id else ""
        raise llm.ModelError(f"{error}{task}") from error
    if not stream:
        for event in _spoken(completion):
            yield event
    _note(response, completion)


async def _asked(client: Client, name: str, prompt: llm.Prompt) -> Stream:
    options = cast("_AnyOptions", prompt.options)
    question, asked = await ask_of(client, prompt)
    asked |= {
        "model": name or options.model,
        "temperature": options.temperature,
        "max_tokens": options.max_tokens,
        "reasoning": options.reasoning,
    }
    return client.stream(question, timeouts=options.timeout, **asked)


def _spoken(said: Delta | Completion) -> Iterator[StreamEvent]:
    """Reasoning, then text; of several choices only the first is told."""
    if isinstance(said, Completion) or said.index == 0:
        if said.reasoning:
            yield StreamEvent("reasoning", said.reasoning)
        if said.text:
            yield StreamEvent("text", said.text)


def _note(response: llm.Response | llm.AsyncResponse, completion: Completion) -> None:
    """What `llm logs` keeps beside the text."""
    if completion.model:
        response.set_resolved_model(completion.model)
    if usage := completion.usage:
        response.set_usage(  # pyright: ignore[reportUnknownMemberType]  # a bare dict is in it
            input=usage.prompt_tokens,
            output=usage.completion_tokens,
            details=usage.details or None,
        )
    response.response_json = {
        "task_id": completion.task_id,
        "finish_reason": completion.finish_reason,
    }
