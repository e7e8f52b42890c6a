"""Being told of answers without being in their way: asked at the call, told at the end.

House rule: nobody is told of a delta, so that watching costs nothing between two of them. Who
watches may fail, and no answer fails with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Literal, ParamSpec, Protocol

import msgspec

from foxstream.answer import Completion
from foxstream.errors import FoxError, StreamTruncatedError
from foxstream.progress import Timings
from foxstream.question import Question

__all__ = [
    "Call",
    "EndState",
    "Ending",
    "Observed",
    "Observer",
    "Watch",
    "reported",
    "tell_began",
    "tell_end",
    "watch_of",
]

P = ParamSpec("P")

EndState = Literal["complete", "failed", "closed"]
"""How an answer ended, in the words of `Stream.state`."""

_logger = logging.getLogger("foxstream.watching")
_FAILED = "who watches an answer failed"


class Call(msgspec.Struct, frozen=True):
    """What is asked of whom: `question` is `None` where a task is only followed.

    `host` and `port` are those of the API, `protocol` is what it speaks. `stream` tells whether
    the answer comes piece by piece.
    """

    question: Question | None
    host: str
    port: int
    protocol: str
    stream: bool = True


class Ending(msgspec.Struct):
    """How an answer ended, with all that is known of it.

    `"failed"` has an `error`, and `"closed"` has one where a cancelled read closed it.
    `completion` is what was said until then. `ended` is a monotonic instant in nanoseconds: that
    of the last read of a whole answer.
    """

    timings: Timings
    ended: int
    state: EndState = "closed"
    completion: Completion | None = None
    error: FoxError | None = None
    task_id: str | None = None

    @property
    def seconds(self) -> float:
        """How long it took, from the first await on."""
        started = self.timings.started
        return 0.0 if started is None else (self.ended - started) / 1e9


class Watch(Protocol):
    """Watches one answer. It is made at the call; an answer never begun tells it nothing."""

    @property
    def headers(self) -> Mapping[str, str] | None:
        """What rides along to the API's own origin, read at each request; `None` for nothing."""
        ...

    def began(self) -> None:
        """The first await, before anything is sent; told once."""
        ...

    def ended(self, ending: Ending) -> None:
        """The end, whichever it is; told once, when nothing can be added any more."""
        ...


class Observer(Protocol):
    """Has answers watched: those of a client as its `observer`, of all as that of `Client`.

    A client's own counts before that of all; `None` is nobody.
    """

    def watch(self, call: Call) -> Watch:
        """The watch of one answer, made in the context of the call."""
        ...


class Observed(Protocol):
    """Whose answers may be watched: a client, or the class of all clients."""

    observer: Observer | None


def watch_of(
    observer: Observer, call: Call
) -> tuple[Watch, Mapping[str, str] | None] | tuple[None, None]:
    """The watch of one answer and its headers; neither where `observer` fails."""
    try:
        watch = observer.watch(call)
        headers = watch.headers
    except Exception:
        _logger.exception(_FAILED)
        return None, None
    return watch, headers


def tell_began(watch: Watch | None) -> None:
    """Tell `watch`, if there is one, that its answer begins."""
    if watch is not None:
        _tell(watch.began)


def tell_end(watch: Watch, ending: Ending) -> None:
    """Tell `watch` how its answer ended, if it ever began."""
    if ending.timings.started is not None:
        if ending.state == "complete" and ending.timings.ended is not None:
            ending.ended = ending.timings.ended
        _tell(watch.ended, ending)


@contextmanager
def reported(watch: Watch | None, timings: Timings, now: Callable[[], int]) -> Generator[Ending]:
    """A block that is the whole answer: `watch` is told of its beginning and its end.

    The block gets the ending, to put the completion in.
    """
    ending = Ending(timings, now())
    timings.started = ending.ended
    tell_began(watch)
    try:
        yield ending
        ending.state = "complete"
    except FoxError as error:
        ending.state, ending.error, ending.task_id = "failed", error, error.task_id
        raise
    except BaseException:
        ending.error = StreamTruncatedError("a cancelled request has no answer")
        raise
    finally:
        timings.ended = ending.ended = now()
        if watch is not None:
            tell_end(watch, ending)


def _tell(told: Callable[P, object], *what: P.args, **more: P.kwargs) -> None:
    try:
        told(*what, **more)
    except Exception:
        _logger.exception(_FAILED)
