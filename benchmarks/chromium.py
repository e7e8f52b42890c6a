"""Chromium, for what is measured on a screen.

House rule: nothing is imported for it until it is asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["LACKING", "PROGRAM", "opened"]

PROGRAM = Path(shutil.which("chromium") or "/usr/bin/chromium")

LACKING = (
    None
    if PROGRAM.exists() and find_spec("playwright")
    else "needs Chromium and playwright: apt-get install chromium; pip install playwright"
)
"""What to do where it is not installed, else `None`."""

_PATIENCE = 60_000.0  # milliseconds


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Page]:
    """The page at `url` in a browser of its own."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(PROGRAM), args=["--no-sandbox"], timeout=_PATIENCE
        )
        view = await browser.new_page()
        view.set_default_timeout(_PATIENCE)
        await view.goto(url)
        yield view
        await browser.close()
