"""The other side of the contract: a server that answers as the service does, and as OpenAI does.

For tests, demos and self-hosting: `create_app` for an aiohttp application, `running_gateway` for
one that listens. House rule: nothing is imported until it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names

if TYPE_CHECKING:
    from foxstream.gateway.app import create_app
    from foxstream.gateway.engine import Engine, EngineError, Generation, Media, Piece
    from foxstream.gateway.fault_plan import Faults
    from foxstream.gateway.local import LocalEngine
    from foxstream.gateway.models import Model
    from foxstream.gateway.running import running_gateway
    from foxstream.gateway.scripted import Fail, ScriptedEngine, Think, Wait
    from foxstream.gateway.upstream import Upstream

__all__ = [
    "Engine",
    "EngineError",
    "Fail",
    "Faults",
    "Generation",
    "LocalEngine",
    "Media",
    "Model",
    "Piece",
    "ScriptedEngine",
    "Think",
    "Upstream",
    "Wait",
    "create_app",
    "running_gateway",
]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Engine": "foxstream.gateway.engine",
        "EngineError": "foxstream.gateway.engine",
        "Fail": "foxstream.gateway.scripted",
        "Faults": "foxstream.gateway.fault_plan",
        "Generation": "foxstream.gateway.engine",
        "LocalEngine": "foxstream.gateway.local",
        "Media": "foxstream.gateway.engine",
        "Model": "foxstream.gateway.models",
        "Piece": "foxstream.gateway.engine",
        "ScriptedEngine": "foxstream.gateway.scripted",
        "Think": "foxstream.gateway.scripted",
        "Upstream": "foxstream.gateway.upstream",
        "Wait": "foxstream.gateway.scripted",
        "create_app": "foxstream.gateway.app",
        "running_gateway": "foxstream.gateway.running",
    },
)
