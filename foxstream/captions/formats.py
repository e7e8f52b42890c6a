"""Cues as text: WebVTT, SubRip and JSON lines, both ways.

House rule: every block ends with a mark of its own, so that a file cut off anywhere loses its last
block at most. What would be markup is escaped.
"""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from foxstream.captions.cue import Cue
from foxstream.captions.extra import MISSING
from foxstream.errors import MissingExtraError

try:
    import webvtt
    from webvtt.errors import MalformedCaptionError, MalformedFileError
except ModuleNotFoundError as _missing:
    raise MissingExtraError(MISSING) from _missing

__all__ = ["JSON_LINES", "SRT", "VTT", "Format"]

_LEAST = 1  # millisecond a cue lasts
_HEAD = "WEBVTT\n\n"
_NOTE = "NOTE captions of "


class Format(NamedTuple):
    """How cues are written: the head of a file made of `source`, a block, what ends each block.

    `block(number, cue)` numbers cues from 1; it is empty for a cue the format has no words for.
    `parse` reads whole blocks and raises `ValueError` where they are not of this format.
    """

    name: str
    head: Callable[[str], str]
    block: Callable[[int, Cue], str]
    end: str
    parse: Callable[[str], list[Cue]]


def _vtt_head(source: str) -> str:
    return f"{_HEAD}{_NOTE}{_plain(source)}\n\n"


def _no_head(_: str) -> str:
    return ""


def _vtt_block(number: int, cue: Cue) -> str:
    start, end = _times(cue, ".")
    if cue.error is not None:
        where = f"{start} to {end}"
        return f"NOTE no captions from {where}: {_plain(cue.error)}\n\n"
    text = html.escape(_shown(cue.text), quote=False)
    return f"{cue.window}.{number}\n{start} --> {end}\n{text}\n\n"


def _srt_block(number: int, cue: Cue) -> str:
    if cue.error is not None:
        return ""
    start, end = _times(cue, ",")
    return f"{number}\n{start} --> {end}\n{_shown(cue.text)}\n\n"


def _json_block(_: int, cue: Cue) -> str:
    return f"{msgspec.json.encode(cue).decode()}\n"


def _parse_vtt(text: str) -> list[Cue]:
    return [_read(caption, html.unescape(caption.raw_text)) for caption in _captions(text, "vtt")]


def _parse_srt(text: str) -> list[Cue]:
    return [_read(caption, caption.raw_text) for caption in _captions(text, "srt")]


def _parse_json(text: str) -> list[Cue]:
    cues = [msgspec.json.decode(line, type=Cue) for line in text.split("\n") if line]
    return [cue for cue in cues if cue.final and cue.error is None]


def _captions(text: str, name: str) -> list[webvtt.Caption]:
    if not text.strip():
        return []
    try:
        return webvtt.from_buffer(io.StringIO(text), format=name).captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise ValueError(str(error)) from error


def _read(caption: webvtt.Caption, text: str) -> Cue:
    window = (caption.identifier or "").partition(".")[0]
    return Cue(
        start=_seconds(caption.start),
        end=_seconds(caption.end),
        text=text,
        final=True,
        window=int(window) if window.isdecimal() else 0,
    )


def _times(cue: Cue, point: str) -> tuple[str, str]:
    start = round(cue.start * 1000)
    end = max(round(cue.end * 1000), start + _LEAST)
    return _stamp(start, point), _stamp(end, point)


def _stamp(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{rest:03}"


def _seconds(stamp: str) -> float:
    total = 0.0
    for part in stamp.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return round(total, 3)


def _shown(text: str) -> str:
    """No line may be empty, and a null character ends a file for some players."""
    return "\n".join(line for line in text.replace("\0", "\ufffd").splitlines() if line.strip())


def _plain(text: str) -> str:
    """One line that cannot be taken for the times of a cue."""
    return " ".join(text.replace("-->", "->").replace("\0", "\ufffd").split())


VTT = Format("WebVTT", _vtt_head, _vtt_block, "\n\n", _parse_vtt)
SRT = Format("SubRip", _no_head, _srt_block, "\n\n", _parse_srt)
JSON_LINES = Format("JSON lines", _no_head, _json_block, "\n", _parse_json)
