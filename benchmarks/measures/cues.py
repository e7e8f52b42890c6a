"""How late partial cues are, and the deltas they are made of, from one gateway at one pace.

House rule: a word is the instant at which the engine made it. Windows are asked about one at a
time, since those that come early wait for their turn on purpose.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measures.cutting import film
from benchmarks.referee import Turn
from foxstream import Client
from foxstream.captions import caption
from foxstream.gateway import Generation, Media, Piece, running_gateway

__all__ = ["ADDED", "ALL_CUES", "CUE", "DELTA", "cue_lateness"]

ALL_CUES = "a partial cue for every word"
CUE = "word made to partial cue, 95th percentile"
DELTA = "word made to delta, 95th percentile"
ADDED = "added by captions, medians apart"

_EVERY = 2.0


class _Engine:
    """Says so many words, each the monotonic ns at which it was made."""

    def __init__(self, words: int, rate: float) -> None:
        self._words = words
        self._gap = 1 / rate

    async def run(self, _: Generation, _media: Media, /) -> AsyncIterator[Piece]:
        for _number in range(self._words):
            yield Piece(f"{time.monotonic_ns()} ")
            await asyncio.sleep(self._gap)


def cue_lateness(windows: int, words: int, rate: float) -> Turn:
    """The 95th percentile in ns, of cues and of plain deltas."""
    with TemporaryDirectory() as folder:
        video = film(Path(folder) / "clip.mp4", int(windows * _EVERY))
        cues, deltas = asyncio.run(_late(video, _Engine(words, rate), windows))
    complete = len(cues) == windows * words == len(deltas)
    beside = {
        CUE: _at(cues, 0.95),
        DELTA: _at(deltas, 0.95),
        ADDED: _at(cues, 0.5) - _at(deltas, 0.5),
    }
    return Turn(beside[CUE], ALL_CUES if complete else f"{len(cues)} cues", beside)


async def _late(video: Path, engine: _Engine, windows: int) -> tuple[list[int], list[int]]:
    async with running_gateway(engine) as url, Client(base_url=url) as client:
        async with caption(video, every=_EVERY, client=client, at_once=1) as captions:
            cues = [_age(cue.text) async for cue in captions if not cue.final]
        deltas = [
            _age(delta.text)
            for _ in range(windows)
            async for delta in client.stream("Say when.", videos=[video])
        ]
    return cues, deltas


def _age(text: str) -> int:
    """How old the last word is, in ns."""
    return time.monotonic_ns() - int(text.split()[-1])


def _at(late: list[int], share: float) -> float:
    return float(sorted(late)[int((len(late) - 1) * share)])
