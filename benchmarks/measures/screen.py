"""How late the first words of a caption are on the screen of a real browser.

House rule: a word is the instant at which the engine made it, and the browser subtracts. It is
seen in the frame that paints it. Nothing is said before the page is open, and windows are asked
about one at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chromium import opened
from benchmarks.measures.cutting import film
from benchmarks.referee import Turn
from foxstream import Client
from foxstream.captions import caption
from foxstream.captions.page import Listener, create_page
from foxstream.gateway import Generation, Media, Piece, running_gateway

__all__ = ["ALL_SEEN", "SCREEN", "first_on_screen"]

ALL_SEEN = "the first words of every window"
SCREEN = "first word made to caption on the screen, 95th percentile"

_EVERY = 1.0
_OVER = '#link[data-link="done"]'
_WATCH = """() => {
  window.late = {}
  const look = () => {
    const now = performance.timeOrigin + performance.now()
    for (const { textContent: text } of document.querySelectorAll("#lines span")) {
      const [made] = text.split(" ")
      late[made] ??= now - Number(made)
    }
    requestAnimationFrame(look)
  }
  look()
}"""


class _Engine:
    """Says the millisecond, then no more for `hold` seconds."""

    def __init__(self, hold: float) -> None:
        self.begin = asyncio.Event()
        self._hold = hold

    async def run(self, _: Generation, _media: Media, /) -> AsyncIterator[Piece]:
        await self.begin.wait()
        yield Piece(f"{time.time() * 1000:.3f}")
        await asyncio.sleep(self._hold)
        yield Piece(" is here.", finish_reason="stop")


def first_on_screen(windows: int, hold: float = 0.1) -> Turn:
    """The 95th percentile in ns; each answer stands still for `hold` seconds after that word."""
    with TemporaryDirectory() as folder:
        video = film(Path(folder) / "clip.mp4", int(windows * _EVERY))
        late = sorted(asyncio.run(_late(video, hold)))
    answer = ALL_SEEN if len(late) == windows else f"{len(late)} of {windows} windows"
    p95 = late[int((len(late) - 1) * 0.95)] * 1e6 if late else 0.0
    return Turn(p95, answer, {SCREEN: p95})


async def _late(video: Path, hold: float) -> list[float]:
    """Milliseconds, for each window."""
    engine = _Engine(hold)
    with Listener() as listener:
        async with (
            running_gateway(engine) as url,
            Client(base_url=url) as client,
            caption(video, every=_EVERY, client=client, at_once=1) as cues,
            listener.serving(create_page(video, cues, cues.tally)),
            opened(listener.url) as view,
        ):
            await view.evaluate(_WATCH)
            engine.begin.set()
            await view.locator(_OVER).wait_for()
            return list((await view.evaluate("late")).values())
