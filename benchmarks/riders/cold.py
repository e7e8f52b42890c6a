"""A process that asks once and ends: `-c "from benchmarks.riders.cold import main; main()"`.

House rule: until the first delta has come it imports what its rider needs, and nothing else.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module

from benchmarks.riders.ears import Stopwatch
from benchmarks.riders.rider import Mount

__all__ = ["COMMAND", "main"]

COMMAND = "from benchmarks.riders.cold import main; main()"
"""What the interpreter is told, with the rider's module, its function and a URL behind it."""


def main() -> None:
    """Print when the first delta came, in monotonic ns, and what was heard, as JSON."""
    module, function, url = sys.argv[1:]
    ear = Stopwatch()
    asyncio.run(_ask(getattr(import_module(module), function), url, ear))
    import json

    print(json.dumps([ear.first_ns, *ear.heard]))


async def _ask(mount: Mount, url: str, ear: Stopwatch) -> None:
    async with mount(url) as listen:
        await ear.listen(listen)
