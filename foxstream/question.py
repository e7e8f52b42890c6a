"""What a caller asks: arguments -> a checked `Question` -> the submission that says it.

House rule: every refusal of a value happens here, before anything is sent, and names the field,
the limit and the value (contract, section 2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypedDict, TypeVar

import msgspec

from foxstream.errors import InvalidInputError
from foxstream.sources import Kind, Media, Source, is_list, source_of, sources_of
from foxstream.wire import ChatSubmission, Submission

__all__ = ["DEFAULT_MODEL", "Ask", "Question", "ask"]

T = TypeVar("T")

DEFAULT_MODEL = "gemini-2.5-pro"
CLAUDE_MAX_TOKENS = 8192
"""Sent for `claude*` on the custom variant, which refuses to go without (section 2.6)."""

# `reasoning` is some servers' own: whether it may be in `extra`, the service decides.
_NAMED = frozenset(Submission.__struct_fields__) - {"reasoning"}
_VARIANTS: Mapping[Kind, str] = {"image": "vision", "video": "video", "audio": "audio"}
_MAX_PROMPT = 100_000
_MAX_SYSTEM_PROMPT = 10_000
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Question(msgspec.Struct, frozen=True):
    """A checked question.

    `submission` says it to FoxAPI once its media have URLs, `chat_submission` to an
    OpenAI-compatible server.
    """

    model: str
    prompt: str | None = None
    system_prompt: str | None = None
    messages: tuple[Mapping[str, object], ...] = ()
    sources: tuple[Source, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning: bool | None = None
    extra: Mapping[str, object] = {}

    @property
    def variant(self) -> str:
        """Which of FoxAPI's variants says it: that of its one kind of media, else custom."""
        kinds: set[Kind] = {source.kind for source in self.sources}
        if self.messages or len(kinds) > 1:
            return "custom"
        return _VARIANTS[next(iter(kinds))] if kinds else "text"

    def submission(
        self, urls: Sequence[str] = (), *, sync: bool = False, stream: bool = False
    ) -> Submission:
        """The body to send; `urls` stand for `sources`, in order."""
        by_kind: dict[Kind, list[str]] = {}
        for source, url in zip(self.sources, urls, strict=True):
            by_kind.setdefault(source.kind, []).append(url)
        body = Submission(
            model=self.model,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            reasoning=self.reasoning,
            sync=sync,
            stream=stream,
        )
        if self.variant == "custom":
            return self._custom(body, urls)
        return msgspec.structs.replace(
            body,
            prompt=self.prompt,
            system_prompt=self.system_prompt,
            image_urls=tuple(by_kind.get("image", ())),
            video_urls=tuple(by_kind.get("video", ())),
            audio_url=next(iter(by_kind.get("audio", ())), None),
        )

    def chat_submission(self, urls: Sequence[str] = (), *, stream: bool = False) -> ChatSubmission:
        """The same as a chat completion; a stream is asked to end with its usage."""
        return ChatSubmission(
            model=self.model,
            messages=self._conversation(urls),
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stream=stream,
            stream_options={"include_usage": True} if stream else None,
        )

    def _custom(self, body: Submission, urls: Sequence[str]) -> Submission:
        max_tokens = self.max_tokens
        if max_tokens is None and self.model.startswith("claude"):
            max_tokens = CLAUDE_MAX_TOKENS
        messages = self._conversation(urls)
        return msgspec.structs.replace(body, messages=messages, max_tokens=max_tokens)

    def _conversation(self, urls: Sequence[str]) -> list[Mapping[str, object]]:
        """Messages know no `system_prompt`: it becomes the first of them (section 2.6)."""
        messages = list(self.messages) or [{"role": "user", "content": self._content(urls)}]
        if self.system_prompt:
            messages.insert(0, {"role": "system", "content": self.system_prompt})
        return messages

    def _content(self, urls: Sequence[str]) -> str | list[dict[str, object]]:
        """Text alone as a string, which servers without media take too."""
        if self.prompt and not urls:
            return self.prompt
        blocks: list[dict[str, object]] = []
        if self.prompt:
            blocks.append({"type": "text", "text": self.prompt})
        for source, url in zip(self.sources, urls, strict=True):
            block = f"{source.kind}_url"
            blocks.append({"type": block, block: {"url": url}})
        return blocks


