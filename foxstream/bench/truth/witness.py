"""Notes when tokens are about to be written.

House rule: it stands between an answer and its socket, after everything that could delay it.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator

__all__ = ["Truth", "Witness"]

_ID = re.compile(rb'"id":"([^"]+)"')
_TOKEN = re.compile(rb'"(?:reasoning_)?content":"[^"]')

Truth = dict[str, list[int]]
"""By the id that the chunks of an answer carry: the instant before each token was written."""


class Witness:
    """Sees the blocks of every answer on their way; `told` hands over what it saw, and forgets."""

    def __init__(self) -> None:
        self._seen: Truth = {}

    async def shape(self, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The same blocks, each noted right before it goes on."""
        instants: list[int] | None = None
        async for block in blocks:
            found = _ID.search(block)
            if instants is None and found is not None:
                instants = self._seen.setdefault(found[1].decode(), [])
            tokens = len(_TOKEN.findall(block))
            if instants is not None and tokens:
                instants.extend([time.monotonic_ns()] * tokens)
            yield block

    def told(self) -> Truth:
        """What was seen since the last time."""
        seen, self._seen = self._seen, {}
        return seen
