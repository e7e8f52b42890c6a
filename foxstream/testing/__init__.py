"""What a chatbot's own tests need in the place of a key: scripted answers, and recorded ones.

`ScriptedGateway` says what a test tells it to, over real HTTP; a `Cassette` records real streams
and plays them again. Both come as pytest fixtures, and are of use without pytest too. House rule:
nothing here knows pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names

if TYPE_CHECKING:
    from foxstream.testing.asked import Asked
    from foxstream.testing.cassette import Cassette, Mode
    from foxstream.testing.errors import CassetteError, UnansweredError, UnaskedError
    from foxstream.testing.gateway import ScriptedGateway

__all__ = [
    "Asked",
    "Cassette",
    "CassetteError",
    "Mode",
    "ScriptedGateway",
    "UnansweredError",
    "UnaskedError",
]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Asked": "foxstream.testing.asked",
        "Cassette": "foxstream.testing.cassette",
        "CassetteError": "foxstream.testing.errors",
        "Mode": "foxstream.testing.cassette",
        "ScriptedGateway": "foxstream.testing.gateway",
        "UnansweredError": "foxstream.testing.errors",
        "UnaskedError": "foxstream.testing.errors",
    },
)
