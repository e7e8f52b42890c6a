"""The files of the page, and the video.

House rule: only what is named here leaves the disk.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from anyio import to_thread

__all__ = ["ASSETS", "asset", "video_response"]

_FOLDER = Path(__file__).parent / "assets"
_SCRIPT, _STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"

ASSETS = {
    "index.html": "text/html; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "page.css": _STYLE,
    "captions.js": _SCRIPT,
    "connection.js": _SCRIPT,
    "page.js": _SCRIPT,
    "player.js": _SCRIPT,
    "timeline.js": _SCRIPT,
    "transcript.js": _SCRIPT,
    "words.js": _SCRIPT,
}
"""What the browser may load, and what each is."""

_VIDEOS = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".ogv": "video/ogg",
    ".avi": "video/x-msvideo",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
}
_UNKNOWN = "application/octet-stream"
_NO_CACHE = {"Cache-Control": "no-cache"}


def asset(name: str) -> web.FileResponse:
    """A file of the page; a browser asks each time whether it has changed."""
    headers = {"Content-Type": ASSETS[name], **_NO_CACHE}
    return web.FileResponse(_FOLDER / name, headers=headers)


async def video_response(path: Path) -> web.FileResponse:
    """The video, or the range of it that is asked for; 404 in words where it is gone."""
    if not await to_thread.run_sync(path.is_file):
        raise web.HTTPNotFound(text=f"{path.name} is no longer where it was; its captions go on.")
    kind = _VIDEOS.get(path.suffix.lower(), _UNKNOWN)
    return web.FileResponse(path, headers={"Content-Type": kind, **_NO_CACHE})
