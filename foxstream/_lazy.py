"""Public names that load their room when first used, so that `import foxstream` stays cheap."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["Load", "Names", "lazy_names"]

Load = Callable[[str], object]
Names = Callable[[], list[str]]


def lazy_names(package: str, rooms: Mapping[str, str]) -> tuple[Load, Names]:
    """`__getattr__` and `__dir__` of a package whose public names live in `rooms`.

    A name that stands for a room of its own, such as `sse` in `foxstream.sse`, is that room.
    """

    def load(name: str) -> object:
        if name not in rooms:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        room = import_module(rooms[name])
        value = room if rooms[name] == f"{package}.{name}" else getattr(room, name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *rooms})

    return load, names
