"""A real browser for the tests that look at pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.needed import CHROMIUM, need

__all__ = ["chromium"]


@contextmanager
def chromium() -> Iterator[object]:
    """Chromium, which plays a video without having been clicked at."""
    need("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            timeout=60_000,
        )
        yield browser
        browser.close()
