"""A prompt of llm -> what `Client.stream` takes.

House rule: a first question with its media is asked as one, so that large files are uploaded; a
conversation goes as messages, with its media inside.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import llm
from anyio import to_thread
from llm.parts import AttachmentPart, Message, TextPart

from foxstream import media
from foxstream.client import Client
from foxstream.errors import InvalidInputError
from foxstream.question import Ask
from foxstream.sources import Kind, Media

__all__ = ["ask_of"]

_INLINE = 3 * 1024 * 1024


async def ask_of(client: Client, prompt: llm.Prompt) -> tuple[str | None, Ask]:
    """What is asked: the prompt, the media, the conversation; not of which model.

    Media inside a conversation are inlined up to 3 MiB each and uploaded beyond. Raises
    `InvalidInputError` for an attachment that is no image, video or sound.
    """
    messages: Sequence[Message] = prompt.messages
    system = "\n\n".join(_text(message) for message in messages if message.role == "system")
    turns = [message for message in messages if message.role != "system"]
    options: Ask = {"system_prompt": system} if system else {}
    if len(turns) == 1:
        found = await _media(turns[0])
        if len(found["audio"]) <= 1:
            return _text(turns[0]) or None, options | _arguments(found)
    options["messages"] = [await _message(client, turn) for turn in turns]
    return None, options


def _arguments(found: Mapping[Kind, list[Media]]) -> Ask:
    audio = found["audio"][0] if found["audio"] else None
    return {"images": found["image"], "videos": found["video"], "audio": audio}


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, TextPart))


def _attachments(message: Message) -> list[llm.Attachment]:
    parts = (part for part in message.parts if isinstance(part, AttachmentPart))
    return [part.attachment for part in parts if part.attachment is not None]


async def _media(message: Message) -> dict[Kind, list[Media]]:
    found: dict[Kind, list[Media]] = {"image": [], "video": [], "audio": []}
    for attachment in _attachments(message):
        found[await _kind(attachment)].append(_value(attachment))
    return found


async def _message(client: Client, message: Message) -> dict[str, object]:
    """One turn; reasoning is left out, as the service expects."""
    text = _text(message)
    attachments = _attachments(message)
    if not attachments:
        return {"role": message.role, "content": text}
    blocks: list[dict[str, object]] = [{"type": "text", "text": text}] if text else []
    for attachment in attachments:
        kind = await _kind(attachment)
        url = await _url(client, kind, _value(attachment))
        blocks.append({"type": f"{kind}_url", f"{kind}_url": {"url": url}})
    return {"role": message.role, "content": blocks}


def _value(attachment: llm.Attachment) -> Media:
    if attachment.url:
        return attachment.url
    return Path(attachment.path) if attachment.path else attachment.content or b""


async def _kind(attachment: llm.Attachment) -> Kind:
    """By its type, or its name; what llm looks up on the network or disk it does in a thread."""
    mime = attachment.type or mimetypes.guess_type(attachment.url or "")[0]
    mime = mime or await to_thread.run_sync(attachment.resolve_type) or "unknown"
    kind = mime.partition("/")[0]
    if kind not in {"image", "video", "audio"}:
        raise InvalidInputError(f"an attachment is {mime}: image, video or audio is taken")
    return cast("Kind", kind)


async def _url(client: Client, kind: Kind, value: Media) -> str:
    if isinstance(value, str):
        return value
    content = value if isinstance(value, bytes) else Path(value)
    material = await media.load(content, "attachment", kind)
    if material.size > _INLINE:
        return (await client.upload(content, material.name)).url
    uri = await material.data_uri(lambda _: None)
    return b"".join(uri.pieces).decode()
