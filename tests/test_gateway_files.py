"""Uploads: in by three doors, out by one, gone in time, and never beyond their folder."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.gatewaykit import (
    FORM,
    KEY,
    ON_ASYNCIO,
    PNG,
    bearer,
    form,
    gateway,
    refused,
    until,
    upload,
)

pytestmark = ON_ASYNCIO

BASE64 = "/v1/files/upload/base64"
URL = "/v1/files/upload/url"
MALFORMED = (400, "invalid_request_error", None)
TOO_LARGE = (413, "file_too_large_error", None)
DENIED = (403, "permission_denied", None)
GONE = (404, "not_found", None)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where gateways put their folders during a test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


async def stored(folders: Path) -> list[tuple[str, int]]:
    """Names relative to the folder of all folders, and sizes."""
    return await asyncio.to_thread(_stored, folders)


def _stored(folders: Path) -> list[tuple[str, int]]:
    files = [path for path in folders.rglob("*") if path.is_file()]
    return [(str(path.relative_to(folders)), path.stat().st_size) for path in files]


async def test_a_form_is_told_like_the_vendors_sample_and_served_back(folders: Path) -> None:
    async with gateway() as session:
        told = await upload(session)
        url = told.pop("url")
        assert re.fullmatch(r"file-\d{10}-[0-9a-f]{6}", told.pop("id"))
        assert isinstance(told.pop("created"), int)
        assert told == {"filename": "photo.png", "size": len(PNG)}
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/uploads/\d{8}/[\w-]{22}/photo\.png", url)
        async with session.get(url) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "image/png"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert await response.read() == PNG
    assert await stored(folders) == []


async def test_a_range_of_a_file_is_served() -> None:
    async with gateway() as session:
        url = (await upload(session))["url"]
        async with session.get(url, headers={"Range": "bytes=1-3"}) as response:
            assert response.status == 206
            assert response.headers["Content-Range"] == f"bytes 1-3/{len(PNG)}"
            assert await response.read() == b"PNG"
        async with session.get(url, headers={"Range": "bytes=999-"}) as response:
            assert response.status == 416
        async with session.head(url) as response:
            assert response.headers["Accept-Ranges"] == "bytes"
            assert response.headers["Content-Length"] == str(len(PNG))


@pytest.mark.parametrize(
    ("data", "name", "content_type"),
    [
        (b"\0\0\0\x18ftypmp42", "clip.mov", "video/mp4"),
        (b"\0\0\0\x18ftypmp42", "sound.m4a", "audio/mp4"),
        (b"?", "clip.MP4", "video/mp4"),
        (b"?", "clip.mkv", "video/x-matroska"),
        (b"?", "sound.flac", "audio/flac"),
        (b"%PDF-1.7", "paper.pdf", "application/pdf"),
        (b"<script>alert(1)</script>", "page.html", "application/octet-stream"),
        (b"<svg/>", "drawing.svg", "application/octet-stream"),
        (b"", "nothing", "application/octet-stream"),
    ],
)
async def test_the_content_type_tells_media_and_nothing_that_runs(
    data: bytes, name: str, content_type: str
) -> None:
    async with gateway() as session:
        url = (await upload(session, data, name=name))["url"]
        async with session.get(url) as response:
            assert response.headers["Content-Type"] == content_type
            assert response.headers["Content-Security-Policy"] == "sandbox"
            assert await response.read() == data


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\videos\\clip.mp4", "clip.mp4"),
        ("..", "upload.bin"),
        (".hidden", "hidden"),
        ("a\x00b\r\nc?d#e%2f.mp4", "a_b_c_d_e_2f.mp4"),
        ("\u732b \U0001f98a.mp4", "\u732b \U0001f98a.mp4"),
        ("x" * 300 + ".mp4", "x" * 96 + ".mp4"),
        ("x." + "y" * 300, "y" * 100),
    ],
)
async def test_a_name_is_a_name_and_never_a_path(given: str, kept: str, folders: Path) -> None:
    async with gateway() as session:
        told = await upload(session, file_name=given)
        assert told["filename"] == kept
        assert [name.count("/") for name, _ in await stored(folders)] == [1]
        async with session.get(told["url"]) as response:
            assert await response.read() == PNG


async def test_only_the_exact_url_finds_a_file() -> None:
    async with gateway() as session:
        url = (await upload(session))["url"]
        folder, _, _ = url.rpartition("/")
        for wrong in ("other.png", "..%2f..%2fetc%2fpasswd", "%2e%2e", "photo.png%00"):
            async with session.get(f"{folder}/{wrong}") as response:
                assert await refused(response) == GONE
        async with session.get("/uploads/20260101/token/photo.png") as response:
            assert await refused(response) == GONE


async def test_uploads_need_the_key_and_downloads_do_not() -> None:
    async with gateway(api_key=KEY) as session:
        for route in (FORM, BASE64, URL):
            async with session.post(route, data=b"") as response:
                assert (await refused(response))[0] == 401
        async with session.post(FORM, data=form(), headers=bearer(KEY)) as response:
            url = (await response.json())["url"]
        async with session.get(url) as response:
            assert response.status == 200


async def test_a_large_form_is_streamed_to_disk(folders: Path) -> None:
    data = bytes(range(256)) * 40_000
    async with gateway(max_body_bytes=1000) as session:
        told = await upload(session, data)
        assert told["size"] == len(data)
        assert [size for _, size in await stored(folders)] == [len(data)]
        async with session.get(told["url"]) as response:
            assert await response.read() == data


async def test_a_file_over_the_limit_leaves_nothing(folders: Path) -> None:
    async with gateway(max_upload_bytes=1000) as session:
        async with session.post(FORM, data=form(b"x" * 1001)) as response:
            assert await refused(response) == TOO_LARGE
        body = {"file_data": base64.b64encode(b"x" * 1001).decode()}
        async with session.post(BASE64, json=body) as response:
            assert await refused(response) == TOO_LARGE
        await upload(session, b"x" * 1000)
        await until(lambda: stored(folders), lambda files: len(files) == 1)


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def part(name: bytes, value: bytes = b"v") -> bytes:
    return b'Content-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value


NESTED = b'Content-Type: multipart/mixed; boundary="c"\r\n\r\n--c\r\n\r\nx\r\n--c--'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b"no boundary at all",
        multipart(part(b"file_name")),
        multipart(part(b"file"), part(b"file_name", b"x" * 5000)),
        multipart(part(b"file"), part(b"file_name", b"\xff")),
        multipart(part(b"file"), *[part(b"x")] * 16),
        multipart(b"X-Nameless: yes\r\n\r\nv"),
        multipart(NESTED),
        multipart(b"no header\r\n\r\nv"),
        multipart(part(b"file"))[:-12],
    ],
)
async def test_a_broken_form_is_malformed_and_leaves_nothing(body: bytes, folders: Path) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with gateway() as session:
        async with session.post(FORM, data=body, headers=headers) as response:
            assert await refused(response) == MALFORMED
        assert await until(lambda: stored(folders), lambda files: not files) == []


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", "multipart/mixed"])
async def test_what_is_no_form_is_malformed(content_type: str) -> None:
    headers = {"Content-Type": content_type}
    async with gateway() as session, session.post(FORM, data=b"x", headers=headers) as response:
        assert await refused(response) == MALFORMED


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"file_data": base64.b64encode(PNG).decode()}, "upload.bin"),
        ({"file_data": "data:image/png;base64," + base64.b64encode(PNG).decode()}, "upload.png"),
        ({"file_data": "data:x/unheard;base64," + base64.b64encode(PNG).decode()}, "upload.bin"),
        ({"file_data": base64.b64encode(PNG).decode(), "file_name": "a.png"}, "a.png"),
    ],
)
async def test_base64_bare_or_as_a_data_uri(fields: dict[str, str], name: str) -> None:
    async with gateway() as session:
        async with session.post(BASE64, json=fields) as response:
            told = await response.json()
        assert (told["filename"], told["size"]) == (name, len(PNG))
        async with session.get(told["url"]) as response:
            assert await response.read() == PNG


def large_json(body: object) -> Any:
    """A JSON body in a form that the client does not warn of, however large."""
    headers = {"Content-Type": "application/json"}
    return {"data": io.BytesIO(json.dumps(body).encode()), "headers": headers}


async def test_base64_is_decoded_piece_by_piece() -> None:
    data = bytes(range(256)) * 12_001
    text = base64.b64encode(data).decode()
    async with (
        gateway() as session,
        session.post(BASE64, **large_json({"file_data": text})) as response,
    ):
        told = await response.json()
        async with session.get(told["url"]) as download:
            assert await download.read() == data


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"file_data": 5},
        {"file_data": "A"},
        {"file_data": "A=AA"},
        {"file_data": "AA\nAA"},
        {"file_data": "\u732b"},
        {"file_data": "AAAA" * (256 * 1024 - 1) + "AA==" + "AAAA"},
        {"file_data": "AAAA", "auto_cleanup": "true"},
    ],
)
async def test_what_is_no_base64_is_malformed(body: dict[str, object], folders: Path) -> None:
    async with gateway() as session:
        async with session.post(BASE64, **large_json(body)) as response:
            assert await refused(response) == MALFORMED
        assert await until(lambda: stored(folders), lambda files: not files) == []


async def test_a_full_storage_drops_the_oldest_unless_told_not_to(folders: Path) -> None:
    async with gateway(max_storage_bytes=300, max_upload_bytes=500) as session:
        first, second = [await upload(session, b"x" * 150) for _ in range(2)]
        async with session.post(FORM, data=form(b"x" * 10, auto_cleanup="false")) as response:
            assert await refused(response) == DENIED
        await upload(session, b"x" * 100)
        async with session.get(first["url"]) as response:
            assert await refused(response) == GONE
        async with session.get(second["url"]) as response:
            assert response.status == 200
        async with session.post(FORM, data=form(b"x" * 301)) as response:
            assert await refused(response) == DENIED
        kept = await until(lambda: stored(folders), lambda files: len(files) == 2)
        assert [size for _, size in sorted(kept, key=lambda file: file[1])] == [100, 150]


async def test_files_expire(folders: Path) -> None:
    async with gateway(upload_retention=0.01) as session:
        url = (await upload(session))["url"]

        async def status() -> int:
            async with session.get(url) as response:
                return response.status

        assert await until(status, lambda status: status != 200) == 404
        assert await until(lambda: stored(folders), lambda files: not files) == []
