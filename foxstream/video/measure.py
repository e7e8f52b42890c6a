"""Measuring one open file, in a single pass, fact by fact.

House rule: a fact leaves as soon as it is known, and nothing is said that was not decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from av import AudioFrame

from foxstream.errors import InvalidInputError
from foxstream.video.convert import PictureReducer
from foxstream.video.door import Opened, Shown
from foxstream.video.facts import Fact, Shot, Sound
from foxstream.video.looks import Storyboard
from foxstream.video.meter import Meter
from foxstream.video.shots import Look

__all__ = ["measuring"]


def measuring(media: Opened) -> Iterator[Fact]:
    """Decode everything and yield what it shows: `Header`, each `Shot`, `Picture`, `Sound`.

    An image has no shots. Raises `InvalidInputError` where nothing could be decoded.
    """
    meter = Meter()
    if media.video is None:
        yield media.header()
        list(_pictures(media, meter))  # there are none, but the meter listens
    else:
        facts = _watching(media, meter)
        yield from (fact for fact in facts if media.kind == "video" or not isinstance(fact, Shot))
    if media.audio is not None:
        yield _heard(media, meter)


def _watching(media: Opened, meter: Meter) -> Iterator[Fact]:
    board, reducer = Storyboard(), PictureReducer()
    pictures = _pictures(media, meter)
    first = next(pictures, None)
    if first is None:
        raise InvalidInputError(f"{media.kind} holds no picture that could be decoded")
    yield media.header(first.frame)
    for shown in chain([first], pictures):
        yield from board.add(Look(float(shown.start), reducer.reduce(shown.frame)))
    yield from board.end(float(media.end))
    yield board.picture(float(media.end), media.damaged)


def _pictures(media: Opened, meter: Meter) -> Iterator[Shown]:
    """The pictures in order, while the meter listens to the sound between them."""
    for frame in media.frames(sound=True):
        if isinstance(frame, AudioFrame):
            meter.add(frame)
        else:
            yield frame


def _heard(media: Opened, meter: Meter) -> Sound:
    sound = meter.sound()
    if media.kind == "audio" and not sound.seconds:
        raise InvalidInputError("audio holds no sound that could be decoded")
    return sound
