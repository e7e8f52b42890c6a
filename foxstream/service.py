"""The service, awaited: each endpoint as one call over a transport.

House rule: one request in, one meaning out, and nothing but a `FoxError` escapes. What a sequence
of calls means, such as a stream or a poll, is told in the rooms above.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Self, TypeVar

import msgspec

from foxstream import media, records, replies, wire
from foxstream.address import Home
from foxstream.answer import Completion
from foxstream.clocks import Clocks
from foxstream.endpoints import Endpoints
from foxstream.errors import APIConnectionError, FoxError, InvalidInputError, ProtocolError
from foxstream.exchange import Body, Reply, Request, Response, Transport
from foxstream.question import Question
from foxstream.resources import Model, Task, Upload

__all__ = ["Service", "encoded"]

T = TypeVar("T")

_MAX_REDIRECTS = 3
_MAX_ERROR_BYTES = 64 * 1024
_SLOWEST_UPLOAD = 64 * 1024
"""Bytes per second below which an upload is given up."""


class Service:
    """Speaks the contract over `transport`; `clocks` limit each call."""

    has_tasks: bool = True
    """Whether an answer is a task to come back to, and large media can be uploaded."""

    def __init__(
        self, home: Home, transport: Transport, *, inline_limit: int, max_response_bytes: int
    ) -> None:
        self.transport = transport
        self._home = home
        self._endpoints = Endpoints(home)
        self.inline_limit = inline_limit
        self._max_response_bytes = max_response_bytes

    def carrying(self, headers: Mapping[str, str]) -> Self:
        """The same service, whose requests carry `headers` to its own origin; see `Home`."""
        return type(self)(
            self._home.carrying(headers),
            self.transport,
            inline_limit=self.inline_limit,
            max_response_bytes=self._max_response_bytes,
        )

    def check(self, question: Question) -> None:
        """`InvalidInputError` where this service cannot be asked `question`."""
        if "reasoning" in question.extra:
            raise InvalidInputError("extra names reasoning: use the argument itself")

    def check_offers(self, call: str) -> None:
        """`InvalidInputError` where `call`, a word of the client's, needs what is not here."""

    async def submit(
        self, question: Question, urls: list[media.MediaURL], clocks: Clocks, *, stream: bool
    ) -> Task:
        """Submit for a task (sections 3.1, 3.2)."""
        body = _body(question, urls, stream=stream)
        request = self._endpoints.submit(body, direct=False, connect=clocks.connect)
        return await self._read_as(replies.task_from, request, clocks, question)

    async def submit_direct(
        self, question: Question, urls: list[media.MediaURL], clocks: Clocks
    ) -> Response | Completion | Task:
        """Submit with `sync` and `stream`: the answer is the event stream itself.

        Its framing is not documented, so the JSON of a completion or a task is taken as well
        (section 9.4).
        """
        body = _body(question, urls, sync=True, stream=True)
        request = self._endpoints.submit(body, direct=True, connect=clocks.connect)
        return await self._streamed(replies.completion_from, request, clocks, question)

    async def submit_blocking(
        self, question: Question, urls: list[media.MediaURL], clocks: Clocks
    ) -> Completion | Task:
        """Submit with `sync` alone: the answer is the completion (sections 3.3, 9.5)."""
        body = _body(question, urls, sync=True)
        request = self._endpoints.submit(body, direct=False, connect=clocks.connect)
        return await self._read_as(replies.completion_from, request, clocks, question)

    async def open_stream(self, task: Task, clocks: Clocks) -> Response:
        """Open the stream of a task, at the URL that the service named (section 4)."""
        request = self._endpoints.stream(task.stream_url, task.id, clocks.connect)
        return await _event_stream(await self._accepted(request, clocks))

    async def task(self, task_id: str, clocks: Clocks, *, sync_upstream: bool = False) -> Task:
        """Look at a task (section 5)."""
        request = self._endpoints.task(task_id, sync_upstream=sync_upstream, connect=clocks.connect)
        return await self._read_as(replies.task_from, request, clocks)

    async def models(self, clocks: Clocks) -> list[Model]:
        """The models that the key may use (section 7)."""
        request = self._endpoints.models(clocks.connect)
        return await self._read_as(replies.models_from, request, clocks)

    async def upload(
        self, material: media.Material, name: str, progress: media.Share, clocks: Clocks
    ) -> Upload:
        """Upload a file, streamed (section 8): in `submit` seconds, and one more per 64 KiB."""
        patience = material.size / _SLOWEST_UPLOAD
        clocks.run("submit", self.transport.now(), longer=patience)
        body = media.Multipart(material, name, progress)
        request = self._endpoints.upload(body, body.content_type, clocks.connect)
        try:
            return await self._read_as(replies.upload_from, request, clocks)
        except FoxError as error:
            if body.error is None or body.error is error:
                raise
            raise body.error from error

    async def _streamed(
        self, read: Callable[[bytes], T], request: Request, clocks: Clocks, question: Question
    ) -> Response | T:
        """The event stream, or what `read` makes of JSON in its place."""
        response = await self._accepted(request, clocks)
        if replies.is_json(response.headers):
            answer = await self._read_whole(read, response, clocks)
        else:
            answer = await _event_stream(response)
        records.submitted(question, request, answer, self._request_id(response))
        return answer

    async def _read_as(
        self,
        read: Callable[[bytes], T],
        request: Request,
        clocks: Clocks,
        question: Question | None = None,
    ) -> T:
        response = await self._accepted(request, clocks)
        answer = await self._read_whole(read, response, clocks)
        if question is not None:
            records.submitted(question, request, answer, self._request_id(response))
        return answer

    async def _read_whole(
        self, read: Callable[[bytes], T], response: Response, clocks: Clocks
    ) -> T:
        """What `read` makes of the whole body, which is bounded."""
        try:
            return read(await self._body(response, clocks))
        except FoxError as error:
            self.redact(error)
            raise
        finally:
            await response.aclose()

    async def _accepted(self, request: Request, clocks: Clocks) -> Response:
        """The response with its body still to come; the named error for every status but 200."""
        response = await self._send(request, clocks)
        if response.status == 200:
            return response
        try:
            raise self._error(response, await _error_body(response, clocks))
        finally:
            await response.aclose()

    async def _send(self, request: Request, clocks: Clocks) -> Response:
        """Send; a GET follows a few redirects within its origin, a POST none."""
        for _ in range(_MAX_REDIRECTS):
            response = await self._sent(request, clocks)
            target = self._home.redirect(request.url, response.headers.get("location"))
            if request.method != "GET" or not 300 < response.status < 400 or target is None:
                return response
            await response.aclose()
            request = msgspec.structs.replace(request, url=target)
        return await self._sent(request, clocks)

    async def _sent(self, request: Request, clocks: Clocks) -> Response:
        try:
            response = await self.transport.send(request, clocks.deadline)
        except TimeoutError as error:
            raise clocks.ran_out() from error
        except APIConnectionError as error:
            self.redact(error)
            raise
        records.replied(request, response, self._request_id(response))
        return response

    async def _body(self, response: Response, clocks: Clocks) -> bytes:
        blocks: list[bytes] = []
        size = 0
        while block := await _read(response, clocks):
            blocks.append(block)
            size += len(block)
            if size > self._max_response_bytes:
                raise ProtocolError(
                    f"the answer is larger than max_response_bytes={self._max_response_bytes}"
                )
        return b"".join(blocks)

    def redact(self, error: FoxError) -> None:
        """Take the credentials out of an error, should the service have echoed them.

        What led to it is left out where it shows them.
        """
        redact = self._home.redact
        led_to = "".join(traceback.format_exception(error.__cause__ or error.__context__))
        if redact(led_to) != led_to:
            error.__cause__ = error.__context__ = None
        error.args = tuple(redact(a) if isinstance(a, str) else a for a in error.args)
        for name in ("message", "code", "type", "request_id"):
            said = getattr(error, name, None)
            if isinstance(said, str):
                setattr(error, name, redact(said))

    def _request_id(self, response: Response) -> str:
        return self._home.redact(response.headers.get("x-request-id", "unknown"))

    def _error(self, response: Response, body: bytes) -> FoxError:
        body = self._home.redact_json(body)
        error = replies.error_from(Reply(response.status, response.headers, body))
        self.redact(error)
        return error


