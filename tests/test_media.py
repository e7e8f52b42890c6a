"""Files and bytes on their way out: looked at, refused by name, sent in pieces."""

from __future__ import annotations

import base64
import os
import tracemalloc
from contextlib import aclosing
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path

import anyio
import pytest

from foxstream import Client, InvalidInputError
from foxstream.media import (
    _PIECE,
    DataURI,
    InPieces,
    Material,
    Multipart,
    load,
    mime_of,
    with_media,
)
from foxstream.transports import ReplayTransport
from tests.films import RED, film, image, picture, recording, tone

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n"
MPEG = b"\x00\x00\x01\xba\x44\x00\x04\x00"


def ignored(share: float) -> None:
    """Progress that nobody follows."""


# what the bytes are


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [
        ("mp4", "libx264", "video/mp4"),
        ("mov", "libx264", "video/quicktime"),
        ("webm", "libvpx", "video/webm"),
        ("matroska", "libx264", "video/x-matroska"),
        ("mpeg", "mpeg2video", "video/mpeg"),
        ("avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_real_videos_are_recognised(container, codec, mime):
    data = film([picture(RED)] * 3, fps=25, codec=codec, container=container)
    assert mime_of(data[:4096], "video") == mime


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [
        ("wav", "pcm_s16le", "audio/wav"),
        ("aiff", "pcm_s16be", "audio/aiff"),
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("mp2", "mp2", "audio/mpeg"),
        ("adts", "aac", "audio/aac"),
        ("ipod", "aac", "audio/mp4"),
        ("mp4", "aac", "audio/mp4"),
        ("flac", "flac", "audio/flac"),
        ("ogg", "flac", "audio/ogg"),
        ("webm", "libopus", "audio/webm"),
    ],
)
def test_real_sounds_are_recognised(container, codec, mime):
    data = recording(tone(0.2), codec, container)
    assert mime_of(data[:4096], "audio") == mime


@pytest.mark.parametrize(
    ("codec", "pixels", "mime"),
    [
        ("png", "rgb24", "image/png"),
        ("mjpeg", "yuvj420p", "image/jpeg"),
        ("bmp", "bgr24", "image/bmp"),
        ("tiff", "rgb24", "image/tiff"),
    ],
)
def test_real_images_are_recognised(codec, pixels, mime):
    assert mime_of(image(picture(RED), codec, pixels=pixels), "image") == mime


@pytest.mark.parametrize(
    ("head", "kind", "mime"),
    [
        (b"GIF89a", "image", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image", "image/webp"),
        (b"\x00\x00\x00\x1cftypavif", "image", "image/avif"),
        (b"\x00\x00\x00\x18ftypheic", "image", "image/heic"),
        (b"\x00\x00\x00\x18ftypmp42", None, "video/mp4"),
        (b"\x00\x00\x00\x18ftypmp42", "audio", "audio/mp4"),
        (b"\x00\x00\x00\x18ftypM4A ", "video", "audio/mp4"),
        (b"\x00\x00\x00\x08wide\x00\x00", "video", "video/quicktime"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01webm", "video", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01matroska", "video", "video/x-matroska"),
        (b"\x00\x00\x01\xb3\x50", "video", "video/mpeg"),
        (b"OggS\x00", None, "audio/ogg"),
        (b"OggS\x00", "video", "video/ogg"),
        (b"ID3\x04", "audio", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio", "audio/mpeg"),
        (b"\xff\xfeH\x00i\x00", "audio", None),
        (b"\xfe\xff\x00H\x00i", "audio", None),
        (b"", None, None),
        (b"hello", "video", None),
        (b"#EXTM3U\n", "video", None),
        (b"ffconcat version 1.0", "video", None),
        (b"%PDF-1.7", "image", None),
        (b"<svg>", "image", None),
    ],
)
def test_what_the_first_bytes_show(head, kind, mime):
    assert mime_of(head, kind) == mime


# looking at files and bytes


async def test_content_counts_more_than_the_name(tmp_path):
    path = tmp_path / "clip.mov"
    path.write_bytes(film([picture(RED)], container="mp4"))
    material = await load(path, "videos[0]", "video")
    assert (material.name, material.mime) == ("clip.mov", "video/mp4")
    assert material.size == path.stat().st_size
    assert material.content == path


async def test_the_name_counts_where_the_content_is_silent(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\x01\x02\x03")
    assert (await load(path, "videos[0]", "video")).mime == "video/mp4"


async def test_words_under_the_name_of_a_video_are_refused(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_text("<html>not found \N{WHITE SMILING FACE}</html>", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="text/plain"):
        await load(path, "videos[0]", "video")


async def test_anything_may_be_uploaded(tmp_path):
    path = tmp_path / "notes"
    path.write_bytes(b"hello")
    assert (await load(path, "content", None)).mime == "application/octet-stream"
    named = await load(b"hello", "content", None)
    assert (named.name, named.mime) == ("upload.bin", "application/octet-stream")


async def test_the_home_folder_may_be_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.png").write_bytes(PNG)
    assert (await load(Path("~/a.png"), "images[0]", "image")).content == tmp_path / "a.png"


@pytest.mark.parametrize(
    ("data", "kind", "name"),
    [
        (PNG, "image", "upload.png"),
        (MPEG, "video", "upload.mpeg"),
        (b"\x00\x00\x00\x18ftypqt  ", "video", "upload.mov"),
        (b"\x1aE\xdf\xa3", "video", "upload.mkv"),
        (b"RIFF\x24\x00\x00\x00WAVE", "audio", "upload.wav"),
        (b"\x00\x00\x00\x18ftypmp42", "audio", "upload.m4a"),
        (b"\xff\xd8\xff\xe0", "image", "upload.jpg"),
        (b"ID3\x04", None, "upload.mp3"),
    ],
)
async def test_bytes_get_a_name_that_the_service_takes(data, kind, name):
    material = await load(data, "videos[0]", kind)
    assert (material.name, material.size, material.content) == (name, len(data), data)


@pytest.fixture
def places(tmp_path) -> Path:
    """A folder with everything that cannot be sent."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "nameless").write_bytes(b"hello")
    (tmp_path / "picture.mp4").write_bytes(PNG)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling.mp4").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.mp4")
    locked = tmp_path / "locked.mp4"
    locked.write_bytes(MPEG)
    locked.chmod(0)
    return tmp_path


UNUSABLE = [
    ("missing.mp4", "cannot be read: No such file or directory"),
    ("missing/clip.mp4", "cannot be read: No such file or directory"),
    ("nameless/clip.mp4", "cannot be read: Not a directory"),
    ("folder", "cannot be read: it is no regular file"),
    ("", "cannot be read: it is no regular file"),
    ("pipe.mp4", "cannot be read: it is no regular file"),
    ("/dev/zero", "cannot be read: it is no regular file"),
    ("empty.mp4", "is empty"),
    ("loop", "cannot be read: "),
    ("dangling.mp4", "cannot be read: No such file or directory"),
    ("x" * 300 + ".mp4", "cannot be read: File name too long"),
    ("null\0.mp4", "cannot be read: embedded null byte"),
    ("~nobody-of-this-name/clip.mp4", "cannot be read: Could not determine home directory"),
    ("notes.txt", "'notes.txt' is text/plain: video is needed"),
    ("nameless", "'nameless' is text/plain: video is needed"),
    ("picture.mp4", "'picture.mp4' is image/png: video is needed"),
]


@pytest.mark.parametrize(("name", "words"), UNUSABLE, ids=[name[:20] for name, _ in UNUSABLE])
async def test_what_cannot_be_read_is_refused_by_name_before_anything_is_sent(places, name, words):
    path = name if name.startswith("~") else places / name
    transport = ReplayTransport([])
    client = Client("key", base_url="http://127.0.0.1:1", transport=transport)
    good = b"\x00\x00\x00\x18ftypmp42" + bytes(5 << 20)
    with pytest.raises(InvalidInputError) as caught:
        async with client.stream("x", videos=[good, str(path)]):
            pass
    assert str(caught.value).startswith("videos[1] ")
    assert words in str(caught.value)
    assert transport.requests == []


async def test_a_locked_file_is_refused(places, monkeypatch):
    if os.geteuid() == 0:  # root may read everything, so the refusal is played
        monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InvalidInputError, match=r"locked\.mp4' cannot be read: Permission denied"):
        await load(places / "locked.mp4", "videos[0]", "video")


def denied(self: Path, mode: str) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", None, "content is empty"),
        (b"hello", "video", "content is text/plain: video is needed"),
        (PNG, "audio", "content is image/png: audio is needed"),
        (b"#EXTM3U\nfile:///etc/passwd", "video", "content is text/plain: video is needed"),
    ],
)
async def test_bytes_that_cannot_be_sent_are_refused(data, kind, words):
    with pytest.raises(InvalidInputError) as caught:
        await load(data, "content", kind)
    assert str(caught.value) == words


# in pieces


@pytest.mark.parametrize("size", [1, 2, 3, 4, _PIECE - 1, _PIECE, _PIECE + 1, 2 * _PIECE + 5])
async def test_a_data_uri_is_the_whole_file(tmp_path, size):
    data = (PNG + os.urandom(size))[:size]
    path = tmp_path / "a.png"
    path.write_bytes(data)
    expected = "data:image/png;base64," + base64.b64encode(data).decode()
    shares: list[float] = []
    for content in (path, data):
        material = Material("a.png", "image/png", size, content)
        uri = await material.data_uri(shares.append)
        assert b"".join(uri.pieces) == expected.encode()
    once = [min(1.0, done / size) for done in range(_PIECE, size + _PIECE, _PIECE)]
    assert shares == [*once, *once]


BODY = b'{"prompt":"?","image_urls":["%b"],"video_urls":["%b","http://x/"]}'


def test_data_uris_take_the_places_of_their_marks():
    uris = [DataURI((b"data:image/png;base64,", b"AAAA")), DataURI((b"data:,", b"B", b"C"))]
    marked = BODY % (uris[1].mark.encode(), uris[0].mark.encode())
    assert with_media(marked, uris) == BODY % (b"data:,BC", b"data:image/png;base64,AAAA")


async def test_large_ones_stay_in_pieces_and_can_be_sent_again():
    small, large = DataURI((b"data:,",)), DataURI((b"data:,", b"A" * 600_000, b"B"))
    made = with_media(BODY % (small.mark.encode(), large.mark.encode()), [large, small])
    assert isinstance(made, InPieces)
    for _ in range(2):
        said = b"".join([block async for block in made.blocks()])
        assert said == BODY % (b"data:,", b"data:," + b"A" * 600_000 + b"B")
        assert made.length == len(said)


@pytest.fixture
def opened(monkeypatch) -> list:
    """Every file that a material opens."""
    files: list = []
    opening = Material.open

    def open_and_note(self: Material):
        files.append(opening(self))
        return files[-1]

    monkeypatch.setattr(Material, "open", open_and_note)
    return files


def long_file(folder: Path, size: int = 3 * _PIECE) -> Material:
    path = folder / "long.mp4"
    path.write_bytes(bytes(size))
    return Material("long.mp4", "video/mp4", size, path)


async def test_a_file_that_grows_is_sent_as_it_was(tmp_path, opened):
    material = long_file(tmp_path)
    with material.content.open("ab") as file:
        file.write(b"more")
    async with aclosing(material.pieces(ignored)) as pieces:
        assert [len(piece) async for piece in pieces] == [_PIECE] * 3
    assert [file.closed for file in opened] == [True]


@pytest.mark.parametrize("left", [0, 1, 2 * _PIECE, 3 * _PIECE - 1])
async def test_a_file_that_shrinks_is_refused(tmp_path, opened, left):
    material = long_file(tmp_path)
    os.truncate(material.content, left)
    with pytest.raises(InvalidInputError, match=r"long\.mp4 became shorter while it was read"):
        await material.data_uri(ignored)
    assert [file.closed for file in opened] == [True]


async def test_a_file_that_vanishes_is_refused(tmp_path):
    material = long_file(tmp_path)
    material.content.unlink()
    with pytest.raises(InvalidInputError, match=r"long\.mp4 cannot be read: No such file"):
        await material.data_uri(ignored)


async def test_a_disk_that_fails_is_told_as_such(tmp_path, opened):
    material = long_file(tmp_path)
    async with aclosing(material.pieces(ignored)) as pieces:
        await anext(pieces)
        opened[0].close()
        with pytest.raises(InvalidInputError, match=r"long\.mp4 cannot be read: read of closed"):
            await anext(pieces)


@pytest.mark.parametrize("whole", [True, False])
async def test_leaving_early_closes_the_file(tmp_path, opened, whole):
    material = long_file(tmp_path)
    with anyio.CancelScope() as scope:
        if whole:
            await material.data_uri(lambda share: scope.cancel())
        async with aclosing(Multipart(material, "a.mp4", ignored).blocks()) as blocks:
            async for _ in blocks:
                if opened:
                    scope.cancel()
                    break
    assert scope.cancel_called
    assert [file.closed for file in opened] == [True]


# multipart


async def body_of(multipart: Multipart) -> bytes:
    return b"".join([block async for block in multipart.blocks()])


def parts_of(multipart: Multipart, body: bytes) -> list:
    header = f"Content-Type: {multipart.content_type}\r\n\r\n".encode()
    return list(message_from_bytes(header + body, policy=HTTP).iter_parts())


@pytest.mark.parametrize("size", [1, _PIECE, _PIECE + 1])
async def test_a_multipart_body_is_as_long_as_it_says(tmp_path, size):
    data = os.urandom(size).replace(b"\r", b"x")
    (tmp_path / "a.mp4").write_bytes(data)
    shares: list[float] = []
    material = Material("a.mp4", "video/mp4", size, tmp_path / "a.mp4")
    multipart = Multipart(material, "my clip.mp4", shares.append)
    body = await body_of(multipart)
    assert len(body) == multipart.length
    assert shares[-1] == 1.0
    assert await body_of(multipart) == body

    name, file = parts_of(multipart, body)
    assert name.get_content_disposition() == file.get_content_disposition() == "form-data"
    assert name.get_param("name", header="content-disposition") == "file_name"
    assert name.get_payload().strip() == "my clip.mp4"
    assert file.get_param("name", header="content-disposition") == "file"
    assert (file.get_filename(), file.get_content_type()) == ("my clip.mp4", "video/mp4")
    assert file.get_payload(decode=True) == data


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ('a"b.mp4', b'filename="a%22b.mp4"'),
        ("a\r\nX-Evil: 1.mp4", b'filename="a%0D%0AX-Evil: 1.mp4"'),
        ("é😀.mp4", 'filename="é😀.mp4"'.encode()),
        ("broken\udcff.mp4", b'filename="broken?.mp4"'),
    ],
)
async def test_a_file_name_cannot_break_out_of_its_header(name, quoted):
    multipart = Multipart(Material(name, "video/mp4", 4, b"data"), name, ignored)
    body = await body_of(multipart)
    assert quoted + b"\r\nContent-Type: video/mp4\r\n\r\ndata\r\n" in body
    assert len(body) == multipart.length


async def test_boundaries_differ():
    material = Material("a.mp4", "video/mp4", 4, b"data")
    types = {Multipart(material, "a.mp4", ignored).content_type for _ in range(9)}
    assert len(types) == 9


async def test_a_large_file_is_never_wholly_in_memory(tmp_path):
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    material = await load(path, "videos[0]", "video")
    sent = 0
    tracemalloc.start()
    try:
        async with aclosing(Multipart(material, material.name, ignored).blocks()) as blocks:
            async for block in blocks:
                sent += len(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent > 64 << 20
    assert peak < 8 << 20
