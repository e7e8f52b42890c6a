"""What an engine and the upload by URL can read, and what they must not."""

from __future__ import annotations

import base64
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from foxstream.gateway import Generation, Media, Piece
from foxstream.gateway.remote import _public_socket
from tests.gatewaykit import ON_ASYNCIO, PNG, ended, gateway, refused, submit, until, upload

pytestmark = ON_ASYNCIO

URL = "/v1/files/upload/url"
MALFORMED = (400, "invalid_request_error", None)
TOO_LARGE = (413, "file_too_large_error", None)
DENIED = (403, "permission_denied", None)


async def test_remote_urls_are_fetched_only_by_a_gateway_that_was_told_to() -> None:
    async with gateway() as origin, gateway() as session:
        source = (await upload(origin))["url"]
        async with session.post(URL, json={"url": source}) as response:
            assert await refused(response) == DENIED
            assert "fetch_remote" in await response.text()


async def test_a_remote_file_is_fetched_within_the_limits() -> None:
    async with (
        gateway() as origin,
        gateway(fetch_remote=True, fetch_private=True, max_upload_bytes=200) as session,
    ):
        source = (await upload(origin))["url"]
        large = (await upload(origin, b"x" * 201))["url"]
        async with session.post(URL, json={"url": source + "?a/b"}) as response:
            told = await response.json()
            assert (told["filename"], told["size"]) == ("photo.png", len(PNG))
        async with session.post(URL, json={"url": source, "file_name": "p.png"}) as response:
            assert (await response.json())["filename"] == "p.png"
        async with session.post(URL, json={"url": large}) as response:
            assert await refused(response) == TOO_LARGE
        for bad in (source + "x", "ftp://h/x", "http://127.0.0.1:1/x", "x", "http://[", ""):
            async with session.post(URL, json={"url": bad}) as response:
                assert await refused(response) == MALFORMED


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
async def test_a_private_address_is_not_fetched(host: str) -> None:
    async with gateway() as origin, gateway(fetch_remote=True) as session:
        source = (await upload(origin))["url"].replace("127.0.0.1", host)
        async with session.post(URL, json={"url": source}) as response:
            assert await refused(response) == MALFORMED
            assert "fetch_private" in await response.text()


@pytest.mark.parametrize(
    "ip",
    [
        "64:ff9b::7f00:1",  # 127.0.0.1 behind a translator
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:c0a8:101::",
        "::ffff:10.0.0.1",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "224.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.168.0.1",
    ],
)
async def test_an_address_that_leads_inside_is_not_connected_to(ip: str) -> None:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with pytest.raises(OSError, match="not a public address"):
        _public_socket((family, socket.SOCK_STREAM, 0, "", (ip, 80)))


async def test_a_public_address_may_be_connected_to() -> None:
    where = ("93.184.216.34", 80)
    with _public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", where)) as made:
        assert made.family == socket.AF_INET


class Reader:
    """Answers with the size of every video it can read."""

    async def run(self, generation: Generation, media: Media) -> AsyncIterator[Piece]:
        for url in generation.videos:
            yield Piece(text=f"{len(await media.read(url))} ")


async def answer(session: aiohttp.ClientSession, *videos: str) -> Any:
    task = await submit(session, video_urls=list(videos))
    task = await ended(session, task["id"])
    return task["error"] or task["results"][0]["choices"][0]["message"]["content"]


async def test_an_engine_reads_data_uris_and_uploads_of_its_gateway() -> None:
    async with gateway(Reader()) as session:
        uploaded = (await upload(session, name="\u732b 1.mp4"))["url"]
        inline = "data:video/mp4;base64," + base64.b64encode(b"12345").decode()
        assert await answer(session, uploaded, inline, uploaded) == f"{len(PNG)} 5 {len(PNG)} "


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/v.mp4",
        "http://127.0.0.1/uploads/20260101/unknown/v.mp4",
        "data:video/mp4;base64,AAA",
        "data:video/mp4;base64,A=AA",
        "http://h:99999999/v.mp4",
    ],
)
async def test_an_engine_is_told_what_it_cannot_read(url: str) -> None:
    async with gateway(Reader()) as session:
        error = await answer(session, url)
    assert error["code"] == "invalid_media_url"
    assert url[:40] in error["message"]


async def test_an_engine_reads_remote_urls_within_the_limit_if_it_may() -> None:
    options = {"fetch_remote": True, "fetch_private": True, "max_upload_bytes": 1000}
    async with gateway(max_upload_bytes=2000) as origin, gateway(Reader(), **options) as session:
        allowed = (await upload(origin, b"x" * 1000, name="v.mp4"))["url"]
        large = (await upload(origin, b"x" * 2000, name="v.mp4"))["url"]
        assert await answer(session, allowed, allowed) == "1000 1000 "
        assert "1000 bytes" in (await answer(session, large))["message"]
        assert (await answer(session, f"{allowed}x"))["code"] == "invalid_media_url"


async def test_an_upload_that_expired_meanwhile_fails_the_task() -> None:
    async with gateway(Reader(), upload_retention=0.001) as session:
        url = (await upload(session))["url"]

        async def outcome() -> Any:
            return await answer(session, url)

        error = await until(outcome, lambda told: isinstance(told, dict))
    assert error["code"] == "invalid_media_url"
