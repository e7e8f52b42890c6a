"""The embedded gateway, saying one slow answer: `python -m tests.programs.gateway [--port N]`."""

from __future__ import annotations

import argparse
import asyncio

from foxstream.gateway import Piece, ScriptedEngine, Think, Wait, running_gateway
from foxstream.gateway.scripted import Script
from tests.programs import tell
from tests.programs.answers import Said

__all__ = ["TRUTH"]

_THOUGHTS = [f"Hm {n}, 狐? " for n in range(10)]
_TEXT = [f"fóx {n} 🦊 " for n in range(60)]
TRUTH = Said("".join(_THOUGHTS), "".join(_TEXT))


def _script(pace: float) -> Script:
    for piece in [*map(Think, _THOUGHTS), *_TEXT, Piece(finish_reason="stop")]:
        yield piece
        yield Wait(pace)


async def _serve(port: int, pace: float, retention: float) -> None:
    engine = ScriptedEngine(lambda _: _script(pace))
    async with running_gateway(engine, port=port, retention=retention) as url:
        tell(url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.02, help="seconds between two pieces")
    parser.add_argument("--retention", type=float, default=900.0, help="see the gateway's own")
    options = parser.parse_args()
    asyncio.run(_serve(options.port, options.pace, options.retention))
