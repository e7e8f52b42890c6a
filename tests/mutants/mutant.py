"""What a broken rule is."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """A broken `rule`: `new` stands for `old` in `file`, and each of `noticed_by` has to fail."""

    rule: str
    file: str
    old: str
    new: str
    noticed_by: tuple[str, ...]
