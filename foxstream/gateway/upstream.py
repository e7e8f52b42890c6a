"""An engine that is another server: whatever speaks OpenAI's chat completions.

House rule: the upstream is read by this library's own client, and by nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from types import TracebackType
from typing import Self

import anyio

from foxstream.answer import Completion
from foxstream.client import Client
from foxstream.errors import FoxError, NotFoundError
from foxstream.exchange import Transport
from foxstream.gateway.chat_messages import Content, chat_messages
from foxstream.gateway.engine import EngineError, Generation, Media, Piece
from foxstream.gateway.models import Model, unknown_model
from foxstream.gateway.upstream_failures import engine_error
from foxstream.limits import Retries, Timeouts, timeouts_of
from foxstream.streams import Stream

__all__ = ["Upstream"]

_logger = logging.getLogger(__name__)

_MIB = 1024 * 1024
_LIST_SECONDS = 10.0
_FOR_THE_OPERATOR = frozenset({"upstream_unauthorized", "upstream_unreachable"})

_PATIENT = Timeouts(submit=900.0, first_token=900.0, stall=300.0)
_RETRIES = Retries(limit=3, max_backoff=2.0)


class Upstream:
    """Answers with what the OpenAI-compatible server at `base_url` says, up to and with its `/v1`.

    Text, reasoning, tool calls, finish reasons and the usage come through as they are told; other
    fields of its chunks, such as `logprobs`, are left out. The name of the model and the fields
    that the gateway does not know are passed on, `reasoning` as `enable_thinking` of
    `chat_template_kwargs`. Uploads of the gateway travel inside the request, up to `inline_limit`
    bytes each; other URLs are the upstream's to fetch. `api_key` goes to the upstream alone, and
    no key of the environment does; `has_key` tells whether there is one. There is no limit of its
    own on how many are asked at once. `timeouts` are longer than a client's, since an engine may
    have requests in front of this one, or a model to load.

    Use it as `async with Upstream(...) as engine, running_gateway(engine) as url`, or call
    `aclose()` in the end: it binds to the event loop of its first request. Raises
    `InvalidInputError` for a URL or a key that must not be used.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeouts: Timeouts | float = _PATIENT,
        retries: Retries | int = _RETRIES,
        transport: Transport | None = None,
        inline_limit: int = 32 * _MIB,
    ) -> None:
        self.has_key: bool = api_key is not None
        self._inline_limit = inline_limit
        self._client = Client(
            api_key,
            base_url=base_url,
            protocol="openai",
            timeouts=timeouts_of(timeouts, _PATIENT),
            retries=retries,
            transport=transport,
            inline_limit=inline_limit,
        )

    async def run(self, generation: Generation, media: Media, /) -> AsyncGenerator[Piece]:
        """Ask the upstream; closing this generator closes the connection to it."""
        messages = await chat_messages(generation, media, self._inline_limit)
        finished: set[int] = set()
        try:
            async with self._asked(generation, messages) as answer:
                async for delta in answer:
                    if delta.finish_reason:
                        finished.add(delta.index)
                    yield Piece(
                        delta.text,
                        delta.reasoning,
                        delta.tool_calls,
                        delta.index,
                        delta.finish_reason,
                    )
                completion = await answer.get_final_completion()
        except FoxError as error:
            raise _told(error) from error
        for piece in _ends(completion, finished):
            yield piece

    async def models(self) -> tuple[Model, ...]:
        """The models that the upstream lists; `EngineError` where it does not within 10 s."""
        try:
            with anyio.fail_after(_LIST_SECONDS):
                listed = await self._client.models()
        except NotFoundError as error:
            message = f"the upstream lists no models ({error}): its URL goes up to and with its /v1"
            raise EngineError(message) from error
        except FoxError as error:
            raise engine_error(error) from error
        except TimeoutError as error:
            message = f"the upstream lists no models within {_LIST_SECONDS:g} s"
            raise EngineError(message, code="upstream_timeout") from error
        return tuple(unknown_model(model.id) for model in listed)

    async def aclose(self) -> None:
        """Close all connections to the upstream."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _asked(self, generation: Generation, messages: list[Content]) -> Stream:
        return self._client.stream(
            model=generation.model,
            messages=messages,
            max_tokens=generation.max_tokens,
            temperature=generation.temperature,
            extra=_extra(generation),
        )


def _extra(generation: Generation) -> dict[str, object]:
    """`reasoning` is no field of chat completions; this is how most engines are told."""
    if generation.reasoning is None:
        return generation.extra
    thinking = {"chat_template_kwargs": {"enable_thinking": generation.reasoning}}
    return thinking | generation.extra


def _ends(completion: Completion, finished: set[int]) -> Iterator[Piece]:
    """What an answer says without a token: how each choice ended, and the usage."""
    for choice in completion.choices:
        if choice.finish_reason and choice.index not in finished:
            yield Piece(index=choice.index, finish_reason=choice.finish_reason)
    if completion.usage is not None:
        yield Piece(usage=completion.usage)


def _told(error: FoxError) -> EngineError:
    """The failure of the task; what only whoever runs the gateway can mend is logged for them."""
    failure = engine_error(error)
    if failure.code in _FOR_THE_OPERATOR:
        _logger.warning("%s", failure)
    return failure
