"""A long video is captioned in bounded memory, broken off with Ctrl-C, and completed.

Two minutes of it, or as many seconds as FOXSTREAM_CAPTION_SECONDS says: an hour is 3600.
"""

from __future__ import annotations

import io
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest
import webvtt

from foxstream.answer import Usage
from foxstream.gateway import Piece, ScriptedEngine, Wait
from tests.films import painted
from tests.programs import tell
from tests.terminal import CTRL_C, FOXSTREAM, Terminal, bare_environment
from tests.test_captions import gateway, second_of

SECONDS = int(os.environ.get("FOXSTREAM_CAPTION_SECONDS", "120"))
HALF = SECONDS // 2
FPS, WIDTH, HEIGHT = 5, 320, 180
MOST, GROWTH = 250, 20  # MB
STOP = Piece(finish_reason="stop", usage=Usage(5, 5, 10))


@pytest.fixture(scope="module")
def film() -> bytes:
    """Stripes that move, each picture made from one of a few rows."""
    ramp = bytes(value for at in range(2 * WIDTH) for value in (at % 256, at % 200, 90))
    rows = [ramp[3 * at : 3 * (at + WIDTH)] for at in range(0, WIDTH, 8)]
    pictures = [painted([row] * HEIGHT).reformat(format="yuv420p") for row in rows]
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as target:
        track = target.add_stream("libx264", FPS, {"preset": "ultrafast", "g": "50"})
        track.width, track.height, track.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(SECONDS * FPS):
            frame = pictures[number % len(pictures)]
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, FPS), 0
            target.mux(track.encode(frame))
        target.mux(track.encode(None))
    return file.getvalue()


def test_it_takes_little_memory_can_be_broken_off_and_is_completed(film, tmp_path):
    (tmp_path / "hour.mp4").write_bytes(film)
    broken_off = False

    def script(generation):
        if broken_off and second_of(generation) >= HALF:
            yield Wait(600.0)
        yield f"What is seen from second {second_of(generation)} on."
        yield STOP

    engine = ScriptedEngine(script)
    with gateway(engine) as url:
        env = {**bare_environment(), "FOXAPI_BASE_URL": url}
        sizes = sizes_while_running(arguments("whole.vtt"), env, tmp_path)
        asked = len(engine.seen)
        broken_off = True
        with Terminal(*arguments("parts.vtt"), env=env, cwd=tmp_path) as terminal:
            terminal.until(f"captioning: {HALF} s of {SECONDS} s")
            assert " left" in terminal.seen
            terminal.press(CTRL_C)
            assert terminal.end() == 130
        assert spans(tmp_path / "parts.vtt") == [(at, at + 4) for at in range(0, HALF, 4)]
        broken_off = False
        before = len(engine.seen)
        subprocess.run([*FOXSTREAM, *arguments("parts.vtt")], env=env, cwd=tmp_path, check=True)
    assert (tmp_path / "parts.vtt").read_bytes() == (tmp_path / "whole.vtt").read_bytes()
    assert len(engine.seen) - before == asked - len(range(0, HALF, 4))
    first, last, most = sizes[0], sizes[-1], max(sizes)
    tell(f"{SECONDS} s of video: {first:.0f} MB first, {last:.0f} MB last, {most:.0f} MB at most")
    assert most <= MOST
    assert most - sizes[len(sizes) // 2] <= GROWTH


def arguments(captions: str) -> list[str]:
    return ["caption", "hour.mp4", "--every", "4s", "--vtt", captions]


def spans(path: Path) -> list[tuple[float, float]]:
    return [(cue.start_in_seconds, cue.end_in_seconds) for cue in webvtt.read(path)]


def sizes_while_running(command: list[str], env: dict[str, str], folder: Path) -> list[float]:
    """How much memory it took, in MB, again and again once it has begun to work."""
    sizes = []
    with subprocess.Popen([*FOXSTREAM, *command], env=env, cwd=folder) as process:
        while (code := ended(process, 0.1)) is None:
            if (folder / command[-1]).exists():
                sizes.append(resident(process.pid))
    assert code == 0
    return sizes


def ended(process: subprocess.Popen, seconds: float) -> int | None:
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None


def resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
