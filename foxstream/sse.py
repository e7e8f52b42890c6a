"""Server-sent events: bytes <-> `Event`.

House rule: the whole event-stream grammar (WHATWG HTML, section 9.2.6) over bytes, bounded, and
not a word of what the events mean. `bytes.splitlines()` splits at LF, CR and CRLF and nowhere
else, which is exactly the grammar; text splitting would also break at U+2028.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from foxstream.errors import ProtocolError

__all__ = ["DEFAULT_MAX_EVENT_BYTES", "Event", "Parser", "Run", "encode"]

DEFAULT_MAX_EVENT_BYTES = 8 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EMPTY_LINE = b"\n\n"
_SHORT = 4096  # what is longer is not read again from its beginning
_CR = 0x0D
_LF = 0x0A
_MAX_RETRY_DIGITS = 18
_NAMED = re.compile(rb"event: ([^\r\n]+)\ndata: ")


class Event(msgspec.Struct, frozen=True, gc=False):
    """One dispatched event: `event` is its type, `data` its lines joined by LF, `id` the last seen.

    `data` stays bytes so that a JSON decoder can take it as it is; by the standard it is UTF-8
    text in which wrong bytes read as U+FFFD.
    """

    event: str = "message"
    data: bytes = b""
    id: str = ""


class Run(msgspec.Struct, frozen=True, gc=False):
    """Events of one type that came one after another, each with one line of data."""

    event: str
    data: list[bytes]
    id: str = ""

    def events(self) -> list[Event]:
        """The same, one by one."""
        return [Event(self.event, data, self.id) for data in self.data]


class _Pattern:
    """How events of one type usually look: their name and one line of data, nothing else.

    So tokens come, and then they can be had without a look at every line.
    """

    __slots__ = ("_begin", "_between", "_event", "_size")

    def __init__(self, event: str = "message", begin: bytes = b"data: ") -> None:
        self._event = event
        self._begin = begin
        self._between = _EMPTY_LINE + begin
        self._size = len(begin)

    @classmethod
    def of(cls, block: bytes) -> _Pattern:
        """The pattern of the event that `block` begins with, if it is one of these."""
        named = _NAMED.match(block)
        return cls(named[1].decode("utf-8", "replace"), named[0]) if named else cls()

    def begins(self, block: bytes) -> bool:
        """Whether `block` can be how an event begins that looks like this, and a short one."""
        begin = self._begin
        if len(block) > _SHORT or _CR in block:
            return False
        if block.startswith(begin):
            return block.find(b"\n", self._size) in {-1, len(block) - 1}
        return begin.startswith(block)

    def read(self, block: bytes, id: str) -> Event | Run | None:
        """`block`, should it be whole events that look like this and nothing else: one, or more."""
        if not block.startswith(self._begin) or not block.endswith(_EMPTY_LINE):
            return None
        data = block[self._size : -2]
        if _CR in data:
            return None
        if _LF not in data:
            return Event(self._event, data, id)
        each = data.split(self._between)
        return None if _LF in b"".join(each) else Run(self._event, each, id)


def encode(event: str, data: bytes) -> bytes:
    """Return one event as bytes; every line of `data` becomes a `data:` line.

    An event without a name is read as a `message`.
    """
    lines = b"".join(b"data: %b\n" % line for line in data.splitlines() or [b""])
    return b"event: %b\n%b\n" % (event.encode(), lines) if event else b"%b\n" % lines


class Parser:
    """An incremental event-stream parser: `feed` it bytes as they come, take the events.

    An event leaves with its very last byte, however the bytes were cut. Nothing is ever raised:
    an event larger than `max_event_bytes` (or a line without an end) sets `error`, and nothing
    is returned after it. `retry` is the last reconnection time that was sent, in milliseconds.
    """

    def __init__(self, max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self.retry: int | None = None
        self.error: ProtocolError | None = None
        self._limit = max_event_bytes
        self._head: bytes | None = b""
        self._after_cr = False
        self._partial: list[bytes] = []
        self._partial_size = 0
        self._type = ""
        self._id = ""
        self._data: list[bytes] = []
        self._data_size = 0
        self._pattern = _Pattern()
        self._between_events = False
        self._begun = b""

    def feed(self, block: bytes) -> list[Event]:
        """Take the next bytes; return the events that they complete, in order."""
        events: list[Event] = []
        for part in self.feed_runs(block):
            if isinstance(part, Run):
                events += part.events()
            else:
                events.append(part)
        return events

    def feed_runs(self, block: bytes) -> Sequence[Event | Run]:
        """As `feed`, but events that came as a `Run` stay together."""
        if self.error is not None:
            return ()
        if self._begun:
            block, self._begun = self._begun + block, b""
        if len(block) > self._limit:
            return self._by_lines(block)
        if self._between_events:
            usual = self._pattern.read(block, self._id)
            if usual is not None:
                return (usual,)
            if block.startswith(b":"):  # a keep-alive, most likely alone
                return self._by_lines(block)
        return self._around_run(block)

    def _around_run(self, block: bytes) -> Sequence[Event | Run]:
        """What lies between the first and the last empty line may be a run."""
        if block and self._head == b"" and not block.startswith(_BYTE_ORDER_MARK[:1]):
            self._head, self._between_events = None, True
        start = 0 if self._between_events else block.find(_EMPTY_LINE) + 2
        end = block.rfind(_EMPTY_LINE) + 2
        if end <= max(start, 1):
            return self._rest(block)
        head = self._by_lines(block[:start]) if start else []
        if self.error is not None:
            return head
        return [*head, *self._run(block[start:end]), *self._rest(block[end:])]

    def _run(self, block: bytes) -> Sequence[Event | Run]:
        """Whole events: a run, or one with an event behind it that looks different."""
        pattern = self._pattern = _Pattern.of(block)
        last = block.rfind(_EMPTY_LINE, 0, -2) + 2
        for end in (len(block), last):
            usual = pattern.read(block[:end], self._id)
            if usual is not None:
                return [usual, *self._by_lines(block[end:])]
        return self._by_lines(block)

    def _rest(self, block: bytes) -> list[Event]:
        """What has no empty line: the usual beginning of an event waits as it is for the next."""
        if self._between_events and self._pattern.begins(block):
            self._begun = block
            return []
        return self._by_lines(block)

    def _by_lines(self, block: bytes) -> list[Event]:
        """The whole grammar, one line after another."""
        events: list[Event] = []
        for line in self._lines(block):
            if len(line) > self._limit:
                self._overrun()
                return events
            if not line:
                if self._data:
                    events.append(self._dispatch())
                self._type = ""
            elif line.startswith(b"data:"):
                self._append(line[6:] if line.startswith(b"data: ") else line[5:])
            else:
                self._field(line)
            if self._data_size > self._limit:
                self._overrun()
                return events
        if self._partial_size > self._limit:
            self._overrun()
        within = self._partial or self._data or self._type or self._after_cr
        self._between_events = not within and self._head is None
        return events

    def _lines(self, block: bytes) -> list[bytes]:
        """The lines that `block` completes; what follows the last line end waits for the next."""
        if self._head is not None:
            block = self._without_byte_order_mark(block)
        if self._after_cr and block:
            block = block.removeprefix(b"\n")
            self._after_cr = False
        if not block:
            return []
        lines = block.splitlines()
        last = block[-1]
        unfinished = b"" if last in b"\r\n" else lines.pop()
        if lines and self._partial:
            lines[0] = b"".join((*self._partial, lines[0]))
            self._partial.clear()
            self._partial_size = 0
        if unfinished:
            self._partial.append(unfinished)
            self._partial_size += len(unfinished)
        self._after_cr = last == _CR
        return lines

    def _without_byte_order_mark(self, block: bytes) -> bytes:
        """Hold the first bytes back until it is known whether they are the mark."""
        head = (self._head or b"") + block
        if len(head) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(head):
            self._head = head
            return b""
        self._head = None
        return head.removeprefix(_BYTE_ORDER_MARK)

    def _append(self, value: bytes) -> None:
        self._data.append(value)
        self._data_size += len(value) + 1

    def _field(self, line: bytes) -> None:
        """Every line but a canonical `data:` line and the empty one; comments have no name."""
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._type = value.decode("utf-8", "replace")
        elif name == b"data":
            self._append(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry = int(value[:_MAX_RETRY_DIGITS])

    def _dispatch(self) -> Event:
        data = self._data
        event = Event(
            self._type or "message", data[0] if len(data) == 1 else b"\n".join(data), self._id
        )
        data.clear()
        self._data_size = 0
        return event

    def _overrun(self) -> None:
        self._data.clear()
        self._partial.clear()
        self.error = ProtocolError(
            f"an event is larger than max_event_bytes={self._limit}: raise the limit, "
            "or check that the URL really serves an event stream"
        )
