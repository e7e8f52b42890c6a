"""What can happen to one connection of a stream, and what it then brings.

House rule: pure functions from a recording to bytes. How they travel is not told here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Literal, NamedTuple

import msgspec

from benchmarks.histories.recorded import Recording, Words, reworded, words_of
from foxstream.sse import encode

__all__ = [
    "TWISTS",
    "Body",
    "Connection",
    "Cut",
    "Ending",
    "Refused",
    "Told",
    "Twist",
    "body_of",
    "bytes_of",
    "fits",
    "is_whole",
    "told_words",
]

Ending = Literal["end", "reset", "stall", "broken"]
"""A clean end of the body, a reset, a silence, a chunk of the body that is not well framed."""

Twist = Literal[
    "same", "recut", "offset", "repeated", "missing", "uncounted", "reported", "diverged"
]
"""How a telling differs from the log, from chunk `at` on.

`recut`: other chunks and no signs of life. `offset`: begins at the chunk. `repeated`, `missing`:
the chunk comes twice, or not, under the true count. `uncounted`: missing, and the count agrees.
`reported`: an `error` event after the chunk. `diverged`: another answer from the chunk on.
"""


class Cut(msgspec.Struct, frozen=True):
    """The body goes no further than `at` bytes."""

    at: int
    ending: Ending = "end"


class Told(msgspec.Struct, frozen=True, tag=True):
    """The stream is opened and tells the answer, well or not."""

    twist: Twist = "same"
    at: int = 0
    cut: Cut | None = None


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The stream is not opened; without a `status` there is no connection at all.

    `for_good` says that all later ones are refused the same way.
    """

    status: int | None = None
    retry_after: int | None = None
    for_good: bool = False


Connection = Told | Refused


class Body(NamedTuple):
    """What a telling brings where nothing cuts it: its frames, and what each leaves said."""

    frames: tuple[bytes, ...]
    said: tuple[Words, ...]
    ends: tuple[int, ...]

    def until(self, size: int) -> Words:
        """What the events that are whole in the first `size` bytes say."""
        whole = bisect_right(self.ends, size)
        if size + 1 in self.ends and self.frames[whole].endswith(b"\r\n"):
            whole += 1  # its CR has ended the line
        return self.said[whole - 1] if whole else Words()


def body_of(told: Told, recording: Recording) -> Body:
    """The body as it would be without a cut."""
    return _body(told.twist, told.at % len(recording.chunks), recording)


def bytes_of(told: Told, recording: Recording) -> bytes:
    """The bytes that come."""
    body = b"".join(body_of(told, recording).frames)
    return body if told.cut is None else body[: told.cut.at]


def told_words(told: Told, recording: Recording) -> Words:
    """What those bytes say."""
    body = body_of(told, recording)
    return body.said[-1] if told.cut is None else body.until(told.cut.at)


def is_whole(told: Told, recording: Recording) -> bool:
    """Whether the telling comes to its end."""
    return told.cut is None or told.cut.at >= body_of(told, recording).ends[-1]


def fits(told: Told) -> bool:
    """Whether the telling has as many chunks as its `done` counts."""
    return told.twist in {"same", "recut", "uncounted", "diverged"}


class _Events(NamedTuple):
    """The data of the chunks, the frame that ends them, and whether comments come between."""

    chunks: Sequence[bytes]
    end: bytes
    lively: bool = True


def _done(total: int) -> bytes:
    return encode("done", b'{"total_chunks":%d}' % total)


def _same(chunks: Sequence[bytes], _: int) -> _Events:
    return _Events(chunks, _done(len(chunks)))


def _recut(chunks: Sequence[bytes], _: int) -> _Events:
    """Three chunks to one, but for the first and the last."""
    first, *inner, last = chunks
    joined = [_joined(inner[at : at + 3]) for at in range(0, len(inner), 3)]
    return _Events([first, *joined, last], _done(len(joined) + 2), lively=False)


def _joined(chunks: Sequence[bytes]) -> bytes:
    return reworded(chunks[0], Recording.of(chunks).words)


def _offset(chunks: Sequence[bytes], at: int) -> _Events:
    return _Events(chunks[at:], _done(len(chunks)))


def _repeated(chunks: Sequence[bytes], at: int) -> _Events:
    return _Events([*chunks[: at + 1], *chunks[at:]], _done(len(chunks)))


def _missing(chunks: Sequence[bytes], at: int) -> _Events:
    return _Events([*chunks[:at], *chunks[at + 1 :]], _done(len(chunks)))


def _uncounted(chunks: Sequence[bytes], at: int) -> _Events:
    return _Events(_missing(chunks, at).chunks, _done(len(chunks) - 1))


def _reported(chunks: Sequence[bytes], at: int) -> _Events:
    return _Events(chunks[: at + 1], encode("error", b'{"message":"proxy hiccup"}'))


def _diverged(chunks: Sequence[bytes], at: int) -> _Events:
    other = [_other(chunk) for chunk in chunks[at:]]
    return _Events([*chunks[:at], *other], _done(len(chunks)))


def _other(chunk: bytes) -> bytes:
    """A chunk that says something else, if it says anything."""
    said = Words(*(words and f"¿{words}" for words in words_of(chunk)))
    return reworded(chunk, said) if any(said) else chunk


_TWISTED: dict[Twist, Callable[[Sequence[bytes], int], _Events]] = {
    "same": _same,
    "recut": _recut,
    "offset": _offset,
    "repeated": _repeated,
    "missing": _missing,
    "uncounted": _uncounted,
    "reported": _reported,
    "diverged": _diverged,
}
TWISTS = tuple(_TWISTED)

_ALIVE = b": keep-alive\n\n"


@lru_cache(maxsize=1024)
def _body(twist: Twist, at: int, recording: Recording) -> Body:
    frames, said, words = [], [], Words()
    for frame, chunk in _framed(_TWISTED[twist](recording.chunks, at)):
        if chunk is not None:
            words = words.and_then(words_of(chunk))
        frames.append(frame)
        said.append(words)
    return Body(tuple(frames), tuple(said), tuple(accumulate(map(len, frames))))


def _framed(events: _Events) -> Iterator[tuple[bytes, bytes | None]]:
    """Each frame with its chunk, if it has one: line ends vary, and comments come between."""
    for number, chunk in enumerate(events.chunks):
        if events.lively and number % 9 == 5:
            yield _ALIVE, None
        frame = encode("chunk", chunk)
        yield frame.replace(b"\n", b"\r\n") if number % 3 == 1 else frame, chunk
    yield events.end, None
