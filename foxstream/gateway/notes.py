"""What was measured, as lines of figures: the local engine's reasoning.

House rule: every figure comes out of a fact; what was not measured is not mentioned.
"""

from __future__ import annotations

from foxstream.video import AudioTrack, Fact, Header, Picture, Shot, Sound, VideoTrack

__all__ = ["note"]


def note(fact: Fact) -> str:
    """Write one fact down."""
    match fact:
        case Header():
            return _header(fact)
        case Shot():
            return f"Shot from {fact.start:.2f} to {fact.end:.2f} s: {_look(fact)}."
        case Picture():
            seconds = f" in {fact.seconds:.2f} s" if fact.seconds else ""
            damaged = f", {fact.damaged:,} damaged" if fact.damaged else ""
            return f"Frames decoded: {fact.frames:,}{seconds}{damaged}: {_look(fact)}."
        case Sound():
            levels = f"peak {_level(fact.peak)}, mean {_level(fact.rms)}"
            return f"Sound decoded: {fact.seconds:.2f} s, {levels}."


def _header(header: Header) -> str:
    parts = [f"Container: {header.container}, {header.size:,} bytes"]
    if header.seconds is not None:
        parts.append(f"{header.seconds:.3f} s")
    if header.video:
        parts.append(_video(header.video))
    if header.audio:
        parts.append(_audio(header.audio))
    elif header.kind == "video":
        parts.append("no sound track")
    return "; ".join(parts) + "."


def _video(track: VideoTrack) -> str:
    seconds = f", {track.seconds:.3f} s" if track.seconds else ""
    rate = f", {track.fps:.5g} fps" if track.fps else ""
    turned = f", turned by {track.rotation} degrees" if track.rotation else ""
    return f"pictures {track.codec} {track.width}x{track.height}{rate}{seconds}{turned}"


def _audio(track: AudioTrack) -> str:
    seconds = f", {track.seconds:.3f} s" if track.seconds else ""
    return f"sound {track.codec}, {track.channels} ch, {track.sample_rate} Hz{seconds}"


def _look(fact: Shot | Picture) -> str:
    parts = [f"brightness {fact.brightness:.0%}"]
    parts += [f"{colour.name} {colour.share:.0%}" for colour in fact.colours]
    if fact.motion is not None:
        parts.append(f"movement {fact.motion:.0%}")
    return ", ".join(parts)


def _level(decibels: float | None) -> str:
    return "digital silence" if decibels is None else f"{decibels:.1f} dB"