class Ask(TypedDict, total=False):
    """What may be said beside the prompt; `Client.stream` tells what each means."""

    model: str
    messages: Sequence[Mapping[str, object]] | None
    videos: Sequence[Media]
    images: Sequence[Media]
    audio: Media | None
    system_prompt: str | None
    max_tokens: int | None
    temperature: float | None
    reasoning: bool | None
    extra: Mapping[str, object] | None


def ask(
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
) -> Question:
    """Check the arguments of a call; `InvalidInputError` for the first that cannot be sent."""
    _check_text("prompt", prompt, _MAX_PROMPT)
    _check_text("system_prompt", system_prompt, _MAX_SYSTEM_PROMPT)
    _check_model(model)
    sources = (
        *sources_of("videos", "video", videos),
        *sources_of("images", "image", images),
        *(() if audio is None else (source_of("audio", "audio", audio),)),
    )
    _check_combination(prompt, messages, sources, has_audio=audio is not None)
    return Question(
        model=model,
        prompt=prompt or None,
        system_prompt=system_prompt or None,
        messages=_checked_messages(messages),
        sources=sources,
        max_tokens=_checked_max_tokens(max_tokens),
        temperature=_checked_temperature(temperature),
        reasoning=_checked_flag("reasoning", reasoning),
        extra=_checked_extra(extra),
    )


def _check_combination(
    prompt: str | None,
    messages: Sequence[Mapping[str, object]] | None,
    sources: tuple[Source, ...],
    *,
    has_audio: bool,
) -> None:
    if messages is not None:
        if prompt is not None or sources:
            raise InvalidInputError(
                "messages is given together with prompt or media: put them into the messages"
            )
    elif not prompt and not has_audio:
        raise InvalidInputError("there is nothing to ask: give prompt, messages or audio")


def _check_text(field: str, text: object, limit: int) -> None:
    if text is None:
        return
    if not isinstance(text, str):
        raise InvalidInputError(f"{field} is {type(text).__name__}: a string is needed")
    if len(text) > limit:
        raise InvalidInputError(
            f"{field} has {len(text):,} characters: at most {limit:,} are taken"
        )
    if half := _SURROGATE.search(text):
        raise InvalidInputError(
            f"{field} holds {half[0]!r} at {half.start():,}: half a character cannot be sent"
        )


def _check_model(model: object) -> None:
    if not isinstance(model, str) or not model.strip() or _SURROGATE.search(model):
        raise InvalidInputError(f"model is {model!r}: the name of a model is needed")


def _checked_max_tokens(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInputError(f"max_tokens is {value!r}: a whole number from 1 on")
    return value


def _checked_temperature(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2:
        raise InvalidInputError(f"temperature is {value!r}: a number from 0 to 2")
    return value


def _checked_flag(field: str, value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise InvalidInputError(f"{field} is {value!r}: True, False or None")
    return value


def _checked_messages(
    messages: Sequence[Mapping[str, object]] | None,
) -> tuple[Mapping[str, object], ...]:
    if messages is None:
        return ()
    if not is_list(messages) or not messages:
        raise InvalidInputError("messages is not a list of at least one message")
    for position, message in enumerate(messages):
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError(f"messages[{position}] is not a mapping with a role")
    return tuple(_as_json("messages", [dict(message) for message in messages]))


def _checked_extra(extra: Mapping[str, object] | None) -> Mapping[str, object]:
    if extra is None:
        return {}
    if not isinstance(extra, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"extra is {type(extra).__name__}: a mapping is needed")
    known = set(extra) & _NAMED
    if known:
        raise InvalidInputError(f"extra names {', '.join(sorted(known))}: use the argument itself")
    return _as_json("extra", dict(extra))


def _as_json(field: str, value: T) -> T:
    """A copy of `value` that is sure to be sent as it is: no NaN, no bytes."""
    try:
        json.dumps(value, allow_nan=False)
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"{field} cannot be sent as JSON: {error}") from error
