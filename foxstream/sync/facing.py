"""A coroutine as a plain call: the one way from the asynchronous classes to these.

House rule: nothing is known here of what is called but its type.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from foxstream.sync.loop import LoopThread, running_loop

__all__ = ["Face", "blocking", "made_as", "wrapping"]

A = TypeVar("A")
B = TypeVar("B")
P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

_TAKEN_OVER = ("__name__", "__doc__")


class Face(Generic[A]):
    """The synchronous face of `behind`, which works in the event loop of this process.

    `close` is called there when nothing holds the face any more.
    """

    def __init__(self, behind: A, close: Callable[[], object]) -> None:
        self._behind: A = behind
        self._loop: LoopThread = running_loop()
        self._loop.note(behind)
        self._guard = _Guard(self._loop, close)


class _Guard:
    """Closes what its holder has left open; a part of it, as a face may be half made."""

    def __init__(self, loop: LoopThread, close: Callable[[], object]) -> None:
        self._loop = loop
        self._close = close

    def __del__(self) -> None:
        self._loop.soon(self._close)


def blocking(
    work: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Face[A], P], T]:
    """The method `work` for a face: it waits for the result, and takes and raises the same."""

    @wraps(work, assigned=_TAKEN_OVER)
    def call(face: Face[A], *args: P.args, **kwargs: P.kwargs) -> T:
        behind, loop = _insides(face)
        return loop.call(partial(work, behind, *args, **kwargs))

    return call


def wrapping(
    make: Callable[Concatenate[A, P], B], wrap: Callable[[B, Face[A]], T]
) -> Callable[Concatenate[Face[A], P], T]:
    """The method `make` for a face: `wrap` gives a face to what it returns without waiting."""

    @wraps(make, assigned=_TAKEN_OVER)
    def call(face: Face[A], *args: P.args, **kwargs: P.kwargs) -> T:
        behind, _ = _insides(face)
        return wrap(make(behind, *args, **kwargs), face)

    return call


def made_as(
    make: Callable[P, A],
) -> Callable[[Callable[[S, A], None]], Callable[Concatenate[S, P], None]]:
    """An `__init__` that takes what the class `make` takes, and is handed what that makes of it."""

    def taking(init: Callable[[S, A], None]) -> Callable[Concatenate[S, P], None]:
        @wraps(vars(make)["__init__"], assigned=())
        def call(face: S, *args: P.args, **kwargs: P.kwargs) -> None:
            try:
                behind = make(*args, **kwargs)
            finally:  # a traceback that shows local variables must not show the key
                del args, kwargs
            init(face, behind)

        return call

    return taking


def _insides(face: Face[A]) -> tuple[A, LoopThread]:
    """What a method of the face would see: the functions above are methods in all but place."""
    return face._behind, face._loop  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
