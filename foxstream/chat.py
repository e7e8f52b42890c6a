"""An OpenAI-compatible server, awaited: chat completions and the model list.

House rule: one request and its answer. What needs a task or an upload is refused here, before
anything is sent, with the word for what to do instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from foxstream import media, replies
from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.errors import InvalidInputError
from foxstream.exchange import Body, Response
from foxstream.question import Question
from foxstream.resources import Model
from foxstream.service import Service, encoded

__all__ = ["ChatService"]

_INSTEAD: Mapping[str, str] = {
    "submit": "there are no tasks: use stream or generate",
    "get_task": "there are no tasks: an answer is read where it is asked for",
    "wait": "there are no tasks: generate waits for an answer",
    "attach": "there are no tasks to follow again: ask again with stream",
    "upload": "nothing can be uploaded: hand the file to stream, it travels inside the request",
    "verify": "there is no finished task to compare with: leave it out",
}


class ChatService(Service):
    """Speaks OpenAI's chat completions; every answer comes as it would with `direct`."""

    has_tasks = False

    def check(self, question: Question) -> None:
        """There is no `reasoning` flag in chat completions: each server has a field of its own."""
        if question.reasoning is not None:
            raise InvalidInputError(
                f"reasoning is {question.reasoning}: OpenAI-compatible servers have no such flag, "
                "give theirs in extra, such as "
                'extra={"chat_template_kwargs": {"enable_thinking": True}}'
            )

    def check_offers(self, call: str) -> None:
        """Tasks and uploads are not here."""
        raise InvalidInputError(f"{call} is not for protocol='openai': {_INSTEAD[call]}")

    async def submit_direct(
        self, question: Question, urls: list[media.MediaURL], clocks: Clocks
    ) -> Response | Completion:
        """Ask with `stream`; the JSON of a server that does not stream is taken as well."""
        body = _body(question, urls, stream=True)
        request = self._endpoints.chat(body, stream=True, connect=clocks.connect)
        return await self._streamed(replies.chat_completion_from, request, clocks, question)

    async def submit_blocking(
        self, question: Question, urls: list[media.MediaURL], clocks: Clocks
    ) -> Completion:
        """Ask without `stream`: one request, answered by the whole completion."""
        body = _body(question, urls, stream=False)
        request = self._endpoints.chat(body, stream=False, connect=clocks.connect)
        return await self._read_as(replies.chat_completion_from, request, clocks, question)

    async def models(self, clocks: Clocks) -> list[Model]:
        """The models that the server lists."""
        request = self._endpoints.chat_models(clocks.connect)
        return await self._read_as(replies.models_from, request, clocks)


def _body(question: Question, urls: list[media.MediaURL], *, stream: bool) -> bytes | Body:
    return encoded(partial(question.chat_submission, stream=stream), question.extra, urls)
