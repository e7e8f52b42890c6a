"""Cues as text: WebVTT, SubRip and JSON lines, both ways.

House rule: every block ends with a mark of its own, so that a file cut off anywhere loses its last
block at most. What would be markup is escaped.
"""

from __future__ import annotations

import html
import io
import re
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
_TIMES = "00:00:00,000 --> 00:00:00,000"
_DIGIT = re.compile("[0-9]")
_JSON_HEAD = '{"captions_of":'


class Format(NamedTuple):
    """How cues are written: the head of a file made of `source`, and a block for each cue.

    `head` is empty where a format has no place for `source`; else `source_of` reads it from the
    beginning of a file, `None` where there is none. `block(number, cue)` numbers cues from 1; it is
    empty for a cue the format has no words for. `parse` reads a file that may be cut off anywhere,
    and raises `ValueError` where it is not of this format.
    """

    name: str
    head: Callable[[str], str]
    source_of: Callable[[str], str | None]
    block: Callable[[int, Cue], str]
    parse: Callable[[str], list[Cue]]

    @property
    def names_source(self) -> bool:
        """Whether a file says of which video it is."""
        return bool(self.head(""))


def _vtt_head(source: str) -> str:
    return f"{_HEAD}{_NOTE}{_plain(source)}\n\n"


def _vtt_source(text: str) -> str | None:
    beginning = f"{_HEAD}{_NOTE}"
    first = text.removeprefix(beginning).partition("\n")[0]
    return first if text.startswith(beginning) else None


def _no_head(_: str) -> str:
    return ""


def _no_source(_: str) -> None:
    return None


def _json_head(source: str) -> str:
    return f"{_JSON_HEAD}{msgspec.json.encode(_plain(source)).decode()}}}\n"


def _json_source(text: str) -> str | None:
    first = text.partition("\n")[0]
    if not first.startswith(_JSON_HEAD):
        return None
    return first.removeprefix(_JSON_HEAD).strip('"}')


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
    captions = _captions(_whole(text, "\n\n"), "vtt")
    return [_read(caption, html.unescape(caption.raw_text)) for caption in captions]


def _parse_srt(text: str) -> list[Cue]:
    whole = _whole(text, "\n\n")
    if not whole and not _begins_srt(text):
        raise ValueError("it does not begin with the first caption")
    return [_read(caption, caption.raw_text) for caption in _captions(whole, "srt")]


def _begins_srt(text: str) -> bool:
    """Whether it may be the first of all blocks, cut off or not."""
    number, _, rest = text.partition("\n")
    times, ended, _ = rest.partition("\n")
    shape = _DIGIT.sub("0", times)
    return number in {"", "1"} and (shape == _TIMES if ended else _TIMES.startswith(shape))


def _parse_json(text: str) -> list[Cue]:
    _, *lines = _whole(text, "\n").split("\n")
    cues = [msgspec.json.decode(line, type=Cue) for line in lines if line]
    return [cue for cue in cues if cue.final and cue.error is None]


def _whole(text: str, end: str) -> str:
    """Leave out the last block if it is cut off."""
    whole, found, _ = text.rpartition(end)
    return whole + found


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


VTT = Format("WebVTT", _vtt_head, _vtt_source, _vtt_block, _parse_vtt)
SRT = Format("SubRip", _no_head, _no_source, _srt_block, _parse_srt)
JSON_LINES = Format("JSON lines", _json_head, _json_source, _json_block, _parse_json)
