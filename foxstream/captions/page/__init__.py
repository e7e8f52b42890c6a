"""A page that shows a video with its captions as they come.

    playhead = Playhead()
    cues = caption("clip.mp4", playhead=playhead)
    app = create_page("clip.mp4", cues, cues.tally, playhead=playhead)
    aiohttp.web.run_app(app, host="127.0.0.1")

    state                    what a viewer must know who joins now
    hosts, guard             whom the page answers, and what it lets a browser do
    telling, routes, app     those that wait
    listening                the same, served on a port
    assets/                  what the browser gets, as it is

House rule: the page is whole without another host or a build step. Reasoning never gets here: only
cues do. The names are loaded when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names

if TYPE_CHECKING:
    from foxstream.captions.page.app import create_page
    from foxstream.captions.page.listening import Listener
    from foxstream.captions.page.playhead import Playhead

__all__ = ["Listener", "Playhead", "create_page"]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Listener": "foxstream.captions.page.listening",
        "Playhead": "foxstream.captions.page.playhead",
        "create_page": "foxstream.captions.page.app",
    },
)
