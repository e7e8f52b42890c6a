"""The field: every stopwatch by its name, and where others are installed.

House rule: others live in virtual environments of their own, below the folder that
`FOXSTREAM_PEERS` names. Who is not there is told so, and nothing fails for it.

`vllm bench serve` is not among them: it comes only inside vLLM, which needs torch and the CUDA
libraries to be imported at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.stopwatches import aiperf, guidellm, ours
from benchmarks.stopwatches.stopwatch import Stopwatch

__all__ = ["AIPERF", "FOXSTREAM", "GUIDELLM", "PEERS", "PLAIN", "STOPWATCHES", "Workshop"]

PEERS = "FOXSTREAM_PEERS"
FOXSTREAM = "foxstream"
PLAIN = "foxstream, user"
GUIDELLM = "guidellm"
AIPERF = "aiperf"

STOPWATCHES = {
    FOXSTREAM: Stopwatch(
        ours.command, ours.samples, "monotonic", "its last byte was with the kernel"
    ),
    PLAIN: Stopwatch(
        ours.plain_command,
        ours.samples,
        "monotonic",
        "it was, too, but without the kernel's stamps",
    ),
    GUIDELLM: Stopwatch(
        guidellm.command, guidellm.samples, "wall", "its first header was to be sent"
    ),
    AIPERF: Stopwatch(aiperf.command, aiperf.samples, "wall", "its HTTP client was called"),
}
"""In the order of the tables; the first is ours as it is shipped."""

_WANTED = {GUIDELLM: "guidellm[recommended]"}
_OURS = {FOXSTREAM, PLAIN}


class Workshop:
    """What is installed in `folder`; nothing where it is `None`."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Workshop:
        """The folder that `FOXSTREAM_PEERS` names."""
        named = environment.get(PEERS)
        return cls(Path(named) if named else None)

    @property
    def names(self) -> list[str]:
        """Who can run here."""
        return [name for name in STOPWATCHES if name in _OURS or self._home(name) is not None]

    @property
    def missing(self) -> list[str]:
        """A sentence for each of the others, which says how it is installed."""
        return [
            f"{name} is not there: python -m venv ${PEERS}/{name} && "
            f"${PEERS}/{name}/bin/pip install '{_WANTED.get(name, name)}'"
            for name in STOPWATCHES
            if name not in self.names
        ]

    @property
    def versions(self) -> dict[str, str]:
        """Those of the others who are there."""
        found: dict[str, str] = {}
        for name in self.names:
            home = self._home(name)
            if home is not None:
                places = [str(place) for place in home.glob("lib/python*/site-packages")]
                found[name] = next(
                    (each.version for each in distributions(name=name, path=places)), "unknown"
                )
        return found

    def started(self, name: str, command: list[str]) -> list[str]:
        """The command, its program being that of the environment which `name` lives in."""
        home = self._home(name)
        return command if home is None else [str(home / "bin" / command[0]), *command[1:]]

    def _home(self, name: str) -> Path | None:
        if self._folder is None or name in _OURS:
            return None
        home = self._folder / name
        return home if (home / "bin" / name).exists() else None
