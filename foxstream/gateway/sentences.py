"""What was measured, in English sentences or in few words: the local engine's answer.

House rule: every number comes out of a fact. What was not measured is not mentioned, or said not
to be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foxstream.video import Header, Measurement, Picture, Shot, Sound

__all__ = ["account", "in_few_words"]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_TELLING_RATE = 4.0  # frames per second; with fewer, a cut cannot be told from movement
_DIFFERS = 0.25  # seconds between what a container claims and what was decoded
_LIGHT = ((0.12, "very dark"), (0.25, "dark"), (0.6, "of medium brightness"), (0.8, "bright"))
_MOVEMENT = ((0.005, "almost no"), (0.08, "little"), (0.3, "some"))


def account(measurement: Measurement, name: str) -> Iterator[str]:
    """Tell about one file, which is called `name`, as in `"The video"`."""
    header, picture, sound = measurement.header, measurement.picture, measurement.sound
    yield _opening(name, header, picture, sound)
    if picture is not None:
        if header.kind == "video":
            yield from _cuts(measurement.shots, picture)
        yield from _appearance(picture)
    if header.kind != "image":
        yield _hearing(header, sound)
    if picture is not None:
        yield from _doubts(header, picture)


def in_few_words(measurement: Measurement, room: int) -> str:
    """Tell in at most `room` characters, what one sees first; the first words in any case."""
    first, *others = _words(measurement)
    said = first[0].upper() + first[1:]
    for words in others:
        if len(said) + len(", ") + len(words) < room:
            said += f", {words}"
    return f"{said}."


def _words(measurement: Measurement) -> Iterator[str]:
    picture, sound = measurement.picture, measurement.sound
    if picture is not None:
        if picture.colours:
            yield _listed([colour.name for colour in picture.colours])
        yield _word(picture.brightness, _LIGHT, "very bright")
        if picture.motion is not None:
            yield f"{_word(picture.motion, _MOVEMENT, 'much')} movement"
    silent = sound is None or sound.silent or not sound.seconds
    yield "no sound" if silent else "with sound"


def _opening(name: str, header: Header, picture: Picture | None, sound: Sound | None) -> str:
    article = "an" if header.container[0] in "aemo" else "a"
    parts = [f"{name} is {article} {header.container} file of {_size(header.size)}"]
    seconds = (picture.seconds if picture else 0) or (sound.seconds if sound else 0)
    if seconds:
        parts.append(f"{seconds:.1f} seconds long")
    if video := header.video:
        rate = f" at {_frames(video.fps)} per second" if video.fps else ""
        parts.append(f"{video.width}\u00d7{video.height} pixels in {video.codec}{rate}")
    return ", ".join(parts) + "."


def _cuts(shots: Sequence[Shot], picture: Picture) -> Iterator[str]:
    if picture.frames < picture.seconds * _TELLING_RATE:
        yield "It has too few frames a second to tell cuts from movement."
    elif len(shots) == 1:
        yield "I found no cut in it: it is a single shot."
    else:
        cuts = "a cut" if len(shots) == 2 else f"{len(shots) - 1} cuts"
        times = _listed([f"{shot.start:.1f}" for shot in shots[1:]])
        yield f"I found {cuts}, at {times} seconds, so it has {len(shots)} shots."
        yield from _each(shots)


def _each(shots: Sequence[Shot]) -> Iterator[str]:
    """What the first shots mainly look like, as far as they have a main colour."""
    looks = [
        (ordinal, shot.colours[0].name)
        for ordinal, shot in zip(_ORDINALS, shots, strict=False)
        if shot.colours
    ]
    if looks:
        (ordinal, colour), *more = looks
        rest = [f"the {ordinal} {colour}" for ordinal, colour in more]
        yield _listed([f"The {ordinal} shot is mainly {colour}", *rest]) + "."


def _appearance(picture: Picture) -> Iterator[str]:
    light = _word(picture.brightness, _LIGHT, "very bright")
    sentence = f"The picture is {light} ({picture.brightness:.0%})"
    if picture.colours:
        colours = _listed([f"{colour.name} ({colour.share:.0%})" for colour in picture.colours])
        mainly = "its main colour is" if len(picture.colours) == 1 else "its main colours are"
        sentence += f", and {mainly} {colours}"
    yield sentence + "."
    if picture.motion is not None:
        movement = _word(picture.motion, _MOVEMENT, "much")
        yield (
            f"There is {movement} movement: on average {picture.motion:.0%} of the picture"
            " changes visibly within a fifth of a second."
        )


def _hearing(header: Header, sound: Sound | None) -> str:
    track = header.audio
    if track is None:
        return "It has no sound track."
    if sound is None or not sound.seconds:
        return f"It has a sound track ({track.codec}), but none of it could be decoded."
    channels = {1: "mono", 2: "stereo"}.get(track.channels, f"{track.channels} channels")
    known = f"{track.codec}, {channels}, {track.sample_rate / 1000:g} kHz"
    if sound.silent or sound.peak is None:
        return f"Its sound track ({known}) is silent throughout."
    peak = f"{sound.peak:.1f} dB of full scale"
    if header.kind == "audio":
        return f"At its loudest, the sound ({known}) reaches {peak}."
    return f"It has sound ({known}), which at its loudest reaches {peak}."


def _doubts(header: Header, picture: Picture) -> Iterator[str]:
    if header.seconds and abs(header.seconds - picture.seconds) > _DIFFERS:
        yield (
            f"Its container claims {header.seconds:.1f} seconds,"
            f" but the pictures in it last {picture.seconds:.1f}."
        )
    if picture.damaged:
        yield f"The decoder reported {picture.damaged:,} damaged packets or frames."


def _word(value: float, scale: Sequence[tuple[float, str]], most: str) -> str:
    return next((word for limit, word in scale if value < limit), most)


def _listed(items: Sequence[str]) -> str:
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.3g} kB" if count < 999_500 else f"{count / 1_000_000:.3g} MB"


def _frames(count: float) -> str:
    return "1 frame" if count == 1 else f"{count:.4g} frames"
