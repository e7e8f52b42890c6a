"""A `Generation` as the messages of a chat completion, for an engine on another server.

House rule: what is sent was sent to us. Only what an engine elsewhere could not read is put into
other words: uploads of this gateway, and sounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from foxstream.errors import InvalidInputError
from foxstream.gateway.data_uri import DataUri
from foxstream.gateway.engine import EngineError, Generation, Media
from foxstream.media import load

__all__ = ["Content", "chat_messages"]

Content = Mapping[str, object]
"""A message, or a block of one, as JSON."""

_KINDS = {"image_url": "image", "video_url": "video", "audio_url": "audio", "file_url": None}
_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}


async def chat_messages(generation: Generation, media: Media, inline_limit: int) -> list[Content]:
    """The conversation of `generation`, complete in itself.

    Uploads of this gateway, each up to `inline_limit` bytes, become data URIs; other URLs are left
    for the engine to fetch. Raises `EngineError` for an upload that cannot be sent.
    """
    messages = generation.messages or _messages_of(generation)
    return [await _portable(message, media, inline_limit) for message in messages]


def _messages_of(generation: Generation) -> list[Content]:
    messages: list[Content] = []
    if generation.system_prompt:
        messages.append({"role": "system", "content": generation.system_prompt})
    return [*messages, {"role": "user", "content": _content_of(generation)}]


def _content_of(generation: Generation) -> str | list[Content]:
    """Text alone as a string, which engines without media take too."""
    media = [
        *_blocks("image_url", generation.images),
        *_blocks("video_url", generation.videos),
        *_blocks("audio_url", generation.audios),
    ]
    return [{"type": "text", "text": generation.prompt}, *media] if media else generation.prompt


def _blocks(kind: str, urls: Sequence[str]) -> list[Content]:
    return [{"type": kind, kind: {"url": url}} for url in urls]


async def _portable(message: Content, media: Media, inline_limit: int) -> Content:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    blocks = cast("list[Content]", content)
    return {**message, "content": [await _block(each, media, inline_limit) for each in blocks]}


async def _block(block: Content, media: Media, inline_limit: int) -> Content:
    """One block; what it says beside its URL, such as `detail`, stays."""
    kind = str(block.get("type"))
    if kind not in _KINDS:
        return block
    link = cast("Content", block[kind])
    url = str(link["url"])
    size = media.upload_size(url)
    if size is not None:
        url = await _inline(url, size, media, _KINDS[kind], inline_limit)
    sound = DataUri.parse(url) if kind == "audio_url" else None
    return {**block, kind: {**link, "url": url}} if sound is None else _input_audio(sound)


async def _inline(url: str, size: int, media: Media, kind: str | None, inline_limit: int) -> str:
    """An upload as a data URI."""
    if size > inline_limit:
        raise EngineError(
            f"an upload has {size} bytes: at most {inline_limit} are passed on to the upstream",
            code="invalid_media_url",
        )
    try:
        material = await load(await media.read(url), "the upload", kind)
    except InvalidInputError as error:
        raise EngineError(str(error), code="invalid_file_type") from error
    uri = await material.data_uri(lambda _: None)
    return b"".join(uri.pieces).decode()


def _input_audio(sound: DataUri) -> Content:
    """OpenAI's own block for a sound, which is bare base64 and a short name of its kind."""
    kind = sound.media_type.partition("/")[2]
    inner = {"data": sound.text[sound.start :], "format": _FORMATS.get(kind, kind)}
    return {"type": "input_audio", "input_audio": inner}
