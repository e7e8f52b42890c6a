"""The `messages` of the custom variant (contract, section 2.6) and of OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

__all__ = ["Block", "ChatMessage", "Message", "media_urls", "text_of"]

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


class InputAudio(msgspec.Struct, frozen=True):
    """The inner object of OpenAI's sounds: bare base64, and what it holds, such as `mp3`."""

    data: Annotated[str, msgspec.Meta(min_length=1)]
    format: Annotated[str, msgspec.Meta(pattern=r"^[\w.+-]+\Z")]


class InputAudioBlock(msgspec.Struct, frozen=True, tag_field="type", tag="input_audio"):
    """`{"type": "input_audio", "input_audio": {"data": ..., "format": ...}}`"""

    input_audio: InputAudio

    @property
    def audio_url(self) -> Link:
        """The same as the data URI of an `audio_url` block."""
        kind = {"mp3": "mpeg"}.get(self.input_audio.format, self.input_audio.format)
        return Link(f"data:audio/{kind};base64,{self.input_audio.data}")


Block = TextBlock | ImageBlock | VideoBlock | AudioBlock | FileBlock
ChatBlock = Block | InputAudioBlock
MediaField = Literal["image_url", "video_url", "audio_url", "file_url"]


class Message(msgspec.Struct, frozen=True):
    """One turn. `tool` is no role of the contract but of the chat format that it refers to."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | tuple[Block, ...] | None = None


class ChatMessage(msgspec.Struct, frozen=True):
    """One turn of a chat completion: OpenAI has more roles and its own block for sounds."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | tuple[ChatBlock, ...] | None = None


def text_of(message: Message | ChatMessage) -> str:
    """The text of one message; blocks of text are joined by line ends."""
    if isinstance(message.content, str):
        return message.content
    return "\n".join(b.text for b in message.content or () if isinstance(b, TextBlock))


def media_urls(messages: Sequence[Message | ChatMessage], field: MediaField) -> tuple[str, ...]:
    """The URLs of all blocks of one kind, in order."""
    links = (getattr(block, field, None) for block in _blocks(messages))
    return tuple(link.url for link in links if isinstance(link, Link))


def _blocks(messages: Sequence[Message | ChatMessage]) -> Iterator[ChatBlock]:
    for message in messages:
        if isinstance(message.content, tuple):
            yield from message.content
