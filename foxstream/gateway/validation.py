"""From the body of a submit to a `Generation`, or to the refusal that names what is wrong.

House rule: the bounds are declared in the types and checked by msgspec; only what no type can say
is code (contract, sections 2 and 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from foxstream.gateway.conversation import ChatMessage, Message, media_urls, text_of
from foxstream.gateway.data_uri import DataUri
from foxstream.gateway.engine import Generation
from foxstream.gateway.models import Model, find_model
from foxstream.gateway.refusal import malformed, unprocessable

__all__ = [
    "MaxTokens",
    "Submission",
    "Temperature",
    "check_media",
    "converted",
    "further_fields",
    "generation_from",
    "read_object",
    "validate",
]

INLINE_ITEMS = 5
INLINE_BYTES = 5 * 1024 * 1024  # section 2.7, decoded

_SYSTEM = frozenset({"system", "developer"})

TRANSCRIBE = "Please transcribe this audio file"  # section 2.1

Prompt = Annotated[str, msgspec.Meta(max_length=100_000)]
SystemPrompt = Annotated[str, msgspec.Meta(max_length=10_000)]
Sources = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=10)]
Messages = Annotated[tuple[Message, ...], msgspec.Meta(min_length=1)]
MaxTokens = Annotated[int, msgspec.Meta(ge=1)]
Temperature = Annotated[float, msgspec.Meta(ge=0, le=2)]
_AsSent = tuple[dict[str, object], ...]
T = TypeVar("T")
Kind = Literal["image", "video", "audio", "application"]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of all five variants; further ones are tolerated (9.14)."""

    model: str
    prompt: Prompt | None = None
    system_prompt: SystemPrompt | None = None
    image_urls: Sources | None = None
    video_urls: Sources | None = None
    audio_url: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    messages: Messages | None = None
    max_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    reasoning: bool | None = None
    sync: bool = False
    stream: bool = False


# Of OpenAI's own fields those that the gateway answers to, whichever API they came by.
_NAMED = frozenset({*Body.__struct_fields__, "max_completion_tokens", "stream_options"})


class Submission(msgspec.Struct, frozen=True):
    """A request that passed: what to answer, and how the answer is to be sent (section 3).

    `size` is the number of bytes it came in.
    """

    generation: Generation
    sync: bool
    stream: bool
    size: int


def read_object(body: bytes) -> dict[str, object]:
    """The JSON object that `body` is, or the refusal of a malformed one."""
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(f"the body is not a JSON object: {error}") from error


def validate(body: bytes, models: Iterable[Model] | None) -> Submission:
    """Check everything that can be known of a request before an engine sees it."""
    fields = read_object(body)
    request = converted(fields, Body)
    generation = _generation(request, fields)
    check_media(generation, inline_limited=not request.sync)
    find_model(models, generation.model).check(generation)
    return Submission(generation, request.sync, request.stream, len(body))


def converted(fields: dict[str, object], shape: type[T]) -> T:
    """The body as `shape`, or the refusal that names the field which does not fit."""
    try:
        return msgspec.convert(fields, shape)
    except msgspec.ValidationError as error:
        raise unprocessable(str(error)) from error


def _generation(body: Body, fields: dict[str, object]) -> Generation:
    """The variant is chosen by the fields that are there (section 1)."""
    if body.messages is not None:
        return generation_from(
            body.messages,
            fields["messages"],
            model=body.model,
            system_prompt=body.system_prompt,
            max_tokens=body.max_tokens,
            temperature=body.temperature,
            reasoning=body.reasoning,
            extra=further_fields(fields),
        )
    _check_variant(body)
    audio = () if body.audio_url is None else (body.audio_url,)
    return Generation(
        model=body.model,
        prompt=TRANSCRIBE if body.prompt is None else body.prompt,
        system_prompt=body.system_prompt or "",
        images=body.image_urls or (),
        videos=body.video_urls or (),
        audios=audio,
        max_tokens=body.max_tokens,
        temperature=body.temperature,
        reasoning=body.reasoning,
        extra=further_fields(fields),
    )


def further_fields(
    fields: dict[str, object], own: frozenset[str] = frozenset()
) -> dict[str, object]:
    """Those that are an engine's alone, also the `own` ones; null is as good as missing."""
    named = _NAMED - own
    return {name: v for name, v in fields.items() if name not in named and v is not None}


def _check_variant(body: Body) -> None:
    kinds = ("image_urls", "video_urls", "audio_url")
    present = [kind for kind in kinds if getattr(body, kind) is not None]
    if len(present) > 1:
        raise unprocessable(f"{' and '.join(present)} in one request: send them in messages")
    if body.prompt is None and body.audio_url is None:
        raise unprocessable("prompt is missing; without it, messages or audio_url is needed")


def generation_from(
    messages: Sequence[Message | ChatMessage],
    as_sent: object,
    *,
    model: str,
    system_prompt: str | None = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
    reasoning: bool | None = None,
    extra: dict[str, object] | None = None,
) -> Generation:
    """What a conversation asks for; `as_sent` is the same, with all that it was sent with."""
    said = (text_of(message) for message in reversed(messages) if message.role == "user")
    system = [text_of(message) for message in messages if message.role in _SYSTEM]
    return Generation(
        model=model,
        prompt=next(said, ""),
        system_prompt="\n".join(filter(None, (system_prompt, *system))),
        messages=_led_by(system_prompt, msgspec.convert(as_sent, _AsSent)),
        images=media_urls(messages, "image_url"),
        videos=media_urls(messages, "video_url"),
        audios=media_urls(messages, "audio_url"),
        files=media_urls(messages, "file_url"),
        max_tokens=max_tokens,
        temperature=temperature,
        reasoning=reasoning,
        extra=extra or {},
    )


def _led_by(system_prompt: str | None, messages: _AsSent) -> _AsSent:
    """Messages know no `system_prompt`: it becomes the first of them (section 2.6)."""
    if not system_prompt:
        return messages
    return ({"role": "system", "content": system_prompt}, *messages)


def check_media(generation: Generation, *, inline_limited: bool) -> None:
    """Refuse sources that are neither URL nor fitting data URI, and too much of them inline."""
    sources: dict[str, tuple[Kind | None, tuple[str, ...]]] = {
        "image": ("image", generation.images),
        "video": ("video", generation.videos),
        "audio": ("audio", generation.audios),
        "file": (None, generation.files),
    }
    for name, (kind, urls) in sources.items():
        inline = [_check_source(name, kind, url) for url in urls]
        if inline_limited:
            _check_inline(name, [uri for uri in inline if uri is not None])


def _check_source(name: str, kind: str | None, url: str) -> DataUri | None:
    uri = DataUri.parse(url)
    if uri is None:
        _check_url(name, url)
    elif kind is not None and not uri.media_type.startswith(f"{kind}/"):
        raise unprocessable(
            f"a data URI of {name} holds {uri.media_type}: {kind}/... is needed",
            "invalid_file_type",
        )
    return uri


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise unprocessable(
            f"a source of {name} is {url[:80]!r}: an http(s) URL or a base64 data URI is needed"
        )


def _check_inline(name: str, inline: Sequence[DataUri]) -> None:
    """Section 2.7: limits that hold in asynchronous mode only."""
    if len(inline) > INLINE_ITEMS:
        raise unprocessable(f"{len(inline)} inline items of {name}: at most {INLINE_ITEMS}")
    for uri in inline:
        if uri.decoded_size > INLINE_BYTES:
            raise unprocessable(
                f"an inline item of {name} has {uri.decoded_size} bytes: at most {INLINE_BYTES}"
            )
