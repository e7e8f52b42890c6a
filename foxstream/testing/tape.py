"""What is on a cassette, and its file: JSON lines, one for each request, answer and block of bytes.

House rule: blocks keep their boundaries and times. Nothing is read or written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec

from foxstream.exchange import Request
from foxstream.testing.errors import CassetteError
from foxstream.testing.masking import mask

__all__ = [
    "Answered",
    "Asking",
    "Block",
    "Broken",
    "Exchange",
    "Part",
    "Silent",
    "asking_of",
    "block_of",
    "dump",
    "parse",
]

_VERSION = 1
_DATA_URI = re.compile(rb"data:([\w.+-]+/[\w.+-]+);base64,([A-Za-z0-9+/]{64,}=*)")


class Head(msgspec.Struct, frozen=True, tag_field="kind", tag="cassette"):
    """The first line."""

    version: int = _VERSION


class Asking(msgspec.Struct, frozen=True, tag_field="kind", tag="request"):
    """A request as it is told apart from others: no host, no headers, no secrets.

    `body` is the JSON that was sent, with digests in the place of long data URIs, or the number
    of bytes of anything else.
    """

    method: str
    path: str
    body: object = None


class Answered(msgspec.Struct, frozen=True, tag_field="kind", tag="response"):
    """The answer's headers, `after` seconds; those that nothing depends on are left out."""

    after: float
    status: int
    headers: dict[str, str] = {}


class Block(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="block"):
    """What one read brought, `after` seconds: as text, or in base64 where it is none."""

    after: float
    text: str | None = None
    base64: bytes | None = None

    @property
    def data(self) -> bytes:
        """The bytes."""
        return (self.base64 or b"") if self.text is None else self.text.encode()


class Broken(msgspec.Struct, frozen=True, tag_field="kind", tag="break"):
    """The connection broke, or nobody read on; `sent` is false where none could be made."""

    after: float
    reason: str
    sent: bool = True


class Silent(msgspec.Struct, frozen=True, tag_field="kind", tag="silence"):
    """Nothing came for `after` seconds; then a clock of the client ran out."""

    after: float


Part = Answered | Block | Broken | Silent

_Line = Head | Asking | Part
_decode = msgspec.json.Decoder(_Line).decode
_encode = msgspec.json.Encoder().encode


class Exchange(msgspec.Struct):
    """A request and what came of it, in order."""

    asking: Asking
    parts: list[Part] = []


def asking_of(request: Request, body: bytes | int, secrets: Iterable[bytes]) -> Asking:
    """How `request` is told apart; `body` is its JSON, or how many bytes of something else."""
    parts = urlsplit(request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    path = mask(target.encode(), secrets).decode()
    return Asking(request.method, path, _body_of(body, secrets))


def block_of(after: float, data: bytes) -> Block:
    """A block as it is written."""
    try:
        return Block(after, text=data.decode())
    except UnicodeDecodeError:
        return Block(after, base64=data)


def dump(exchanges: Iterable[Exchange], secrets: Sequence[bytes]) -> bytes:
    """The file, without `secrets` and whatever else looks like one."""
    lines: list[_Line] = [Head()]
    for exchange in exchanges:
        lines += [exchange.asking, *_masked(exchange.parts, secrets)]
    return b"".join(mask(_encode(line), secrets) + b"\n" for line in lines)


def parse(file: bytes) -> list[Exchange]:
    """The exchanges of a file; `CassetteError` with the line that is none of a cassette."""
    exchanges: list[Exchange] = []
    for number, line in enumerate(_lines(file), 1):
        if (number == 1) is not (line == Head()) or not _follows(line, exchanges):
            raise CassetteError(f"line {number} is none of a cassette of version {_VERSION}")
        if isinstance(line, Asking):
            exchanges.append(Exchange(line, []))
        elif not isinstance(line, Head):
            exchanges[-1].parts.append(line)
    return exchanges


def _lines(file: bytes) -> Iterator[_Line]:
    for number, line in enumerate(file.splitlines(), 1):
        try:
            yield _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CassetteError(f"line {number} is none of a cassette: {error}") from error


def _follows(line: _Line, exchanges: Sequence[Exchange]) -> bool:
    """Whether a line may stand there: blocks behind an answer, one answer behind a request."""
    if isinstance(line, Head | Asking):
        return True
    if not exchanges:
        return False
    parts = exchanges[-1].parts
    return isinstance(line, Broken | Silent) or isinstance(line, Answered) is not bool(parts)


def _body_of(body: bytes | int, secrets: Iterable[bytes]) -> object:
    if isinstance(body, int):
        return {"bytes": body}
    if not body:
        return None
    short = _DATA_URI.sub(_digest, mask(body, secrets))
    try:
        return msgspec.json.decode(short)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"bytes": len(body)}


def _digest(match: re.Match[bytes]) -> bytes:
    digest = sha256(match[2]).hexdigest()[:16]
    return b"data:%b;sha256,%b" % (match[1], digest.encode())


def _masked(parts: Sequence[Part], secrets: Sequence[bytes]) -> Iterator[Part]:
    """A secret may lie across two blocks, so they are masked as a whole and cut again."""
    whole = mask(b"".join(part.data for part in parts if isinstance(part, Block)), secrets)
    for part in parts:
        if isinstance(part, Block):
            size = len(part.data)
            yield block_of(part.after, whole[:size])
            whole = whole[size:]
        else:
            yield part
