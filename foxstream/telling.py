"""One answer over all its connections: a decoder for each, one transcript for all of them.

House rule: still without I/O. What was delivered stays delivered; a new connection begins the
answer again, and only what lies beyond comes out.
"""

from __future__ import annotations

import msgspec

from foxstream.answer import Completion, Delta, State
from foxstream.decoder import Decoder
from foxstream.deltas import Transcript
from foxstream.errors import FoxError, ProtocolError, StreamDivergedError, StreamTruncatedError
from foxstream.mending import disagrees, mended, supplemented
from foxstream.retelling import Retelling

__all__ = ["Settlement", "Telling"]

Settlement = tuple[list[Delta], Completion]
"""What the loop is still owed, and the whole answer."""


class Telling:
    """What an answer has said, and whether the present connection has said all of it.

    `progress` tells whether this connection brought anything new.
    """

    def __init__(self, max_event_bytes: int) -> None:
        self.progress: bool = False
        self._max_event_bytes = max_event_bytes
        self._transcript = Transcript()
        self._retelling: Retelling | None = None
        self._decoder = Decoder(self._transcript, max_event_bytes=max_event_bytes)
        self._doubted = False
        self._alone = False

    @property
    def over(self) -> bool:
        """Whether this connection has ended, well or not."""
        return self._decoder.over

    @property
    def has_events(self) -> bool:
        """Whether this connection brought any event."""
        return self._decoder.events > 0

    @property
    def miscounted(self) -> bool:
        """Whether the service counted more chunks than came, or fewer."""
        return self._decoder.total_chunks not in {None, self._decoder.chunks}

    def begin(self, *, finish_reason_ends: bool = False) -> None:
        """The first connection is open; see `Decoder` for `finish_reason_ends`."""
        self._alone = finish_reason_ends
        self._decoder = Decoder(
            self._transcript,
            finish_reason_ends=finish_reason_ends,
            max_event_bytes=self._max_event_bytes,
        )

    def begin_again(self) -> None:
        """A new connection tells the answer from its beginning."""
        self._retelling = Retelling(self._transcript)
        self._decoder = Decoder(self._retelling, max_event_bytes=self._max_event_bytes)
        self.progress = False

    def feed(self, block: bytes, received_ns: int) -> list[Delta]:
        """Take the bytes of one read, none at the end of the body; return what is new."""
        if not block:
            self._decoder.eof()
            return []
        deltas = self._decoder.feed(block, received_ns)
        self.progress = self.progress or bool(deltas)
        return deltas

    def fail(self, error: FoxError) -> None:
        """The connection ended in an error of its own."""
        self._decoder.fail(error)

    def complaint(self) -> FoxError | None:
        """What is wrong with the end of this connection, if anything is.

        A count that does not agree is doubted once: what exactly is counted is not known.
        """
        if self._decoder.error is not None:
            return self._decoder.error
        if self._alone and self._transcript.silent:
            return ProtocolError("the stream said that it was done, but brought no choice")
        if self._retelling is not None and self._retelling.behind:
            return StreamDivergedError("the stream now ends before what it had said already")
        if self.miscounted and (self.progress or not self._doubted):
            self._doubted = True
            return StreamTruncatedError(
                f"{self._decoder.chunks} chunks came, the service counted "
                f"{self._decoder.total_chunks}"
            )
        return None

    def settle(self, finished: Completion, task_id: str | None, now: int) -> Settlement:
        """A stream that ended well, held against its finished task, which may have a tail for it.

        `StreamDivergedError` where the task tells another answer.
        """
        streamed = self.said("complete", task_id)
        if disagrees(streamed, finished):
            return self.mend(finished, task_id, now)
        if self.miscounted:
            streamed = msgspec.structs.replace(streamed, reasoning_complete=False)
        return [], supplemented(streamed, finished)

    def mend(self, finished: Completion, task_id: str | None, now: int) -> Settlement:
        """The stream is given up: the finished task has the rest of the answer.

        Raises what `mended` raises.
        """
        return mended(self.said("complete", task_id), finished, now)

    def said(self, state: State, task_id: str | None) -> Completion:
        """Everything said so far."""
        recovered = self._retelling is not None
        return self._transcript.completion(state, task_id, recovered=recovered)
