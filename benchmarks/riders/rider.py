"""What a rider is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib.util import find_spec
from typing import NamedTuple

__all__ = ["PROMPT", "Hear", "Listen", "Mount", "Rider"]

PROMPT = "What is happening?"

Hear = Callable[[str], object]
"""Called with the text, or the reasoning, of each delta."""

Listen = Callable[[Hear, Hear], Awaitable[None]]
"""Asks, and reads one answer to its end: `listen(say, think)`."""

Mount = Callable[[str], AbstractAsyncContextManager[Listen]]
"""Opens what lives long, such as a pool, for the script at a URL."""


class Rider(NamedTuple):
    """`mount` needs the `modules`; `gives` is what its user gets, after how many requests.

    Nobody pays for the import of msgspec, were it a struct, who does not use it.
    """

    mount: Mount
    modules: tuple[str, ...]
    gives: str

    @property
    def missing(self) -> list[str]:
        """The modules that are not installed here."""
        return [module for module in self.modules if not find_spec(module)]
