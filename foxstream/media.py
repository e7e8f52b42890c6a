"""Local media on their way out: a path or bytes -> a data URI in JSON, or a multipart body.

House rule: the disk is touched in threads, in pieces small enough that nobody waits for them; a
large file is never wholly in memory.
"""

from __future__ import annotations

import base64
import codecs
import mimetypes
import re
import secrets
import stat
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec
from anyio import to_thread

from foxstream.errors import FoxError, InvalidInputError

__all__ = [
    "DataURI",
    "InPieces",
    "Material",
    "MediaURL",
    "Multipart",
    "Share",
    "load",
    "mime_of",
    "with_media",
]

Share = Callable[[float], None]
"""Is told the share done, from 0 to 1."""

_PIECE = 3 * 256 * 1024  # a multiple of 3, so that the base64 of pieces joins without padding
_SNIFFED = 4096
_LARGE = 512 * 1024  # bytes that are not worth being joined

_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), "video/x-msvideo"),
    (re.compile(rb"BM....\0\0\0\0", re.DOTALL), "image/bmp"),
    (re.compile(rb"II\*\0|MM\0\*"), "image/tiff"),
    (re.compile(rb"....ftyp(avif|avis)", re.DOTALL), "image/avif"),
    (re.compile(rb"....ftyp(heic|heix|mif1|msf1)", re.DOTALL), "image/heic"),
    (re.compile(rb"....ftyp(M4A |M4B )", re.DOTALL), "audio/mp4"),
    (re.compile(rb"....ftypqt  ", re.DOTALL), "video/quicktime"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"....(moov|mdat|wide|free)", re.DOTALL), "video/quicktime"),
    (re.compile(rb"\x1aE\xdf\xa3.{0,64}webm", re.DOTALL), "video/webm"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/x-matroska"),
    (re.compile(rb"\0\0\x01[\xba\xb3]"), "video/mpeg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"FORM....AIF[FC]", re.DOTALL), "audio/aiff"),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "audio/aac"),
    (re.compile(rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xfd]"), "audio/mpeg"),
)
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Containers that hold video or sound alone: what the caller says they are decides.
_EITHER = {"video/mp4": "audio/mp4", "video/webm": "audio/webm", "audio/ogg": "video/ogg"}
_EXTENSIONS = {
    "audio/aac": ".aac",
    "audio/aiff": ".aiff",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/webm": ".weba",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tiff",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/mpeg": ".mpeg",
    "video/ogg": ".ogv",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
}


class Material(msgspec.Struct, frozen=True):
    """Local media that were looked at: what they are, how large, and where they lie."""

    name: str
    mime: str
    size: int
    content: Path | bytes

    def open(self) -> BinaryIO:
        """A new reader from the start."""
        if isinstance(self.content, bytes):
            return BytesIO(self.content)
        with _readable(self.name):
            return self.content.open("rb")

    async def data_uri(self, progress: Share) -> DataURI:
        """The whole as `data:<mime>;base64,...`.

        Encoded in pieces: all at once would hold the interpreter, even in a thread.
        """
        async with aclosing(self.pieces(progress)) as pieces:
            encoded = [await to_thread.run_sync(base64.b64encode, piece) async for piece in pieces]
        return DataURI((f"data:{self.mime};base64,".encode(), *encoded))

    async def pieces(self, progress: Share) -> AsyncGenerator[bytes]:
        """The bytes, read in threads; `InvalidInputError` where the file has shrunk meanwhile."""
        file = await to_thread.run_sync(self.open)
        done = 0
        try:
            while done < self.size:
                wanted = min(_PIECE, self.size - done)
                yield await to_thread.run_sync(_read, file, wanted, self.name)
                done += wanted
                progress(done / self.size)
        finally:
            file.close()


class DataURI:
    """A data URI in `pieces`, so that a large one need not be joined.

    In JSON its `mark` stands for it until the JSON is sent.
    """

    def __init__(self, pieces: tuple[bytes, ...]) -> None:
        self.pieces: tuple[bytes, ...] = pieces
        self.mark: str = secrets.token_hex(16)


MediaURL = str | DataURI
"""What names a medium in a question: a URL, or the medium itself."""


def with_media(body: bytes, uris: Sequence[DataURI]) -> bytes | InPieces:
    """JSON with data URIs in the places of their marks; left in pieces where it is large."""
    pieces = {uri.mark.encode(): uri.pieces for uri in uris}
    parts = re.split(b"(%b)" % b"|".join(pieces), body)
    whole = [piece for part in parts for piece in pieces.get(part, (part,))]
    return InPieces(whole) if sum(map(len, whole)) > _LARGE else b"".join(whole)


class InPieces:
    """JSON that holds large data URIs; a `Body`."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    @property
    def length(self) -> int:
        """The exact number of bytes of the whole body."""
        return sum(map(len, self._pieces))

    async def blocks(self) -> AsyncGenerator[bytes]:
        """The body, piece by piece."""
        for piece in self._pieces:
            yield piece


class Multipart:
    """A `multipart/form-data` body with one file (contract, section 8); a `Body`."""

    def __init__(self, material: Material, file_name: str, progress: Share) -> None:
        boundary = secrets.token_hex(16)
        self.content_type: str = f"multipart/form-data; boundary={boundary}"
        quoted = _quoted(file_name)
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file_name"\r\n\r\n'
            f"{file_name}\r\n"
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            f"Content-Type: {material.mime}\r\n\r\n"
        ).encode(errors="replace")
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.error: FoxError | None = None
        """What went wrong while the body was read; a transport may hide it behind its own."""
        self._material = material
        self._progress = progress

    @property
    def length(self) -> int:
        """The exact number of bytes of the whole body."""
        return len(self._head) + self._material.size + len(self._tail)

    async def blocks(self) -> AsyncGenerator[bytes]:
        """The body, piece by piece."""
        yield self._head
        try:
            async with aclosing(self._material.pieces(self._progress)) as pieces:
                async for piece in pieces:
                    yield piece
        except FoxError as error:
            self.error = error
            raise
        yield self._tail


async def load(value: Path | bytes, field: str, kind: str | None) -> Material:
    """Look at a file or at bytes: `InvalidInputError` where they cannot be sent as `kind`."""
    return await to_thread.run_sync(_look, value, field, kind)


def mime_of(head: bytes, kind: str | None = None) -> str | None:
    """The MIME type that the first bytes show; `kind` decides for containers that hold either."""
    found = next((mime for signature, mime in _SIGNATURES if signature.match(head)), None)
    other = _EITHER.get(found or "")
    return other if other and kind and other.startswith(f"{kind}/") else found


def _look(value: Path | bytes, field: str, kind: str | None) -> Material:
    if isinstance(value, bytes):
        if not value:
            raise InvalidInputError(f"{field} is empty")
        mime = _mime_for(value[:_SNIFFED], "", field, kind)
        return Material(f"upload{_EXTENSIONS.get(mime, '.bin')}", mime, len(value), value)
    label = f"{field} {str(value)!r}"
    with _readable(label):
        path = value.expanduser()
        head, size = _beginning(path)
    if not size:
        raise InvalidInputError(f"{label} is empty")
    return Material(path.name, _mime_for(head, path.name, field, kind), size, path)


def _beginning(path: Path) -> tuple[bytes, int]:
    """The first bytes and the size; a pipe or a device is not opened, for it may never answer."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        return file.read(_SNIFFED), file.seek(0, 2)


def _read(file: BinaryIO, size: int, label: str) -> bytes:
    with _readable(label):
        piece = file.read(size)
    if len(piece) < size:
        raise InvalidInputError(f"{label} became shorter while it was read")
    return piece


@contextmanager
def _readable(label: str) -> Generator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInputError(f"{label} cannot be read: {reason}") from error


def _mime_for(head: bytes, name: str, field: str, kind: str | None) -> str:
    mime = mime_of(head, kind)
    if mime is None:
        text = kind is not None and _is_text(head)
        mime = "text/plain" if text else mimetypes.guess_type(name)[0]
    if kind is None:
        return mime or "application/octet-stream"
    if mime is None or not mime.startswith(f"{kind}/"):
        label = f" {name!r}" if name else ""
        raise InvalidInputError(f"{field}{label} is {mime or 'of no known type'}: {kind} is needed")
    return mime


def _is_text(head: bytes) -> bool:
    """Whether the first bytes are words, such as an error page that was saved as a video."""
    if _NO_TEXT.search(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _quoted(name: str) -> str:
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
