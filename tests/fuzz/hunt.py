"""One search, in a process of its own: libFuzzer drives a property, guided by coverage.

python -m tests.fuzz.hunt TARGET [options and corpus folders of libFuzzer]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["foxstream"]):
    from tests.fuzz.grammar import mutated
    from tests.fuzz.properties import property_of


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Half of the inputs know the grammar, the other half what coverage has taught."""
    chance = random.Random(seed)
    if chance.random() < 0.5:
        return atheris.Mutate(data, max_size)
    return mutated(data, chance)[:max_size]


def hunt(check: Callable[[bytes], object], options: list[str]) -> None:
    """Search until `options` say stop; the process ends with libFuzzer's exit code."""
    atheris.Setup([sys.argv[0], *options], check, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    hunt(property_of(sys.argv[1]), sys.argv[2:])
