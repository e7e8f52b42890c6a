"""What is no file, no whole file or no readable one is refused before anything is decoded."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path, PurePath
from typing import Self

import pytest

from foxstream.errors import InvalidInputError
from foxstream.video import Video, examine, files, whole
from tests import films
from tests.films import AVI, FILM, WEBM, film, patched, refusal, tone

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Decoding does not know the loop; `test_video.py` runs on all of them."""
    return "asyncio"


async def test_nothing_at_all(tmp_path: Path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert await refusal(b"") == "video is empty"
    assert await refusal(empty) == f"video {empty} is empty"


async def test_paths_that_are_no_files(tmp_path: Path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    (tmp_path / "file").touch()
    assert await refusal(tmp_path) == f"video {tmp_path} is a folder"
    assert await refusal(fifo) == f"video {fifo} is no regular file"
    missing, inside = tmp_path / "missing.mp4", tmp_path / "file" / "inside.mp4"
    assert await refusal(missing) == f"video {missing} cannot be opened: No such file or directory"
    assert await refusal(str(inside)) == f"video {inside} cannot be opened: Not a directory"
    assert await refusal("a\0b") == "video a\0b cannot be opened: embedded null byte"


async def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "locked.mp4"
    path.write_bytes(FILM)
    monkeypatch.setattr(Path, "open", denied)
    assert await refusal(path) == f"video {path} cannot be opened: Permission denied"


@pytest.mark.parametrize("source", ["https://example.org/a.mp4", "data:video/mp4;base64,AA=="])
def test_a_url_is_neither_path_nor_bytes(source: str):
    with pytest.raises(InvalidInputError, match="video is a URL"):
        Video(source)


def test_a_number_is_no_source():
    with pytest.raises(InvalidInputError, match="video is of type int"):
        Video(7)  # type: ignore[arg-type]


async def test_a_path_a_string_and_bytes_are_the_same(tmp_path: Path):
    path = tmp_path / "film.mp4"
    path.write_bytes(FILM)
    sources = (path, str(path), PurePath(path), FILM, bytearray(FILM))
    first, *others = [await Video(source).measure() for source in sources]
    assert others == [first] * 4


@pytest.mark.parametrize("data", [FILM, WEBM, AVI], ids=["mp4", "webm", "avi"])
async def test_half_a_file_is_cut_off(data: bytes):
    claimed = f"ends at byte {len(data):,}, the file at {len(data) // 2:,}"
    message = await refusal(data[: len(data) // 2])
    assert message.startswith("video is cut off: its ")
    assert data is FILM or claimed in message


async def test_half_a_sound_is_cut_off():
    sound = films.recording(tone(1.0))
    assert "audio is cut off" in await refusal(sound[:-100], "audio")


async def test_an_mp4_that_lost_its_index():
    assert "cannot be decoded" in await refusal(FILM[: FILM.index(b"moov") - 4])


@pytest.mark.parametrize("at", range(1, 40))
async def test_a_few_bytes_are_refused(at: int):
    for data in (FILM, WEBM, AVI):
        assert (await refusal(data[:at])).startswith("video ")


async def test_a_webm_that_was_streamed_has_no_length():
    at = WEBM.index(b"\x18\x53\x80\x67") + 4
    unknown = patched(WEBM, at, b"\x01\xff\xff\xff\xff\xff\xff\xff")
    measured = await Video(unknown).measure()
    assert measured.picture is not None
    assert measured.picture.frames == 10


async def test_a_wav_that_was_streamed_has_no_length():
    sound = patched(films.recording(tone(0.5)), 4, b"\xff\xff\xff\xff")
    facts = [fact async for fact in examine(sound, "audio")]
    assert len(facts) == 2


async def test_an_mp4_of_endless_boxes_is_not_walked_to_its_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(whole, "_MOST_BOXES", 3)
    boxes = FILM[: FILM.index(b"mdat") - 4] + (8).to_bytes(4) + b"free"
    assert "cannot be decoded" in await refusal(boxes + boxes[-8:] * 1000)


async def test_boxes_of_every_length():
    long = FILM + (1).to_bytes(4) + b"free" + (24).to_bytes(8) + bytes(8)
    endless = FILM + (0).to_bytes(4) + b"free" + bytes(100)
    junk = FILM + (2**31).to_bytes(4) + b"junk"
    for data in (long, endless, junk):
        assert (await Video(data).measure()).picture is not None


class Breaking:
    """A file that cannot be read beyond its first half."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._half = len(data) // 2
        self.seek = self._file.seek
        self.tell = self._file.tell

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, size: int) -> bytes:
        if self._file.tell() > self._half:
            raise OSError(5, "Input/output error")
        return self._file.read(size)


async def test_a_disk_that_fails_midway(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    noise = random.Random(7)
    pictures = [films.painted([noise.randbytes(192)] * 36) for _ in range(50)]
    data = film(pictures, fps=25, codec="mpeg2video", container="mpeg")
    monkeypatch.setattr(files, "_open", lambda *_: Breaking(data))
    assert await refusal("film.mpg") == "video film.mpg cannot be read: Input/output error"
    assert capfd.readouterr() == ("", "")
