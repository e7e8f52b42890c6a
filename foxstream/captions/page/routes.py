"""What the page answers, address by address.

House rule: a handler reads its request and hands on; what is told is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web

from foxstream.captions.page.files import ASSETS, asset, video_response
from foxstream.captions.page.playhead import Playhead
from foxstream.captions.page.telling import Telling
from foxstream.integrations.aiohttp import relay_response

__all__ = ["Routes"]

_RETRY = 0.5  # seconds until a browser connects again
_DAY = 86_400.0
_JSON = "application/json"


class _Place(msgspec.Struct, frozen=True):
    """Where a viewer is in the video."""

    seconds: Annotated[float, msgspec.Meta(ge=0.0, le=_DAY)]


class Routes:
    """The handlers of one page."""

    def __init__(self, video: Path, telling: Telling, playhead: Playhead) -> None:
        self._video = video
        self._telling = telling
        self._playhead = playhead

    def table(self) -> list[web.RouteDef]:
        """All routes."""
        return [
            web.get("/", _asset("index.html")),
            *(web.get(f"/assets/{name}", _asset(name)) for name in ASSETS),
            web.get("/video", self.video),
            web.get("/events", self.events, allow_head=False),
            web.get("/captions.vtt", self.vtt),
            web.post("/playhead", self.move),
        ]

    async def video(self, _: web.Request) -> web.StreamResponse:
        """The video, with ranges."""
        return await video_response(self._video)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The captions as they come; who joins or was away too long gets the state first."""
        telling = self._telling
        return await relay_response(request, telling.relay, retry=_RETRY, state=telling.told.event)

    async def vtt(self, _: web.Request) -> web.Response:
        """The captions that are final by now."""
        return web.Response(
            text=self._telling.told.vtt(),
            content_type="text/vtt",
            charset="utf-8",
            headers={"Cache-Control": "no-store"},
        )

    async def move(self, request: web.Request) -> web.Response:
        """A viewer tells where it is in the video."""
        if request.content_type != _JSON:  # which no page of another origin may send unasked
            raise web.HTTPUnsupportedMediaType(text=f"The playhead is told as {_JSON}.")
        try:
            place = msgspec.json.decode(await request.read(), type=_Place)
        except msgspec.DecodeError as error:
            raise web.HTTPBadRequest(text=f"This is no playhead: {error}.") from error
        self._playhead.seconds = place.seconds
        return web.Response(status=204)


def _asset(name: str) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    async def handler(_: web.Request) -> web.FileResponse:
        return asset(name)

    return handler
