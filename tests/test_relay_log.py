"""The log of a relay: ids, bounds, snapshots; without waiting for anything."""

from __future__ import annotations

import pytest

from foxstream.answer import Delta, ToolCallDelta
from foxstream.errors import StreamDivergedError, StreamTruncatedError
from foxstream.relay.bounds import Bounds
from foxstream.relay.entries import Entry, encoded, snapshot_choices
from foxstream.relay.log import Log
from foxstream.relay.resuming import Resuming

ROOMY = Bounds()


def log_of(*deltas: Delta, bounds: Bounds = ROOMY, end: str | None = None) -> Log:
    log = Log("g", bounds)
    entries = [Entry(offset, *encoded(delta)) for offset, delta in enumerate(deltas)]
    if end is not None:
        entries.append(Entry(len(entries), end, b"{}"))
    log.extend(entries)
    return log


def test_an_event_is_framed_with_its_id():
    log = log_of(Delta("a"))
    assert log.at(0).frame == b'id: g.0\nevent: delta\ndata: {"text":"a"}\n\n'


@pytest.mark.parametrize(
    ("id", "offset"),
    [
        *(("g.0", 1), ("g.1", 2), ("g.-1", 0), ("g.2", 3), ("h.0", None)),
        *(("g.", None), ("0", None), ("g.-2", None), ("g.--1", None)),
    ],
)
def test_only_an_id_of_this_stream_has_a_place_in_it(id, offset):
    assert log_of(Delta("a"), Delta("b")).after(id) == offset


def test_a_snapshot_tells_all_choices_and_ends_before_the_last_event():
    call = ToolCallDelta(0, "id", "look", "{}")
    log = log_of(Delta("a"), Delta("b", "r", (call,), 1), Delta("c"), end="done")
    snapshot = log.snapshot()
    assert (snapshot.event.event, snapshot.event.id) == ("snapshot", "g.2")
    first, second = snapshot_choices(snapshot.event.data)
    assert (first.text, second.text, second.reasoning) == ("ac", "b", "r")
    assert second.tool_calls[0].arguments == "{}"
    assert log.snapshot() is snapshot


def test_a_log_goes_on_after_a_snapshot():
    snapshot = log_of(Delta("a"), Delta("b")).snapshot()
    log = Log("g", Bounds())
    log.restore(Entry(1, "snapshot", snapshot.event.data))
    log.extend([Entry(2, *encoded(Delta("c")))])
    assert (log.first, log.end) == (2, 3)
    assert snapshot_choices(log.snapshot().event.data)[0].text == "abc"


def test_entries_that_are_skipped_are_gone_and_nothing_stands_for_them():
    log = log_of(Delta("a"), Delta("b"))
    log.extend([Entry(5, *encoded(Delta("f")))])
    assert (log.first, log.end) == (5, 6)
    assert log.snapshot() is None


@pytest.mark.parametrize("bounds", [Bounds(max_events=3), Bounds(max_bytes=700)])
def test_the_oldest_are_dropped_at_the_bounds(bounds):
    log = log_of(*[Delta("x")] * 10, bounds=bounds)
    assert (log.first, log.end) == (7, 10)


def test_the_newest_is_kept_however_large_it_is():
    log = log_of(Delta("x"), Delta("y" * 100), bounds=Bounds(max_bytes=50))
    assert (log.first, log.end) == (1, 2)


def resumed(log: Log, *deltas: Delta) -> list[object]:
    resuming = Resuming(log)
    new = [resuming.beyond(delta) for delta in deltas]
    resuming.check_end()
    return [delta for delta in new if delta is not None]


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_second_telling_may_be_cut_anywhere(cut):
    log = log_of(Delta("abc"), Delta("de"))
    pieces = [Delta("abcdefgh"[:cut]), Delta("abcdefgh"[cut:])]
    assert "".join(map(str, resumed(log, *pieces))) == "fgh"


@pytest.mark.parametrize(
    ("deltas", "error"),
    [
        ((Delta("abX"),), StreamDivergedError),
        ((Delta("ab"),), StreamTruncatedError),
        ((Delta(reasoning="r"),), StreamDivergedError),
    ],
    ids=["differs", "ends", "leaves out"],
)
def test_a_second_telling_that_is_another_is_an_error(deltas, error):
    with pytest.raises(error):
        resumed(log_of(Delta("abc")), *deltas)


def test_lost_reasoning_may_be_left_out():
    resuming = Resuming(log_of(Delta(reasoning="hm"), Delta("ab")))
    new = resuming.beyond(Delta("abc"), reasoning_complete=False)
    resuming.check_end(reasoning_complete=False)
    assert str(new) == "c"


def test_other_values_are_compared_as_far_back_as_the_log_reaches():
    log = Log("g", Bounds(max_events=2))
    log.extend([Entry(offset, *encoded({"n": offset})) for offset in range(4)])
    resuming = Resuming(log)
    assert [resuming.beyond({"n": n}) for n in (-1, -1, 2, 3, 4)] == [None] * 4 + [{"n": 4}]
    other = Resuming(log)
    with pytest.raises(StreamDivergedError, match="another event 2"):
        [other.beyond({"n": n}) for n in (0, 1, 7)]


def test_what_is_too_long_to_be_compared_is_not_guessed():
    log = log_of(Delta("x" * 100), bounds=Bounds(max_bytes=50))
    with pytest.raises(StreamDivergedError, match="too long"):
        resumed(log, Delta("x" * 101))
