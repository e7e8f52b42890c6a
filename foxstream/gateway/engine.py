"""What answers in the gateway: an `Engine` turns one `Generation` into `Piece`s.

House rule: an engine knows nothing of HTTP, tasks or chunks on the wire.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from foxstream.answer import ToolCallDelta, Usage

__all__ = ["Engine", "EngineError", "Generation", "Media", "Piece"]


class Generation(msgspec.Struct, frozen=True):
    """One validated request, the same for chat completions and all five variants of section 2.

    `images`, `videos`, `audios` and `files` are URLs or data URIs in the order they were sent,
    also those out of `messages`; `Media.read` turns one into bytes. `messages` is the conversation
    as sent to the custom variant (behind its `system_prompt`) or as a chat completion, empty for
    the others; `prompt` is then the text of its last user message and `system_prompt` that of its
    system messages. `extra` are the fields of the request that no variant names, such as `tools`.
    """

    model: str
    prompt: str = ""
    system_prompt: str = ""
    messages: tuple[dict[str, object], ...] = ()
    images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    audios: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning: bool | None = None
    extra: dict[str, object] = {}


class Piece(msgspec.Struct, frozen=True):
    """What becomes one chunk: some text, reasoning, tool-call fragments, an end, a usage."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    index: int = 0
    finish_reason: str | None = None
    usage: Usage | None = None


class EngineError(Exception):
    """The generation failed; `code` and the message become the task's `error`."""

    def __init__(self, message: str, *, code: str = "upstream_error") -> None:
        super().__init__(message)
        self.code = code


class Media(Protocol):
    """The door through which an engine reads what a `Generation` points to."""

    async def read(self, url: str) -> bytes:
        """Return the bytes behind a data URI, an upload of this gateway or a remote URL.

        Raises `EngineError` with code `invalid_media_url` where there is nothing to read: broken
        base64, an expired upload, a file over the limit, a remote URL that may not be fetched.
        """
        ...

    def upload_size(self, url: str) -> int | None:
        """The bytes behind an upload of this gateway, `None` for every other URL."""
        ...


class Engine(Protocol):
    """Anything with this one method can answer in a gateway."""

    def run(self, generation: Generation, media: Media, /) -> AsyncIterator[Piece]:
        """Yield the answer piece by piece; raise `EngineError` to fail the task.

        The last piece of a choice names its `finish_reason`; one piece may carry the `usage`.
        """
        ...
