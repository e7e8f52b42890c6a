"""A stream that another producer began, told again: only what is not in the log passes.

House rule: the words are compared, not the number of pieces, because a second telling may be cut
otherwise. Other values are compared one by one.
"""

from __future__ import annotations

from foxstream.answer import Delta
from foxstream.errors import StreamDivergedError, StreamTruncatedError
from foxstream.relay.entries import encoded
from foxstream.relay.log import Log
from foxstream.retelling import Retelling

__all__ = ["Resuming"]


class Resuming:
    """Tells of each value of a source what comes after the end of `log`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._end = log.end
        self._count = 0
        self._retelling = Retelling(log.said.transcript) if log.said.whole and log.end else None

    def beyond(self, value: object, *, reasoning_complete: bool = True) -> object | None:
        """What of `value` is new; `None` where all of it is in the log.

        `StreamDivergedError` where the source tells something else than the log. A source that
        has lost its reasoning (`reasoning_complete` is false) may leave it out.
        """
        if self._retelling is not None and isinstance(value, Delta):
            new = self._retelling.beyond(value)
            if new is not None and self._retelling.behind and reasoning_complete:
                raise StreamDivergedError("the source leaves out now what was relayed already")
            return new
        if isinstance(value, Delta) and self._end:
            raise StreamDivergedError("what was relayed is too long to be compared")
        return self._beyond_count(value)

    def check_end(self, *, reasoning_complete: bool = True) -> None:
        """`StreamTruncatedError` where the source ended before the log does."""
        untold = self._retelling is not None and self._retelling.behind and reasoning_complete
        if untold or (self._retelling is None and self._count < self._end):
            raise StreamTruncatedError("the source ended before what was relayed already")

    def _beyond_count(self, value: object) -> object | None:
        offset = self._count
        self._count += 1
        if offset >= self._end:
            return value
        if offset >= self._log.first:
            known = self._log.at(offset).event
            if (known.event, known.data) != encoded(value):
                raise StreamDivergedError(f"the source tells another event {offset} now")
        return None
