"""Each rule that keeps a promise, broken: what to write instead of which text, and who notices."""

from __future__ import annotations

from tests.mutants.answers import ENDS, REPLAYS, TASKS, TRIES
from tests.mutants.bounds import BYTES, CLOCKS, KEYS, LEAVING
from tests.mutants.firsts import FIRSTS
from tests.mutants.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]

MUTANTS = (*REPLAYS, *ENDS, *TASKS, *TRIES, *CLOCKS, *LEAVING, *KEYS, *BYTES, *FIRSTS)
