"""The page of `foxstream caption --serve`, from the port to Ctrl-C.

House rule: the port is had, or refused in words, before anything is sent.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from foxstream.captions import page
from foxstream.cli.caption_following import Following
from foxstream.cli.failures import explained
from foxstream.cli.screen import Screen
from foxstream.errors import InvalidInputError

if TYPE_CHECKING:
    from aiohttp.web import Application

    from foxstream.captions.page import Listener

__all__ = ["listening", "show"]

_LOOPBACK = "127.0.0.1"


def listening(port: int | None, host: str | None) -> AbstractContextManager[Listener | None]:
    """Take the port, if there is to be a page; it blocks. Raises `InvalidInputError`."""
    if port is not None:
        return page.Listener(_LOOPBACK if host is None else host, port)
    if host is not None:
        raise InvalidInputError("--host is where a page listens: it needs --serve")
    return nullcontext()


async def show(listener: Listener, app: Application, following: Following, screen: Screen) -> None:
    """Serve the page until Ctrl-C, also when all captions are there or something ended them."""
    async with listener.serving(app):
        screen.say(f"{listener.url}\n")
        if not listener.is_private:
            screen.note("Everybody in the network can see this page and the video.")
        await following.over.wait()
        if following.error is not None:
            screen.complain(explained(following.error, "caption"))
        screen.note("The page stays until Ctrl-C.")
        await asyncio.Event().wait()
