"""A video cut into windows: how long that takes, and the memory of the process at its peak.

House rule: a window is let go as soon as it is there, as one is whose captions have come.
"""

from __future__ import annotations

import asyncio
import re
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.referee import Turn
from foxstream.video import Video

__all__ = ["CPU", "CUT", "MEMORY", "SECONDS", "cut", "film"]

CUT = "windows that follow each other"
SECONDS = "seconds of video"
CPU = "seconds of CPU, of all threads"
MEMORY = "bytes of the process at its peak"

_SIZE = (640, 360)
_FPS = 25
_STATUS = Path("/proc/self/status")


def cut(video: Path, every: float) -> Turn:
    """Seconds on the clock for all windows of a video; the answer is `CUT` if none is missing."""

    async def main() -> float:
        end = 0.0
        async for window in Video(video).windows(every):
            assert abs(window.start - end) < 1e-3
            end = window.end
        return end

    import av  # noqa: F401 (what is imported is no part of the figure)

    began, cpu = time.perf_counter(), time.process_time()
    end = asyncio.run(main())
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    beside = {SECONDS: end, CPU: cpu, MEMORY: float(_peak())}
    return Turn(took, CUT if end > 0 else "none", beside)


def film(file: Path, seconds: int) -> Path:
    """A video of moving colours, and silence."""
    import av

    pictures = _pictures()
    with av.open(str(file), "w") as media:
        stream = media.add_stream("libx264", rate=_FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *_SIZE, "yuv420p"
        stream.time_base = Fraction(1, _FPS)
        for number in range(seconds * _FPS):
            picture = pictures[number % len(pictures)]
            picture.pts = number
            media.mux(stream.encode(picture))
        media.mux(stream.encode(None))
    return file


def _pictures() -> list[Any]:
    """A second of them, as the encoder wants them."""
    import av
    import numpy as np

    width, height = _SIZE
    across = np.arange(width, dtype=np.uint32)[None, :, None]
    down = np.arange(height, dtype=np.uint32)[:, None, None]
    weights = np.array([1, 2, 3], dtype=np.uint32)
    pictures = [
        ((across + down * 2 + number * 5) * weights % 256).astype(np.uint8)
        for number in range(_FPS)
    ]
    return [
        av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        for picture in pictures
    ]


def _peak() -> int:
    found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
