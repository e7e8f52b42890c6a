"""Which container a file is, told from its first bytes.

House rule: this decides what FFmpeg may be handed. What is not recognised is never opened, so a
playlist or a script that names other files is refused before anything could read it.
"""

from __future__ import annotations

from typing import NamedTuple

from foxstream.errors import InvalidInputError
from foxstream.video.facts import Kind
from foxstream.video.files import Nameless

__all__ = ["Container", "recognise"]


class Container(NamedTuple):
    """A container by the name people use and by that of the one demuxer that may read it.

    One that is not `timed` says nothing of its length, and FFmpeg would only guess one; a
    `still` image has none.
    """

    name: str
    demuxer: str
    timed: bool = True
    still: bool = False


_HEAD = 64
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_BRANDS = {b"qt  ": "mov", b"M4A ": "m4a", b"M4B ": "m4a", b"3gp": "3gp", b"3g2": "3g2"}
_STILLS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
_DEMUXERS: dict[Kind, tuple[str, ...]] = {
    "video": ("mov", "matroska", "mpeg", "mpegvideo", "avi"),
    "image": ("png_pipe", "jpeg_pipe", "webp_pipe", "gif"),
    "audio": ("mov", "matroska", "wav", "mp3", "aac", "ogg", "flac", "aiff"),
}
_ALLOWED: dict[Kind, str] = {
    "video": "mp4, mov, webm, mkv, mpeg or avi",
    "image": "png, jpeg, webp or gif",
    "audio": "wav, mp3, m4a, aac, ogg, flac, aiff or webm",
}
_MAGIC = (
    (b"\x00\x00\x01\xba", Container("mpeg", "mpeg")),
    (b"\x00\x00\x01\xb3", Container("mpeg", "mpegvideo", timed=False)),
    (b"\x89PNG\r\n\x1a\n", Container("png", "png_pipe", timed=False, still=True)),
    (b"\xff\xd8\xff", Container("jpeg", "jpeg_pipe", timed=False, still=True)),
    (b"GIF8", Container("gif", "gif")),
    (b"OggS", Container("ogg", "ogg")),
    (b"fLaC", Container("flac", "flac")),
    (b"ID3", Container("mp3", "mp3")),
)
_FORMS = {
    (b"RIFF", b"AVI "): Container("avi", "avi"),
    (b"RIFF", b"WAVE"): Container("wav", "wav"),
    (b"RIFF", b"WEBP"): Container("webp", "webp_pipe", timed=False, still=True),
    (b"FORM", b"AIFF"): Container("aiff", "aiff"),
    (b"FORM", b"AIFC"): Container("aiff", "aiff"),
}


def recognise(file: Nameless, kind: Kind) -> Container:
    """Tell the container of `file`; `InvalidInputError` if `kind` does not come in it."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    container = _sniff(head)
    if container is None or container.demuxer not in _DEMUXERS[kind]:
        found = f"of type {container.name}" if container else "no media file"
        raise InvalidInputError(f"{kind} is {found}: allowed are {_ALLOWED[kind]}")
    return container


def _sniff(head: bytes) -> Container | None:
    if head[4:8] in _BOXES:
        return _quicktime(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Container("webm" if b"webm" in head else "mkv", "matroska")
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    return _FORMS.get((head[:4], head[8:12])) or _mpeg_audio(head)


def _quicktime(head: bytes) -> Container:
    if head[4:8] != b"ftyp":
        return Container("mov", "mov")
    brand = head[8:12]
    if brand in _STILLS:
        return Container("heif", "heif")
    return Container(_BRANDS.get(brand) or _BRANDS.get(brand[:3]) or "mp4", "mov")


def _mpeg_audio(head: bytes) -> Container | None:
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] & 0x06
    return Container("mp3", "mp3") if layer else Container("aac", "aac", timed=False)
