"""Who brings a film to the service: foxstream, and what people use today.

House rule: each is called as its documentation shows, with the path of a file where it takes one.
What has arrived is asked from the server, so nobody is believed. Libraries are imported where they
are used, so that a process loads only its own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.recording import record
from benchmarks.referee import WrongAnswerError
from benchmarks.riders.field import FOXSTREAM, OPENAI
from benchmarks.riders.rider import PROMPT

__all__ = ["CHUNKS", "HTTPX", "INLINE", "UPLOAD", "Carrier", "Carry"]

HTTPX = "httpx"
CHUNKS = 64
"""Of the answer to a film that came inside its question."""

Carry = Callable[[Path], Awaitable[object]]
"""Sends one film and returns when it was answered."""

Carrier = Callable[[str], AbstractAsyncContextManager[Carry]]
"""Opens what lives long for the script at a URL."""


@asynccontextmanager
async def foxstream_upload(url: str) -> AsyncGenerator[Carry]:
    """`Client.upload(path)`."""
    from foxstream import Client

    async with Client(base_url=url) as client:
        yield client.upload


@asynccontextmanager
async def foxstream_inline(url: str) -> AsyncGenerator[Carry]:
    """`Client.stream(prompt, videos=[path])`, its answer read to the end."""
    from foxstream import Client

    async with Client(base_url=url) as client:

        async def carry(film: Path) -> None:
            async with client.stream(PROMPT, videos=[film]) as answer:
                heard = "".join([delta.text async for delta in answer])
            if heard != record(CHUNKS).text:
                raise WrongAnswerError(f"the answer to a film was {heard[:40]!r}")

        yield carry


@asynccontextmanager
async def httpx_upload(url: str) -> AsyncGenerator[Carry]:
    """`AsyncClient.post(files=...)`: a multipart body out of an open file."""
    import httpx

    async with httpx.AsyncClient(timeout=60) as client:

        async def carry(film: Path) -> None:
            with film.open("rb") as file:
                form = {"file": (film.name, file, "video/mp4")}
                answer = await client.post(f"{url}/v1/files/upload/stream", files=form)
            answer.raise_for_status()

        yield carry


@asynccontextmanager
async def httpx_inline(url: str) -> AsyncGenerator[Carry]:
    """`AsyncClient.post(json=...)`: the data URI by the standard library."""
    import httpx

    async with httpx.AsyncClient(timeout=60) as client:

        async def carry(film: Path) -> None:
            asked = {"model": "m-1", "prompt": PROMPT, "video_urls": [_data_uri(film)]}
            answer = await client.post(f"{url}/v1/llm/generations", json=asked)
            answer.raise_for_status()

        yield carry


@asynccontextmanager
async def openai_upload(url: str) -> AsyncGenerator[Carry]:
    """`AsyncOpenAI().files.create(file=path)`."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    client = AsyncOpenAI(api_key="-", base_url=f"{url}/v1", http_client=DefaultAioHttpClient())
    async with client:

        async def carry(film: Path) -> None:
            await client.files.create(file=film, purpose="user_data")

        yield carry


@asynccontextmanager
async def openai_inline(url: str) -> AsyncGenerator[Carry]:
    """`chat.completions.create` with a `file` part, its answer read to the end."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    client = AsyncOpenAI(api_key="-", base_url=f"{url}/v1", http_client=DefaultAioHttpClient())
    async with client:

        async def carry(film: Path) -> None:
            file = {"filename": film.name, "file_data": _data_uri(film)}
            parts = [{"type": "text", "text": PROMPT}, {"type": "file", "file": file}]
            messages: Any = [{"role": "user", "content": parts}]
            stream = await client.chat.completions.create(
                model="m-1", messages=messages, stream=True
            )
            async for _ in stream:
                pass

        yield carry


def _data_uri(film: Path) -> str:
    return f"data:video/mp4;base64,{b64encode(film.read_bytes()).decode()}"


UPLOAD: dict[str, Carrier] = {
    FOXSTREAM: foxstream_upload,
    HTTPX: httpx_upload,
    OPENAI: openai_upload,
}
"""A file of its own."""

INLINE: dict[str, Carrier] = {
    FOXSTREAM: foxstream_inline,
    HTTPX: httpx_inline,
    OPENAI: openai_inline,
}
"""A film inside the question."""
