"""`create_page`: the page of one video as an application of aiohttp.

House rule: it begins with the application and ends with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Iterable
from os import PathLike
from pathlib import Path

from aiohttp import web

from foxstream.captions.cue import Cue
from foxstream.captions.page.guard import add_headers, guard
from foxstream.captions.page.playhead import Playhead
from foxstream.captions.page.routes import Routes
from foxstream.captions.page.state import About
from foxstream.captions.page.telling import Telling
from foxstream.captions.tally import Tally

__all__ = ["create_page"]

_MAX_BODY = 1024  # bytes of a playhead


def create_page(
    video: str | PathLike[str],
    cues: AsyncIterable[Cue],
    tally: Tally,
    *,
    playhead: Playhead | None = None,
    known: Iterable[Cue] = (),
    seconds: float | None = None,
    every: float | None = None,
    names: Collection[str] = (),
) -> web.Application:
    """Make an application that shows `video`, a path, with `cues` as they come.

    `cues` are read once, from the start of the application on, viewers or not; `tally` are their
    counts. `playhead` becomes where the viewers are, for `caption`. `known` are final cues that
    were there before, `seconds` is the length of the video and `every` that of a window, where
    they are known. Requests must name this machine by its address or `localhost`, or by one of
    `names`, else 403: give the name under which a proxy serves it. Raises `InvalidInputError` for
    names that are none.

    Its addresses begin at the root; it serves `/`, `/events`, `/captions.vtt` and `/video`.
    """
    path = Path(video)
    telling = Telling(About(path.name, seconds, every), cues, tally, tuple(known))
    app = web.Application(middlewares=[guard(names)], client_max_size=_MAX_BODY)
    app.add_routes(Routes(path, telling, playhead or Playhead()).table())
    app.on_response_prepare.append(add_headers)
    app.on_startup.append(_calling(telling.open))
    app.on_shutdown.append(_calling(telling.close))
    return app


def _calling(step: Callable[[], Awaitable[None]]) -> Callable[[web.Application], Awaitable[None]]:
    async def call(_: web.Application) -> None:
        await step()

    return call
