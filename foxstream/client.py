"""Many answers: the client and its calls.

House rule: arguments are checked and handed down; nothing is decided here.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar, Unpack
from weakref import WeakSet

from foxstream import logs, media, records
from foxstream.address import find_home, masked
from foxstream.answer import Completion
from foxstream.attachments import upload
from foxstream.chat import ChatService
from foxstream.clocks import Clocks
from foxstream.endpoints import check_task_id
from foxstream.errors import FoxError, InvalidInputError
from foxstream.exchange import Transport, check_transport
from foxstream.limits import Retries, Timeouts, check_size, retries_of, timeouts_of
from foxstream.openings import Attach, Opening, SubmitAndFollow, SubmitDirectly, submit
from foxstream.polling import poll
from foxstream.progress import OnStatus, Timings, unheard
from foxstream.question import DEFAULT_MODEL, Ask, Question, ask
from foxstream.recovery import Attempts
from foxstream.resources import Model, Task, Upload
from foxstream.retrying import retried
from foxstream.service import Service
from foxstream.sources import Media
from foxstream.sse import DEFAULT_MAX_EVENT_BYTES
from foxstream.streams import Stream
from foxstream.transports.native import NativeTransport
from foxstream.watching import Call, Observer, Watch, reported, watch_of

__all__ = ["Client", "Protocol", "StreamOptions", "stream"]

T = TypeVar("T")

Protocol = Literal["foxapi", "openai"]
"""What a server speaks: FoxAPI's tasks, or OpenAI's chat completions."""

_SERVICES: Mapping[Protocol, type[Service]] = {"foxapi": Service, "openai": ChatService}

_MIB = 1024 * 1024
_TIMEOUTS = Timeouts()
_RETRIES = Retries()


class StreamOptions(Ask, total=False):
    """What `stream` takes beside the prompt; see `Client.stream`."""

    direct: bool
    verify: bool
    timeouts: Timeouts | float | None
    on_status: OnStatus | None


class Client:
    """A connection pool and the credentials of one service.

    Use it as `async with Client() as client`, or keep it and call `aclose()` in the end. It binds
    to the event loop of its first request, has no connection limit and is safe for concurrent
    use.

    `api_key` and `base_url` default to `FOXAPI_API_KEY` and `FOXAPI_BASE_URL`, then to the service
    itself; with a `base_url` argument only the `api_key` argument counts. `protocol="openai"` is
    for OpenAI-compatible servers, `base_url` then goes up to and with `/v1`: an answer has no task,
    so a cut is an error, and what needs a task or an upload is refused. `transport` defaults to
    aiohttp on asyncio and httpx on trio. `timeouts=30.0` means `Timeouts(total=30.0)`,
    `retries=3` means `Retries(limit=3)`. `headers` are credentials like the key: they ride to the
    API's own origin and to `trusted_origins` only. Local media up to `inline_limit` bytes travel
    inside the request, larger ones are uploaded. An event over `max_event_bytes`, or any other
    answer over `max_response_bytes`, is a `ProtocolError`.

    Raises `InvalidInputError` for a key, a URL or a header that must not be used, for an unknown
    `protocol`, and for a `transport` that is none.
    """

    observer: Observer | None = None
    """Who watches the answers of this client; on the class, those of all clients."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        protocol: Protocol = "foxapi",
        transport: Transport | None = None,
        timeouts: Timeouts | float = _TIMEOUTS,
        retries: Retries | int = _RETRIES,
        headers: Mapping[str, str] | None = None,
        trusted_origins: Iterable[str] = (),
        inline_limit: int = 4 * _MIB,
        max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES,
        max_response_bytes: int = 64 * _MIB,
    ) -> None:
        # Masked first: a traceback that shows local variables must not show them.
        api_key, headers, refused = masked(api_key, headers)
        if refused is not None:
            raise refused
        logs.show(os.environ.get(logs.VARIABLE))
        if protocol not in list(_SERVICES):
            raise InvalidInputError(f"protocol is {protocol!r}: one of {', '.join(_SERVICES)}")
        self._home = find_home(
            base_url, api_key, os.environ, headers=headers, trusted_origins=trusted_origins
        )
        check_size("inline_limit", inline_limit)
        check_size("max_event_bytes", max_event_bytes)
        check_size("max_response_bytes", max_response_bytes)
        self._timeouts = timeouts_of(timeouts, _TIMEOUTS)
        self._retries = retries_of(retries)
        self._max_event_bytes = max_event_bytes
        self._streams: WeakSet[Stream] = WeakSet()
        self._protocol: Protocol = protocol
        self._transport = NativeTransport() if transport is None else check_transport(transport)
        self._service = _SERVICES[protocol](
            self._home,
            self._transport,
            inline_limit=inline_limit,
            max_response_bytes=max_response_bytes,
        )

    def stream(
        self,
        prompt: str | None = None,
        *,
        model: str = DEFAULT_MODEL,
        messages: Sequence[Mapping[str, object]] | None = None,
        videos: Sequence[Media] = (),
        images: Sequence[Media] = (),
        audio: Media | None = None,
        system_prompt: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        reasoning: bool | None = None,
        extra: Mapping[str, object] | None = None,
        direct: bool = False,
        verify: bool = False,
        timeouts: Timeouts | float | None = None,
        on_status: OnStatus | None = None,
    ) -> Stream:
        """Ask, and return the answer as a `Stream`; nothing is sent before its first await.

        Media are a URL, a data URI, a path or bytes: up to 10 `videos` or `images`, one `audio`.
        `prompt` has up to 100,000 characters, `system_prompt` up to 10,000; `messages` is an
        OpenAI-style conversation in place of a prompt with media. `temperature` is 0 to 2,
        `max_tokens` at least 1, `reasoning` asks for reasoning tokens. `extra` adds fields that
        are not named here. `direct` saves a round trip and leaves no task to come back to.
        `verify` holds the answer against the finished task. `on_status` is called with a `Status`
        whenever the stream does something else, also while there are no tokens.

        Raises `InvalidInputError` at once for a value that cannot be sent.
        """
        question = ask(
            prompt,
            model=model,
            messages=messages,
            videos=videos,
            images=images,
            audio=audio,
            system_prompt=system_prompt,
            max_tokens=max_tokens,
            temperature=temperature,
            reasoning=reasoning,
            extra=extra,
        )
        service = self._service
        service.check(question)
        if verify:
            service.check_offers("verify")
        if direct and verify:
            raise InvalidInputError("verify needs a task to compare with: direct has none")
        kind = SubmitAndFollow if service.has_tasks and not direct else SubmitDirectly
        service, watch = self._watched(question)
        opening = kind(service, question, self._retries)
        return self._stream(service, opening, watch, timeouts, verify, on_status)

    def attach(
        self,
        task_id: str,
        timeouts: Timeouts | float | None = None,
        *,
        on_status: OnStatus | None = None,
    ) -> Stream:
        """Follow a task that somebody else submitted, from its beginning.

        The service keeps a stream for 15 minutes (contract, section 4); after that the text comes
        from the finished task, without its reasoning.
        """
        self._service.check_offers("attach")
        check_task_id(task_id)
        service, watch = self._watched(None)
        return self._stream(service, Attach(service, task_id), watch, timeouts, False, on_status)

    async def submit(
        self, prompt: str | None = None, *, stream: bool = True, **question: Unpack[Ask]
    ) -> Task:
        """Submit the same question as `stream` would, and return the task without following it."""
        self._service.check_offers("submit")
        asked = ask(prompt, **question)
        self._service.check(asked)
        service, retries, clocks = self._service, self._retries, self._clocks(None)
        send = partial(service.submit, stream=stream)
        return await submit(service, asked, send, retries, clocks, Timings(), unheard)

    async def get_task(self, task_id: str) -> Task:
        """Look at a task once."""
        self._service.check_offers("get_task")
        check_task_id(task_id)
        return await self._retried(lambda clocks: self._service.task(task_id, clocks))

    async def wait(self, task_id: str, timeouts: Timeouts | float | None = None) -> Completion:
        """Look at a task until it ends, every `retries.poll_interval` seconds.

        Raises `TaskFailedError` when it failed, `APITimeoutError` with phase `"task"` when it
        showed no change for `timeouts.task` seconds.
        """
        self._service.check_offers("wait")
        clocks = self._clocks(timeouts)
        return await poll(self._service, check_task_id(task_id), clocks, self._retries, unheard)

    async def generate(
        self,
        prompt: str | None = None,
        *,
        sync: bool = False,
        **options: Unpack[StreamOptions],
    ) -> Completion:
        """Ask, and return the whole answer.

        It is streamed to its end, with the options of `stream`; `sync` uses the service's blocking
        mode instead, one request that must be answered within `timeouts.submit` seconds.
        """
        if sync:
            return await self._generate_blocking(prompt, **options)
        async with self.stream(prompt, **options) as answer:
            return await answer.get_final_completion()

    async def models(self) -> list[Model]:
        """The models that this key may use: advice, the service decides (contract, section 7).

        An OpenAI-compatible server does not tell their capabilities.
        """
        return await self._retried(self._service.models)

    async def upload(
        self,
        content: str | os.PathLike[str] | bytes,
        file_name: str | None = None,
        *,
        on_status: OnStatus | None = None,
    ) -> Upload:
        """Upload a file, streamed from the disk; its URL is public and lives for 72 hours.

        `file_name` should keep the real extension: the service goes by it (contract, section 8).
        """
        self._service.check_offers("upload")
        if not isinstance(content, bytes | str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError(f"content is {type(content).__name__}: a path or bytes")
        value = content if isinstance(content, bytes) else Path(content)
        if file_name is not None and not isinstance(file_name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError(f"file_name is {file_name!r}: a string is needed")
        material = await media.load(value, "content", None)
        name, heard = file_name or material.name, on_status or unheard
        clocks = self._clocks(None)
        return await upload(self._service, material, name, clocks, self._retries, heard)

    def close(self) -> None:
        """Close all streams and connections without waiting; `aclose` is the better way."""
        streams, self._streams = self._streams, WeakSet()
        for stream in streams:
            stream.close()
        self._transport.close()

    async def aclose(self) -> None:
        """Close all streams and connections."""
        streams, self._streams = self._streams, WeakSet()
        try:
            for stream in list(streams):
                await stream.aclose()
        finally:  # it closes what is left, too
            await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _generate_blocking(
        self,
        prompt: str | None,
        *,
        direct: bool = False,
        verify: bool = False,
        timeouts: Timeouts | float | None = None,
        on_status: OnStatus | None = None,
        **question: Unpack[Ask],
    ) -> Completion:
        if direct or verify:
            raise InvalidInputError("sync is one blocking request: direct and verify need a stream")
        asked, heard, timings = ask(prompt, **question), on_status or unheard, Timings()
        clocks, retries = self._clocks(timeouts), self._retries
        self._service.check(asked)
        service, watch = self._watched(asked, stream=False)
        try:
            with reported(watch, timings, self._transport.now) as ending:
                send = service.submit_blocking
                answer = await submit(service, asked, send, retries, clocks, timings, heard)
                if not isinstance(answer, Completion):
                    answer = await poll(service, answer.id, clocks, retries, heard)
                ending.completion, ending.task_id = answer, answer.task_id
        except FoxError as error:
            records.failed(error.task_id, error)
            raise
        records.finished(answer.task_id, answer, timings)
        return answer

    async def _retried(self, call: Callable[[Clocks], Awaitable[T]]) -> T:
        """A GET, made again where its failure may pass."""
        clocks = self._clocks(None)
        clocks.run("submit", self._transport.now())
        return await retried(lambda: call(clocks), Attempts(self._retries), self._transport, clocks)

    def _watched(
        self, question: Question | None, *, stream: bool = True
    ) -> tuple[Service, Watch | None]:
        """Whom to ask, and who is told how it went."""
        if self.observer is None:
            return self._service, None
        origin = self._home.origin
        call = Call(question, origin.host, origin.port, self._protocol, stream)
        watch, carried = watch_of(self.observer, call)
        return (self._service if carried is None else self._service.carrying(carried)), watch

    def _stream(
        self,
        service: Service,
        opening: Opening,
        watch: Watch | None,
        timeouts: Timeouts | float | None,
        verify: bool,
        on_status: OnStatus | None,
    ) -> Stream:
        stream = Stream(
            service,
            opening,
            timeouts=timeouts_of(timeouts, self._timeouts),
            retries=self._retries,
            max_event_bytes=self._max_event_bytes,
            verify=verify,
            on_status=on_status,
            watch=watch,
        )
        self._streams.add(stream)
        return stream

    def _clocks(self, timeouts: Timeouts | float | None) -> Clocks:
        clocks = Clocks(timeouts_of(timeouts, self._timeouts))
        clocks.start(self._transport.now())
        return clocks


def stream(
    prompt: str | None = None, *, client: Client | None = None, **options: Unpack[StreamOptions]
) -> Stream:
    """`Client.stream`, with a client of its own for its lifetime where none is given."""
    if client is not None:
        return client.stream(prompt, **options)
    own = Client()
    answer = own.stream(prompt, **options)
    answer.owned = own
    return answer
