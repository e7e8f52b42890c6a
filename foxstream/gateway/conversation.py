"""The `messages` of the custom variant: OpenAI chat messages (contract, section 2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

__all__ = ["Block", "Message", "media_urls", "text_of"]

Url = Annotated[str, msgspec.Meta(min_length=1)]


class Link(msgspec.Struct, frozen=True):
    """The inner object of every media block."""

    url: Url


class TextBlock(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """`{"type": "text", "text": ...}`"""

    text: str


class ImageBlock(msgspec.Struct, frozen=True, tag_field="type", tag="image_url"):
    """`{"type": "image_url", "image_url": {"url": ...}}`"""

    image_url: Link


class VideoBlock(msgspec.Struct, frozen=True, tag_field="type", tag="video_url"):
    """`{"type": "video_url", "video_url": {"url": ...}}`"""

    video_url: Link


class AudioBlock(msgspec.Struct, frozen=True, tag_field="type", tag="audio_url"):
    """`{"type": "audio_url", "audio_url": {"url": ...}}`"""

    audio_url: Link


class FileBlock(msgspec.Struct, frozen=True, tag_field="type", tag="file_url"):
    """`{"type": "file_url", "file_url": {"url": ...}}`"""

    file_url: Link


Block = TextBlock | ImageBlock | VideoBlock | AudioBlock | FileBlock
MediaField = Literal["image_url", "video_url", "audio_url", "file_url"]


class Message(msgspec.Struct, frozen=True):
    """One turn. `tool` is no role of the contract but of the chat format that it refers to."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | tuple[Block, ...] | None = None


def text_of(message: Message) -> str:
    """The text of one message; blocks of text are joined by line ends."""
    if isinstance(message.content, str):
        return message.content
    return "\n".join(b.text for b in message.content or () if isinstance(b, TextBlock))


def media_urls(messages: Sequence[Message], field: MediaField) -> tuple[str, ...]:
    """The URLs of all blocks of one kind, in order."""
    links = (getattr(block, field, None) for block in _blocks(messages))
    return tuple(link.url for link in links if isinstance(link, Link))


def _blocks(messages: Sequence[Message]) -> Iterator[Block]:
    for message in messages:
        if isinstance(message.content, tuple):
            yield from message.content
