"""The models that the gateway plays, and what each of them refuses (contract, section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from foxstream.gateway.data_uri import DataUri
from foxstream.gateway.engine import Generation
from foxstream.gateway.refusal import RefusedError, unprocessable
from foxstream.gateway.shapes import ModelEntry, ModelList

__all__ = [
    "MODELS",
    "Capability",
    "Model",
    "ModelSource",
    "capability_list",
    "find_model",
    "openai_list",
    "unknown_model",
]

Capability = Literal["text", "vision", "video", "audio", "file"]

_YOUTUBE = re.compile(r"(?:[\w-]+\.)*(?:youtube\.com|youtu\.be)")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model: what it takes in, and its own rules. `None` is no limit of its own.

    `capabilities`, where they are `None`, are unknown: then everything is left to the engine.
    """

    id: str
    capabilities: tuple[Capability, ...] | None
    max_images: int | None = None
    max_videos: int | None = None
    audio_types: tuple[str, ...] | None = None
    youtube: bool = False
    min_max_tokens: int = 1
    messages_need_max_tokens: bool = False

    def check(self, generation: Generation) -> None:
        """Raise the `RefusedError` of the first rule that `generation` breaks."""
        for refusal in self._refusals(generation):
            raise refusal

    def _refusals(self, generation: Generation) -> Iterator[RefusedError]:
        yield from self._missing_capabilities(generation)
        yield from self._too_many("images", generation.images, self.max_images)
        yield from self._too_many("videos", generation.videos, self.max_videos)
        yield from self._wrong_links(generation.videos)
        yield from self._wrong_audio(generation.audios)
        yield from self._wrong_max_tokens(generation)

    def _missing_capabilities(self, generation: Generation) -> Iterator[RefusedError]:
        if self.capabilities is None:
            return
        wanted: dict[Capability, bool] = {
            "vision": bool(generation.images),
            "video": bool(generation.videos),
            "audio": bool(generation.audios),
            "file": bool(generation.files),
        }
        missing = [name for name, used in wanted.items() if used and name not in self.capabilities]
        if missing:
            yield unprocessable(
                f"model {self.id} does not support {', '.join(missing)}: "
                f"it takes {', '.join(self.capabilities)}",
                "model_not_support_capability",
            )

    def _too_many(
        self, kind: str, urls: Sequence[str], limit: int | None
    ) -> Iterator[RefusedError]:
        if limit is not None and len(urls) > limit:
            yield self._violation(f"at most {limit} {kind}, not {len(urls)}")

    def _wrong_links(self, videos: Iterable[str]) -> Iterator[RefusedError]:
        for parts in map(urlsplit, (url for url in videos if DataUri.parse(url) is None)):
            if not _YOUTUBE.fullmatch(parts.hostname or ""):
                continue
            if not self.youtube:
                yield self._violation("no YouTube links")
            elif parts.path.startswith("/shorts/"):
                yield self._violation("no YouTube Shorts: write the link as /watch?v=ID")

    def _wrong_audio(self, audios: Iterable[str]) -> Iterator[RefusedError]:
        if self.audio_types is None:
            return
        for audio in map(DataUri.parse, audios):
            if audio and audio.media_type not in self.audio_types:
                yield self._violation(
                    f"audio as {' or '.join(self.audio_types)}, not {audio.media_type}"
                )

    def _wrong_max_tokens(self, generation: Generation) -> Iterator[RefusedError]:
        if generation.max_tokens is None:
            if self.messages_need_max_tokens and generation.messages:
                yield unprocessable(f"max_tokens is required by model {self.id} with messages")
        elif generation.max_tokens < self.min_max_tokens:
            yield unprocessable(
                f"max_tokens is {generation.max_tokens}: "
                f"model {self.id} needs at least {self.min_max_tokens}"
            )

    def _violation(self, rule: str) -> RefusedError:
        return unprocessable(f"model {self.id} takes {rule}", "model_rule_violation")


@runtime_checkable
class ModelSource(Protocol):
    """An engine that knows its models itself: every name is passed on to it."""

    async def models(self) -> Sequence[Model]:
        """The models there are now; `EngineError` where that cannot be told."""
        ...


def _gpt(id: str) -> Model:
    return Model(id=id, capabilities=("text", "vision"), min_max_tokens=16)


def _claude(id: str) -> Model:
    capabilities: tuple[Capability, ...] = ("text", "vision", "file")
    return Model(id=id, capabilities=capabilities, messages_need_max_tokens=True)


def _gemini(id: str, *more: Capability) -> Model:
    capabilities: tuple[Capability, ...] = ("text", "vision", "video", "audio", *more)
    return Model(id=id, capabilities=capabilities, youtube=True)


MODELS: tuple[Model, ...] = (
    _gemini("gemini-2.5-pro"),
    _gemini("gemini-3-pro-preview", "file"),
    _gemini("gemini-3.1-pro-preview", "file"),
    _gemini("gemini-3.5-flash", "file"),
    _gemini("gemini-3.8-flash", "file"),
    _gpt("gpt-5.4"),
    _gpt("gpt-5.5"),
    _claude("claude-opus-4-6"),
    _claude("claude-opus-4-7"),
    _claude("claude-sonnet-4-6"),
    Model(id="kimi-k2.6", capabilities=("text", "vision")),
    Model(
        id="nemotron-3-nano-omni",
        capabilities=("text", "vision", "video", "audio"),
        max_images=1,
        max_videos=1,
        audio_types=("audio/wav", "audio/mpeg"),
    ),
)
"""The models of section 7, as far as their capabilities are known."""


def find_model(models: Iterable[Model] | None, id: str) -> Model:
    """The model of that name, or the refusal `no_available_model`; `None` knows any name."""
    if models is None:
        return unknown_model(id)
    for model in models:
        if model.id == id:
            return model
    raise unprocessable(f"model {id!r} is not available here", "no_available_model")


def unknown_model(id: str) -> Model:
    """A model of which only the name is known: nothing is refused in its place."""
    return Model(id=id, capabilities=None, youtube=True)


def capability_list(models: Iterable[Model]) -> ModelList:
    """The body of `GET /v1/configs/llm_generations_models`; what is unknown is left out."""
    return ModelList(tuple(ModelEntry(m.id, capabilities=_told(m.capabilities)) for m in models))


def openai_list(models: Iterable[Model]) -> ModelList:
    """The body of `GET /v1/models`."""
    return ModelList(tuple(ModelEntry(model.id, owned_by="foxstream") for model in models))


def _told(capabilities: tuple[Capability, ...] | None) -> tuple[Capability, ...] | UnsetType:
    return UNSET if capabilities is None else capabilities
