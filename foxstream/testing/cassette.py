"""Real streams on a file: recorded once, with their blocks and times, and played from then on.

    cassette = Cassette("hello.jsonl", mode="once")
    async with foxstream.Client(transport=cassette.transport()) as client:
        ...
    cassette.save()

House rule: the file is read when the cassette is made and written when it is saved, at no other
time, so that no event loop waits for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

from foxstream.errors import InvalidInputError
from foxstream.exchange import Transport
from foxstream.testing.errors import CassetteError
from foxstream.testing.recording import Recording, RecordingTransport
from foxstream.testing.replaying import replaying
from foxstream.testing.tape import Asking, Exchange, dump, parse
from foxstream.transports.native import NativeTransport

__all__ = ["Cassette", "Mode"]

Mode = Literal["none", "once", "all"]
"""When to record: never, where there is no file yet, or each time anew."""

_HOW = "record it with --fox-record"


class Cassette:
    """The exchanges in the file at `path`, or those that will be.

    `speed`: how fast they are played. 0 is at once and in virtual time, so that `timings` are the
    recorded ones; 1 takes as long as it took, 10 a tenth of that. A client made later has it.

    A request is found by its method, path and body, host and credentials aside; each exchange is
    played once, equal ones in their order. Raises `CassetteError` for a file that is missing or
    none, `InvalidInputError` for an unknown mode or a negative speed.
    """

    def __init__(
        self, path: str | os.PathLike[str], mode: Mode = "none", *, speed: float = 0.0
    ) -> None:
        if mode not in get_args(Mode):
            raise InvalidInputError(f"mode is {mode!r}: one of {', '.join(get_args(Mode))}")
        self.path: Path = Path(path)
        self._recording: Recording | None = None
        self._exchanges: list[Exchange] = []
        self._missed: list[CassetteError] = []
        self.speed = speed
        if mode == "all" or (mode == "once" and not self.path.exists()):
            self._recording = Recording()
        else:
            self._exchanges = self._read()

    @property
    def recording(self) -> bool:
        """Whether requests go out and are written down."""
        return self._recording is not None

    @property
    def speed(self) -> float:
        """How fast it is played."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if not speed >= 0:
            raise InvalidInputError(f"speed is {speed}: from 0 on")
        self._speed = speed

    def transport(self, inner: Transport | None = None) -> Transport:
        """A transport for one client; where it is recorded, `inner` is what carries requests."""
        if self._recording is None:
            return replaying(self._take, self._speed)
        return RecordingTransport(inner or NativeTransport(), self._recording)

    def save(self) -> None:
        """Write what was recorded, whole or not at all; nothing where nothing was asked."""
        if self._recording is None or not self._recording.exchanges:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.new")
        new.write_bytes(dump(self._recording.exchanges, sorted(self._recording.secrets)))
        new.replace(self.path)

    def check(self) -> None:
        """Raise again what was raised for a request that is not here, whoever caught it then."""
        if self._missed:
            raise self._missed[0]

    def _read(self) -> list[Exchange]:
        try:
            return parse(self.path.read_bytes())
        except FileNotFoundError:
            raise CassetteError(f"there is no cassette {self.path}: {_HOW}=once") from None
        except CassetteError as error:
            raise CassetteError(f"{self.path}: {error}; {_HOW}=all") from error

    def _take(self, asking: Asking) -> Exchange:
        for position, exchange in enumerate(self._exchanges):
            if exchange.asking == asking:
                return self._exchanges.pop(position)
        self._missed.append(self._absent(asking))
        raise self._missed[-1]

    def _absent(self, asking: Asking) -> CassetteError:
        same = [e for e in self._exchanges if e.asking.path == asking.path]
        why = f"there the body is {same[0].asking.body!r:.500}" if same else "no such path is left"
        return CassetteError(
            f"{asking.method} {asking.path} with the body {asking.body!r:.500} is not in "
            f"{self.path}: {why}; {_HOW}=all"
        )
