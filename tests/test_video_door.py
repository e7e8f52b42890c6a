"""What is hostile, damaged or out of bounds is refused in words, and never reaches further."""

from __future__ import annotations

import base64
import io
import os
import random
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Event

import av
import pytest
from anyio import fail_after

from foxstream.errors import InvalidInputError
from foxstream.gateway import LocalEngine
from foxstream.video import Kind, Limits, Measurement, Video, door, examine
from foxstream.video.containers import Container
from foxstream.video.files import Nameless
from tests import films
from tests.films import AVI, BLUE, FILM, GREEN, RED, WEBM, film, patched, picture, refusal, tone
from tests.gatewaykit import SUBMIT, TEXT, ended, gateway, refused, submit, upload

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Decoding does not know the loop; `test_video.py` runs on all of them."""
    return "asyncio"


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A film in the current folder that nobody was given."""
    monkeypatch.chdir(tmp_path)
    Path("canary.mp4").write_bytes(FILM)
    return "canary.mp4"


def scripts(canary: str) -> dict[str, bytes]:
    """Texts that FFmpeg takes for media and that name another file."""
    return {
        "ffconcat": f"ffconcat version 1.0\nfile {canary}\n".encode(),
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{canary}\n".encode(),
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    }


@pytest.mark.parametrize("script", ["ffconcat", "m3u8", "sdp", "dash"])
@pytest.mark.parametrize("kind", ["video", "image", "audio"])
async def test_a_script_that_names_files_is_no_media(canary: str, script: str, kind: Kind):
    assert await refusal(scripts(canary)[script], kind) == (
        f"{kind} is no media file: allowed are " + str(ALLOWED[kind])
    )


ALLOWED = {
    "video": "mp4, mov, webm, mkv, mpeg or avi",
    "image": "png, jpeg, webp or gif",
    "audio": "wav, mp3, m4a, aac, ogg, flac, aiff or webm",
}


async def test_the_attack_is_real_and_a_fooled_sniffer_does_not_open_the_door(
    canary: str, monkeypatch: pytest.MonkeyPatch
):
    script = scripts(canary)["ffconcat"]
    with av.open(io.BytesIO(script), "r", "concat") as media:
        assert len(list(media.decode(video=0))) == 10
    monkeypatch.setattr(door, "recognise", lambda file, kind: Container("concat", "concat"))
    assert "cannot be decoded" in await refusal(script)


async def test_a_script_after_the_first_bytes_of_an_mp4_is_read_as_mp4(canary: str):
    disguised = b"\0\0\0\x08ftyp" + scripts(canary)["ffconcat"]
    assert "cannot be decoded" in await refusal(disguised)


def test_ffmpeg_is_given_no_name(tmp_path: Path):
    (tmp_path / "secret.mp4").write_bytes(FILM)
    with (
        (tmp_path / "secret.mp4").open("rb") as file,
        av.open(Nameless(file, len(FILM)), "r") as media,
    ):
        assert media.name == "<none>"


@pytest.mark.parametrize(
    ("data", "kind", "found"),
    [
        (b"Once upon a time", "video", "no media file"),
        (b"\xff", "audio", "no media file"),
        (films.image(picture(RED), "png"), "video", "of type png"),
        (films.recording(tone(0.1)), "video", "of type wav"),
        (FILM, "image", "of type mp4"),
        (AVI, "audio", "of type avi"),
        (b"\0\0\0\x18ftypheic" + bytes(64), "video", "of type heif"),
    ],
)
async def test_other_files_are_named(data: bytes, kind: Kind, found: str):
    assert await refusal(data, kind) == f"{kind} is {found}: allowed are {ALLOWED[kind]}"


async def test_sound_alone_is_no_video():
    for container in ("ipod", "webm"):
        sound = films.recording(tone(0.5), "aac" if container == "ipod" else "libopus", container)
        assert await refusal(sound) == "video has no video track"


async def test_pictures_alone_are_no_sound():
    assert await refusal(film([picture(RED)] * 5), "audio") == "audio has no sound track"


async def test_an_unknown_codec_is_no_track():
    sound = films.recording(tone(0.5), "libopus", "webm").replace(b"A_OPUS", b"A_OPUX")
    assert await refusal(sound, "audio") == "audio has no sound track"
    assert await refusal(FILM.replace(b"avc1\0", b"zzzz\0")) == "video has no video track"