async def _event_stream(response: Response) -> Response:
    """The same response; `ProtocolError` where it is no event stream."""
    try:
        replies.check_event_stream(response.headers)
    except ProtocolError:
        await response.aclose()
        raise
    return response


async def _error_body(response: Response, clocks: Clocks) -> bytes:
    """The beginning of an error body; if it breaks off, the status still says enough."""
    body = b""
    with suppress(FoxError):
        while len(body) < _MAX_ERROR_BYTES and (block := await _read(response, clocks)):
            body += block
    return body[:_MAX_ERROR_BYTES]


async def _read(response: Response, clocks: Clocks) -> bytes:
    try:
        return await response.read(clocks.deadline)
    except TimeoutError as error:
        raise clocks.ran_out() from error


def _body(
    question: Question,
    urls: list[media.MediaURL],
    *,
    sync: bool = False,
    stream: bool = False,
) -> bytes | Body:
    return encoded(partial(question.submission, sync=sync, stream=stream), question.extra, urls)


def encoded(
    submission: Callable[[Sequence[str]], wire.Submission | wire.ChatSubmission],
    extra: Mapping[str, object],
    urls: list[media.MediaURL],
) -> bytes | Body:
    """The body that says `submission` of `urls`, with data URIs in their places."""
    marked = [url if isinstance(url, str) else url.mark for url in urls]
    body = wire.encode_submission(submission(marked), extra)
    uris = [url for url in urls if isinstance(url, media.DataURI)]
    return media.with_media(body, uris) if uris else body
