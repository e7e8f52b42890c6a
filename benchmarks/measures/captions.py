"""`captions`: cutting a video into windows, and what captions add between a delta and its cue.

House rule: cutting is timed by the clock, because it may use more than one core; whether it grows
with the video is told by CPU. Each video is cut in a process that has done nothing before. A cue
is late against the instant at which the gateway made its newest word, the gateway's own lag
included.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import msgspec

from benchmarks import chromium
from benchmarks.machine import machine, versions
from benchmarks.measures.cues import ADDED, ALL_CUES, CUE, DELTA, cue_lateness
from benchmarks.measures.cutting import CPU, CUT, MEMORY, SECONDS, cut, film
from benchmarks.measures.screen import ALL_SEEN, SCREEN, first_on_screen
from benchmarks.referee import Turn, alone, verified
from benchmarks.report import Case, Check, Report, Row, spread

__all__ = ["QUICK", "Pace", "measure"]

_SPEED = 8.0
_MOST_MEMORY = 250.0
_LINEAR = 1.2
_LATE_MS = 150.0
_MIB = 1024 * 1024
_VIDEO = "bigbuckbunny.mp4"
_NO_VIDEO = f"FOXSTREAM_VIDEOS names no folder with {_VIDEO}: a synthetic video was cut"


class Pace(msgspec.Struct, frozen=True):
    """Seconds of a window, of a short synthetic video and a long one; `turns` of each.

    Cues are timed over `windows` windows, of `words` words each, `rate` a second; the first
    words of `shown` windows on the screen of a browser.
    """

    every: float = 2.0
    short: int = 60
    long: int = 240
    turns: int = 3
    windows: int = 8
    words: int = 40
    rate: float = 20.0
    shown: int = 40


QUICK = Pace(short=4, long=16, turns=1, windows=2, words=5, shown=3)
"""Enough to see that everything still runs; its figures mean little."""


def measure(pace: Pace) -> Report:
    """A real video where there is one, two synthetic ones, then the cues."""
    with tempfile.TemporaryDirectory() as folder:
        cases = _cases(pace, Path(folder)) if find_spec("av") else []
    return Report(
        benchmark="captions",
        subject="a video in windows, and its cues",
        machine=machine(),
        versions=versions("av", "wcwidth", "aiohttp", "playwright"),
        pace=[
            f"windows of {pace.every:g} s",
            f"synthetic videos of {pace.short} s and {pace.long} s",
            f"{pace.turns} turns, a process each",
        ],
        cases=cases,
        legend=[
            "cutting: windows shrunk to a frame a second and 360 lines, as captions ask for them",
            "cue: from the making of a word by the gateway to the partial cue that shows it",
            "screen: from the making of a window's first word to the frame of Chromium with it",
        ],
    )


def _cases(pace: Pace, folder: Path) -> list[Case]:
    short = film(folder / "short.mp4", pace.short)
    long = film(folder / "long.mp4", pace.long)
    found = _real_video()
    taken = _taken([found or short, short, long], pace)
    return [
        _cutting(taken[found or short], [] if found else [_NO_VIDEO]),
        _growth(taken[short], taken[long], pace),
        _cues(pace),
        _screen(pace),
    ]


def _taken(videos: Sequence[Path], pace: Pace) -> dict[Path, list[Turn]]:
    """One after the other, again and again."""
    taken: dict[Path, list[Turn]] = {video: [] for video in videos}
    for _ in range(pace.turns):
        for video, turns in taken.items():
            turns.append(alone(video.name, partial(cut, video, pace.every), CUT))
    return taken


def _real_video() -> Path | None:
    folder = os.environ.get("FOXSTREAM_VIDEOS")
    return Path(folder, _VIDEO) if folder and Path(folder, _VIDEO).exists() else None


def _cutting(turns: Sequence[Turn], notes: list[str]) -> Case:
    speed = median(turn.beside[SECONDS] / turn.cost for turn in turns)
    checks = [
        Check("times as fast as it plays", speed, "x", _SPEED, at_least=True),
        Check("the same, by CPU", median(map(_cpu_speed, turns)), "x"),
        _memory(turns),
    ]
    return Case("cutting", "", checks=checks, notes=notes)


def _cpu_speed(turn: Turn) -> float:
    """Where others have the cores, this tells what it would be without them, on one."""
    return turn.beside[SECONDS] / turn.beside[CPU]


def _growth(short: Sequence[Turn], long: Sequence[Turn], pace: Pace) -> Case:
    """CPU of a second of each; linear is a ratio of one."""
    longer, shorter = (
        [turn.beside[CPU] / turn.beside[SECONDS] for turn in each] for each in (long, short)
    )
    ratio = spread([a / b for a, b in zip(longer, shorter, strict=True)])
    rows = [
        Row(f"{pace.long} s of video", spread([cost * 1e3 for cost in longer])),
        Row(f"{pace.short} s of video", spread([cost * 1e3 for cost in shorter]), ratio, _LINEAR),
    ]
    return Case("CPU of cutting 1 s", "ms", rows, [_memory(long)])


def _memory(turns: Sequence[Turn]) -> Check:
    peak = max(turn.beside[MEMORY] for turn in turns) / _MIB
    return Check("memory of the process at its peak", peak, "MiB", _MOST_MEMORY)


def _cues(pace: Pace) -> Case:
    run = partial(cue_lateness, pace.windows, pace.words, pace.rate)
    seen = alone("cues", run, ALL_CUES).beside
    checks = [
        Check(CUE, seen[CUE] / 1e6, "ms", _LATE_MS),
        Check(DELTA, seen[DELTA] / 1e6, "ms"),
        Check(ADDED, seen[ADDED] / 1e6, "ms"),
    ]
    return Case("cues", "", checks=checks)


def _screen(pace: Pace) -> Case:
    """Not in a process of its own: that would have one core, and the browser beside it."""
    if chromium.LACKING is not None:
        return Case("screen", "", notes=[f"not measured: it {chromium.LACKING}"])
    turn = verified("screen", first_on_screen(pace.shown), ALL_SEEN)
    return Case("screen", "", checks=[Check(SCREEN, turn.beside[SCREEN] / 1e6, "ms", _LATE_MS)])