async def test_cover_art_is_no_video():
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as target:
        sound = target.add_stream("aac", 48_000, layout="mono")
        cover = target.add_stream("mjpeg", 25)
        cover.width, cover.height, cover.pix_fmt = 64, 36, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        drawn = picture(RED).reformat(format="yuvj420p")
        target.mux([*cover.encode(drawn), *cover.encode(None)])
        target.mux([*sound.encode(tone(0.5)), *sound.encode(None)])
    assert await refusal(file.getvalue()) == "video has no video track"


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"pixels": 2000}, "video has 2,304 pixels: at most 2,000 are opened"),
        ({"frames": 9}, "video has 10 frames: at most 9 are opened"),
        ({"seconds": 0.5}, "video has 1 seconds: at most 0.5 are opened"),
        ({"size": 100}, f"video has {len(FILM):,} bytes: at most 100 are opened"),
    ],
)
async def test_bounds(limits: dict[str, float], found: str):
    assert await refusal(FILM, **limits) == found


async def test_the_bound_of_seconds_holds_where_the_header_is_silent():
    stream = film([picture(RED)] * 50, fps=25, codec="mpeg1video", container="mpeg1video")
    assert "seconds: at most 1 are opened" in await refusal(stream, seconds=1.0)
    sound = films.recording(tone(2.0), "aac", "adts")
    assert "seconds: at most 1 are opened" in await refusal(sound, "audio", seconds=1.0)


async def test_the_bound_of_pixels_holds_for_frames_that_grow():
    small = film([picture(RED)] * 25, fps=25, codec="mpeg1video", container="mpeg1video")
    large = film([picture(BLUE, 640, 360)] * 25, fps=25, codec="mpeg1video", container="mpeg1video")
    seen = Measurement.of([f async for f in examine(small + large, "video")]).picture
    assert seen is not None
    assert (seen.frames, seen.damaged) == (49, 0)
    limits = Limits(pixels=10_000)
    seen = Measurement.of([f async for f in examine(small + large, "video", limits=limits)]).picture
    assert seen is not None
    assert seen.frames == 24
    assert seen.damaged > 0


