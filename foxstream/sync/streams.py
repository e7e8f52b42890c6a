"""One answer, read by a plain loop.

House rule: what has been read already is taken without a change of threads; what has to be waited
for is waited for in the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from foxstream import streams
from foxstream.answer import Completion, Delta
from foxstream.progress import Timings
from foxstream.streams import StreamState
from foxstream.sync.facing import Face, blocking
from foxstream.text_stream import answer_text

__all__ = ["Stream"]


class Stream(Face[streams.Stream]):
    """An answer as it comes: an iterator of `Delta`, and a context manager.

    `with` submits and opens on entering and closes the connection on leaving. A bare `for` does so
    at its first step, and after its last or where it is left, as soon as nothing holds the stream.
    Ctrl-C closes it too. All else is as with `foxstream.Stream`: one reader, and the same errors.
    """

    def __init__(self, behind: streams.Stream, owner: object = None) -> None:
        super().__init__(behind, behind.close)
        self._owner = owner  # a client that nothing holds closes its streams

    @property
    def timings(self) -> Timings:
        """The instants of this answer."""
        return self._behind.timings

    @property
    def state(self) -> StreamState:
        """`"pending"`, `"streaming"`, then one of `"complete"`, `"failed"`, `"closed"`."""
        return self._behind.state

    @property
    def task_id(self) -> str | None:
        """The task at the service, once it is known; `None` where there is none (`direct`)."""
        return self._behind.task_id

    @property
    def completion(self) -> Completion | None:
        """What was said; `None` until the end."""
        return self._behind.completion

    @property
    def text_stream(self) -> Iterator[str]:
        """The answer text of choice 0 alone: a view of this stream, not a copy."""
        return filter(None, map(answer_text, self))

    get_final_completion: Final = blocking(streams.Stream.get_final_completion)
    close: Final = blocking(streams.Stream.aclose)
    _open: Final = blocking(streams.Stream.__aenter__)
    _more: Final = blocking(streams.Stream.more)

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Delta:
        while (delta := self._behind.take()) is None:
            if not self._more():
                raise StopIteration
        return delta