def damaged(data: bytes, seed: int, spared: int = 0) -> bytes:
    """`data` with some bytes turned into others."""
    chance, broken = random.Random(seed), bytearray(data)
    for _ in range(len(data) // 100):
        broken[chance.randrange(spared, len(data))] = chance.randrange(256)
    return bytes(broken)


async def test_damaged_pictures_are_left_out_and_counted():
    pictures = [films.bar(at) for at in range(0, 48, 2)] + [picture(GREEN)] * 6
    data = film(pictures, codec="mpeg4", container="avi", options={"g": "4"})
    spared = data.index(b"movi") + 16
    broken = damaged(data[: data.index(b"idx1")], 7, spared) + data[data.index(b"idx1") :]
    first, second = await Video(broken).measure(), await Video(broken).measure()
    assert first.picture is not None
    assert first.picture.damaged > 0
    assert first == second
    assert (await Video(broken).shrink()).data


@pytest.mark.parametrize("seed", range(30))
async def test_no_damage_raises_anything_else(seed: int, capfd: pytest.CaptureFixture[str]):
    for data in (FILM, WEBM, AVI):
        video = Video(damaged(data, seed))
        with suppress(InvalidInputError):
            assert (await video.measure()).picture is not None
            assert (await video.shrink()).frames
    assert capfd.readouterr() == ("", "")


async def test_a_video_of_broken_pictures_only():
    at = FILM.index(b"mdat") + 4
    broken = patched(FILM, at, bytes(FILM.index(b"moov") - at - 4))
    assert await refusal(broken) == "video holds no picture that could be decoded"
    with pytest.raises(InvalidInputError, match="no picture that could be decoded"):
        await Video(broken).shrink()


class EndingEarly:
    """A container whose packets break off after the third."""

    def __init__(self, media: av.container.InputContainer) -> None:
        self._media = media

    def demux(self, *tracks: av.stream.Stream) -> Iterator[av.Packet]:
        yield from islice(self._media.demux(*tracks), 3)
        raise av.error.MemoryError(12, "Cannot allocate memory")


def test_a_container_that_breaks_off_ends_there():
    with door.opened(WEBM, "video", Limits(), Event()) as media:
        media._media = EndingEarly(media._media)
        assert len(list(media.frames(sound=False))) == 3
        assert media.damaged == 1


def test_reading_ends_at_the_next_packet_when_nobody_waits():
    stop = Event()
    with door.opened(FILM, "video", Limits(), stop) as media:
        frames = media.frames(sound=True)
        next(frames)
        stop.set()
        with pytest.raises(door.AbandonedError):
            list(frames)


def widened(data: bytes, across: int, down: int) -> bytes:
    """An mp4 that says how wide and how high one of its pixels is."""
    box = b"\0\0\0\x10pasp" + across.to_bytes(4) + down.to_bytes(4)
    entry = data.index(b"avcC") - 4
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        at = data.index(name) - 4
        length = int.from_bytes(data[at : at + 4]) + len(box)
        data = patched(data, at, length.to_bytes(4))
    return data[:entry] + box + data[entry:]


async def test_pixels_that_claim_to_be_wide_count_as_what_they_claim():
    silent = film([picture(RED)] * 3)
    assert (await Video(widened(silent, 2, 1)).shrink()).width == 2 * films.WIDTH
    for across in (100_000, 2**31 - 1):
        with pytest.raises(InvalidInputError, match="pixels: at most"):
            await Video(widened(silent, across, 1)).shrink()
    assert (await Video(widened(silent, 1, 2**31 - 1)).shrink()).width == 2


@pytest.mark.parametrize("script", ["ffconcat", "m3u8", "sdp", "dash"])
async def test_no_script_is_shrunk(canary: str, script: str):
    with pytest.raises(InvalidInputError, match="no media file"):
        await Video(scripts(canary)[script]).shrink()


@pytest.mark.parametrize("script", ["ffconcat", "m3u8", "sdp", "dash"])
@pytest.mark.parametrize(
    "disguise", [b"", b"\0\0\0\x08ftyp", b"ID3\4\0\0\0\0\0\0", b"\xff\xfb\x90\0"]
)
async def test_no_script_is_measured_through_the_gateway(canary: str, script: str, disguise: bytes):
    """Inline and uploaded, as a video, an image and a sound."""
    payload = disguise + scripts(canary)[script]
    text = base64.b64encode(payload).decode()
    async with gateway(LocalEngine(delay=0)) as session:
        uploaded = (await upload(session, payload, name="clip.mp4"))["url"]
        for fields in (
            {"video_urls": [uploaded]},
            {"video_urls": [f"data:video/mp4;base64,{text}"]},
            {"image_urls": [f"data:image/png;base64,{text}"]},
            {"audio_url": f"data:audio/mpeg;base64,{text}"},
        ):
            task = await ended(session, (await submit(session, **fields))["id"])
            assert task["error"]["code"] == "invalid_file_type", fields
            assert "canary" not in str(task)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "concat:a|b", "/etc/passwd", "ftp://h/a"])
async def test_the_gateway_takes_no_other_protocol(url: str):
    async with (
        gateway(LocalEngine(delay=0)) as session,
        session.post(SUBMIT, json={**TEXT, "video_urls": [url]}) as response,
    ):
        assert (await refused(response))[0] == 422


@pytest.mark.parametrize("kind", ["fifo", "link to a fifo", "endless", "link to an endless one"])
async def test_what_is_no_file_is_not_waited_for(kind: str, tmp_path: Path):
    target = Path("/dev/zero")
    if "fifo" in kind:
        target = tmp_path / "fifo.mp4"
        os.mkfifo(target)
    path = target
    if "link" in kind:
        path = tmp_path / "link.mp4"
        path.symlink_to(target)
    with fail_after(2):
        assert "no regular file" in await refusal(path)
        with pytest.raises(InvalidInputError, match="no regular file"):
            await Video(path).shrink()


async def test_an_image_that_claims_to_be_huge_is_not_decoded():
    small = films.image(picture(RED), "png")
    claimed = b"IHDR" + (60_000).to_bytes(4) * 2 + small[24:29]
    huge = patched(small, 12, claimed + zlib.crc32(claimed).to_bytes(4))
    assert "no picture" in await refusal(huge, "image")
    assert "no picture" in await refusal(small, "image", pixels=2000)
    assert [fact async for fact in examine(small, "image")]
