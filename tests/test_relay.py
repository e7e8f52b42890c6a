"""The relay: late joiners, returning viewers, slow ones, stopping and leaving, failures."""

from __future__ import annotations

import random

import anyio
import msgspec
import pytest
import trio.testing

from foxstream.answer import Delta, ToolCallDelta
from foxstream.errors import InvalidInputError, TaskFailedError
from foxstream.relay import (
    EventsGoneError,
    LeaseLostError,
    MemoryStore,
    Relay,
    RelayClosedError,
    SlowViewerError,
    StoreError,
)
from foxstream.relay.entries import Entry
from foxstream.sse import Event
from tests import script
from tests.relaykit import Source, begun, data, offsets, texts, words

pytestmark = pytest.mark.anyio


class Cue(msgspec.Struct, frozen=True):
    start: float
    text: str


class Done(msgspec.Struct, frozen=True):
    """Called as an event of the relay's own."""


async def test_a_late_joiner_gets_the_past_then_live():
    gate = anyio.Event()
    async with Relay(Source("a", "b", gate, "c")) as relay:
        await begun(relay, 2)
        async with relay.view() as late:
            assert [data(await anext(late))["text"] for _ in "ab"] == ["a", "b"]
            gate.set()
            rest = await words(late)
    assert [event.event for event in rest] == ["delta", "done"]
    assert (texts(rest), offsets(rest)) == ("c", [2, 3])


async def test_a_viewer_begins_at_an_offset_or_after_an_id():
    async with Relay(Source("a", "b", "c")) as relay:
        whole = await words(relay.view())
        assert offsets(await words(relay.view(2))) == [2, 3]
        assert offsets(await words(relay.view(last_event_id=whole[0].id))) == [1, 2, 3]
        assert await words(relay.view(last_event_id=whole[-1].id)) == []


async def test_all_that_a_delta_says_is_relayed():
    call = ToolCallDelta(0, "call-1", "look", '{"a":1}')
    said = Delta("t", "r", (call,), 1, "tool_calls", received_ns=5)
    async with Relay(Source(said)) as relay:
        told = await words(relay.view())
    assert data(told[0]) == {
        "text": "t",
        "reasoning": "r",
        "tool_calls": [{"index": 0, "id": "call-1", "name": "look", "arguments": '{"a":1}'}],
        "index": 1,
        "finish_reason": "tool_calls",
    }


async def test_an_answer_is_relayed_as_it_comes():
    plays = [
        script.accepted(),
        script.says(script.chunk("Hel"), script.chunk("lo"), script.done(2)),
    ]
    client, transport = script.client_of(*plays)
    async with Relay(client.stream("Hello?")) as relay:
        assert texts(await words(relay.view())) == "Hello"
    assert transport.open == 0


async def test_an_offset_may_still_be_to_come():
    gate = anyio.Event()
    async with Relay(Source("a", gate, "b", "c")) as relay:
        await begun(relay, 1)
        viewer = relay.view(2)
        gate.set()
        assert texts(await words(viewer)) == "c"


async def test_a_relay_may_be_the_source_of_another():
    async with Relay(Source("a", anyio.Event())) as first:
        await begun(first, 1)
        async with Relay(first.view()) as second:
            viewer = second.view()
            assert data(await anext(viewer))["event"] == "delta"
            first._fail(StoreError("gone"))
            told = await words(viewer)
    assert (told[-1].event, data(told[-1])["message"]) == ("error", "gone")


async def test_structs_are_told_under_their_own_name_and_other_values_as_messages():
    async with Relay(Source(Cue(1.5, "Hi"), {"a": 1})) as relay:
        told = await words(relay.view())
    assert [event.event for event in told] == ["cue", "message", "done"]
    assert [data(event) for event in told] == [{"start": 1.5, "text": "Hi"}, {"a": 1}, {}]


async def test_returning_a_thousand_times_leaves_no_gap_and_no_repeat():
    dice, pieces = random.Random(7), [f"{number} " for number in range(3000)]
    seen, returns = [], 0
    async with Relay(Source(*pieces)) as relay:
        while returns < 1000 or not seen or seen[-1].event != "done":
            last = seen[-1].id if seen else None
            async with relay.view(last_event_id=last) as viewer:
                for _ in range(dice.randint(0, 5) if returns < 1000 else 10_000):
                    if (event := await anext(viewer, None)) is None:
                        break
                    seen.append(event)
            returns += 1
        assert relay.viewers == 0
    assert offsets(seen) == list(range(3001))
    assert texts(seen) == "".join(pieces)


@pytest.mark.parametrize("policy", ["wait", "snapshot", "disconnect"])
async def test_a_stuck_viewer_costs_the_others_nothing(policy):
    pieces = [f"{number} " for number in range(500)]
    source = Source("0 ", *pieces)
    async with Relay(source) as relay:
        stuck = relay.view(policy=policy, max_lag=20)
        others = [relay.view() for _ in range(5)]
        for other in others:
            assert texts(await words(other)) == "0 " + "".join(pieces)
        if policy == "disconnect":
            with pytest.raises(SlowViewerError, match="behind: at most 20"):
                await words(stuck)
            return
        told = await words(stuck)
    assert texts(told) == "0 " + "".join(pieces)
    assert len(told) == (502 if policy == "wait" else 2)


async def test_a_late_joiner_is_not_a_slow_one():
    async with Relay(Source(*"abcdefgh")) as relay:
        await relay.wait()
        told = await words(relay.view(policy="disconnect", max_lag=1))
    assert texts(told) == "abcdefgh"


async def test_a_stuck_viewer_is_let_go_without_reading():
    dropped = anyio.Event()
    async with Relay(Source(*"abcdefgh")) as relay:
        viewer = relay.view(policy="disconnect", max_lag=2)
        viewer.on_disconnect = dropped.set
        with anyio.fail_after(5):
            await dropped.wait()


async def test_leaving_stops_nothing():
    gate = anyio.Event()
    source = Source("a", gate, "b")
    async with Relay(source) as relay:
        async with relay.view() as viewer:
            await anext(viewer)
        assert (relay.viewers, source.closed) == (0, 0)
        gate.set()
        assert texts(await words(relay.view())) == "ab"
    assert source.closed == 1


async def test_leaving_ends_a_reader_that_waits():
    told: list[object] = []
    async with Relay(Source("a", anyio.Event())) as relay:
        viewer = relay.view()

        async def read() -> None:
            told.extend(await words(viewer))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await begun(relay, 1)
            await anyio.wait_all_tasks_blocked()
            await viewer.aclose()
    assert len(told) == 1


async def test_stopping_ends_it_for_everybody_and_closes_the_source():
    source = Source("a", anyio.Event())
    async with Relay(source) as relay:
        viewer = relay.view()
        await begun(relay, 1)
        await relay.stop()
        assert source.closed == 1
        told = await words(viewer)
        assert [event.event for event in told] == ["delta", "stopped"]
        assert data(told[-1])["choices"][0]["text"] == "a"
        await relay.stop()
        assert relay.ended


async def test_any_number_may_stop_it_at_once():
    store, source = MemoryStore(), Source("a", anyio.Event())
    async with Relay(source, store=store) as relay, Relay(source, store=store) as other:
        viewer = relay.view()
        await begun(other, 1)
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                for each in (relay, other, relay, other):
                    tasks.start_soon(each.stop)
        told = await words(viewer)
    assert [event.event for event in told] == ["delta", "stopped"]


async def test_a_stop_that_comes_too_late_lets_the_lease_go():
    store = MemoryStore()
    async with Relay(Source("a", anyio.Event()), store=store) as relay:
        await begun(relay, 1)
    with pytest.raises(StoreError, match="closed before"):
        await relay.stop()
    assert await store.lease(1) is not None


async def test_what_a_source_fails_with_reaches_every_viewer():
    source = Source("a", "b", TaskFailedError("no credit", code="quota"))
    async with Relay(source) as relay:
        early = await words(relay.view())
        assert early == await words(relay.view())
    assert [event.event for event in early] == ["delta", "delta", "error"]
    failure = data(early[-1])
    assert (failure["type"], failure["message"]) == ("TaskFailedError", "no credit (code quota)")
    assert failure["partial"][0]["text"] == "ab"


async def test_a_foreign_error_is_not_told_in_its_own_words():
    async with Relay(Source("a", KeyError("secret"))) as relay:
        failure = data((await words(relay.view()))[-1])
    assert failure["type"] == "KeyError"
    assert "secret" not in str(failure)


@pytest.mark.parametrize("value", [Done(), object()])
async def test_what_cannot_be_relayed_is_a_failure_of_the_source(value):
    async with Relay(Source(value)) as relay:
        told = await words(relay.view())
    assert [data(event)["type"] for event in told] == ["InvalidInputError"]


async def test_memory_is_bounded_and_a_snapshot_tells_what_was_dropped():
    pieces = [f"{number} " for number in range(2000)]
    async with Relay(Source(*pieces), store=MemoryStore(max_events=50)) as relay:
        await relay.wait()
        told = await words(relay.view())
        again = await words(relay.view(last_event_id=told[0].id))
    assert [event.event for event in told] == ["snapshot", "done"]
    assert texts(told) == "".join(pieces)
    assert [event.event for event in again] == ["done"]


async def test_what_no_snapshot_can_tell_is_a_named_error():
    cues = [Cue(number, "Hi") for number in range(30)]
    async with Relay(Source(*cues), store=MemoryStore(max_events=10)) as relay:
        await relay.wait()
        with pytest.raises(EventsGoneError, match="begins with event 21"):
            await words(relay.view())
        assert offsets(await words(relay.view(25))) == [25, 26, 27, 28, 29, 30]


async def test_a_slow_viewer_that_no_snapshot_can_help_reads_on():
    cues = [Cue(number, "Hi") for number in range(30)]
    async with Relay(Source(*cues)) as relay:
        viewer = relay.view(policy="snapshot", max_lag=5)
        await relay.wait()
        assert offsets(await words(viewer)) == list(range(31))


async def test_an_id_of_another_stream_without_a_snapshot_begins_with_the_first_event():
    async with Relay(Source(Cue(0, "a"), Cue(1, "b"))) as relay:
        await relay.wait()
        assert offsets(await words(relay.view(last_event_id="0123abcd.7"))) == [0, 1, 2]


async def test_a_text_beyond_the_bounds_has_no_snapshot():
    async with Relay(Source(*["x" * 100] * 50), store=MemoryStore(max_bytes=2000)) as relay:
        await relay.wait()
        with pytest.raises(EventsGoneError):
            await words(relay.view())


async def test_an_id_of_another_stream_begins_with_a_snapshot():
    async with Relay(Source("a", "b")) as relay:
        await relay.wait()
        for foreign in ("0123abcd.1", "nonsense", "", "."):
            told = await words(relay.view(last_event_id=foreign))
            assert texts(told) == "ab"
        assert told[0].event == "snapshot"


async def test_a_relay_that_is_left_early_says_so():
    async with Relay(Source("a", anyio.Event())) as relay:
        viewer = relay.view()
        await begun(relay, 1)
    assert texts([await anext(viewer)]) == "a"
    for _ in range(2):
        with pytest.raises(RelayClosedError):
            await anext(viewer)
    with pytest.raises(RelayClosedError):
        await relay.wait()


async def test_an_error_of_the_block_comes_out_as_it_was_raised():
    with pytest.raises(KeyError, match="mine"):
        async with Relay(Source("a", anyio.Event())):
            raise KeyError("mine")


async def test_silence_is_told_to_those_who_wait_for_blocks():
    async with Relay(Source("a", anyio.Event()), keepalive=0.01) as relay:
        async with relay.view() as viewer:
            assert (await viewer.block()).startswith(b"id: ")
            assert await viewer.block() == b": keep-alive\n\n"


def test_no_viewer_waits_longer_than_the_keepalive_for_a_sign_of_life():
    """Whenever it came, and also right after an event: what is between may close idle sockets."""

    async def main() -> list[float]:
        gaps: list[float] = []

        async def watch(relay: Relay, joined: float) -> None:
            await trio.sleep(joined)
            async with relay.view() as viewer:
                at = trio.current_time()
                while await viewer.block():
                    gaps.append(trio.current_time() - at)
                    at = trio.current_time()

        async def source():
            for pause in (1, 14.9, 0.2, 100):
                await trio.sleep(pause)
                yield Delta("a")

        async with Relay(source()) as relay, trio.open_nursery() as nursery:
            for joined in (0, 7.3, 14.9, 31):
                nursery.start_soon(watch, relay, joined)
        return gaps

    gaps = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(gaps) > 20
    assert max(gaps) <= 15.0


async def test_values_out_of_range_are_refused():
    for options in ({"keepalive": 0}, {"lease": -1}):
        with pytest.raises(InvalidInputError):
            Relay(Source(), **options)
    with pytest.raises(InvalidInputError, match="max_events"):
        MemoryStore(max_events=0)
    for source in ("text", ["a"], None):
        with pytest.raises(InvalidInputError, match="cannot be relayed"):
            Relay(source)
    async with Relay(Source()) as relay:
        for options in ({"offset": -1}, {"policy": "no"}, {"max_lag": 0}):
            with pytest.raises(InvalidInputError):
                relay.view(**options)


async def test_another_relay_takes_over_where_the_first_was_left():
    store, first = MemoryStore(), Source("The qu", "ick ", anyio.Event())
    held = await store.lease(30)
    async with Relay(Source("The ", "quick brown", " fox"), store=store, lease=0.3) as heir:
        viewer = heir.view()
        await anyio.wait_all_tasks_blocked()
        await store.release(held)
        async with Relay(first, store=store, lease=0.3) as relay:
            await begun(relay, 2)
        told = await words(viewer)
    assert (texts(told), first.closed) == ("The quick brown fox", 1)
    assert offsets(told) == list(range(5))


async def test_a_producer_that_says_nothing_more_is_replaced_and_fenced(caplog):
    caplog.set_level("INFO", "foxstream.relay")
    store = MemoryStore()
    lease = await store.lease(0.2)
    await store.append(lease, Entry(0, "delta", b'{"text":"The qu"}'))
    async with Relay(Source("The quick", " fox"), store=store, lease=1) as relay:
        told = await words(relay.view())
    assert texts(told) == "The quick fox"
    with pytest.raises(LeaseLostError):
        await store.append(lease, Entry(1, "delta", b'{"text":"late"}'))
    assert not await store.renew(lease, 1.0)
    assert [record.getMessage() for record in caplog.records] == [
        "the lease is won, the source is read"
    ]


async def test_a_second_telling_that_differs_is_told():
    store = MemoryStore()
    lease = await store.lease(30)
    await store.append(lease, Entry(0, "delta", b'{"text":"The quick"}'))
    await store.release(lease)
    async with Relay(Source("A slow"), store=store) as relay:
        told = await words(relay.view())
    assert data(told[-1])["type"] == "StreamDivergedError"
    assert data(told[-1])["partial"][0]["text"] == "The quick"


@pytest.mark.parametrize(
    ("values", "last"),
    [
        ((Cue(0, "a"), Cue(1, "b"), Cue(2, "c")), "done"),
        ((Cue(0, "a"), Cue(1, "x")), "error"),
        ((Cue(0, "a"),), "error"),
    ],
    ids=["same", "different", "short"],
)
async def test_cues_are_compared_one_by_one(values, last):
    store = MemoryStore()
    lease = await store.lease(30)
    for offset, cue in enumerate((Cue(0, "a"), Cue(1, "b"))):
        await store.append(lease, Entry(offset, "cue", msgspec.json.encode(cue)))
    await store.release(lease)
    async with Relay(Source(*values), store=store) as relay:
        told = await words(relay.view())
    assert told[-1].event == last
    assert offsets(told) == list(range(len(values) + 1 if last == "done" else 3))


async def test_any_relay_of_a_stream_can_stop_it():
    store = MemoryStore()
    source = Source("a", anyio.Event())
    async with Relay(source, store=store, lease=1) as first:
        await begun(first, 1)
        async with Relay(Source("a", "b"), store=store, lease=1) as second:
            await second.stop()
            assert [e.event for e in await words(first.view())] == ["delta", "stopped"]
    assert source.closed == 1


async def test_a_source_that_cannot_be_opened_again_is_read_once():
    store = MemoryStore()
    async with Relay(Source("a", anyio.Event())(), store=store, lease=1) as first:
        await begun(first, 1)
        lease = await store.lease(5, seize=True)
        await store.append(lease, Entry(1, "delta", b'{"text":"b"}'))
        await store.append(lease, Entry(2, "done", b"{}"))
        assert texts(await words(first.view())) == "ab"


async def test_a_source_that_cannot_be_opened_again_leaves_nobody_waiting():
    """Its lease is lost, and whoever took it is gone without a word."""
    store, gate = MemoryStore(), anyio.Event()
    async with Relay(Source("a", gate, "b")(), store=store, lease=0.1) as relay:
        await begun(relay, 1)
        await store.lease(0.2, seize=True)
        gate.set()
        with anyio.fail_after(5), pytest.raises(LeaseLostError, match="cannot be read again"):
            await words(relay.view())
    assert await store.lease(1) is not None


async def test_a_loop_that_stood_still_loses_no_lease_to_nobody():
    store = MemoryStore()
    lease = await store.lease(0.001)
    await anyio.sleep(0.01)
    await store.append(lease, Entry(0, "delta", b"{}"))
    assert await store.renew(lease, 0.001)
    await anyio.sleep(0.01)
    assert await store.lease(1) is not None
    with pytest.raises(LeaseLostError):
        await store.append(lease, Entry(1, "delta", b"{}"))


class BrokenStore(MemoryStore):
    """Fails once, at the fourth entry."""

    broken = False

    async def append(self, lease, entry, snapshot=None):
        if entry.offset == 3 and not self.broken:
            self.broken = True
            raise StoreError("the store is gone")
        await super().append(lease, entry, snapshot)


async def test_a_store_that_goes_away_is_a_clear_error_after_what_was_appended():
    store = BrokenStore()
    async with Relay(Source(*"abcdef"), store=store) as relay:
        viewer = relay.view()
        assert texts([await anext(viewer) for _ in range(3)]) == "abc"
        with anyio.fail_after(5), pytest.raises(StoreError, match="is gone"):
            await anext(viewer)
    assert await store.end() == 3
    async with Relay(Source("abcd", "ef"), store=store) as heir:
        told = await words(heir.view())
    assert (texts(told), offsets(told)) == ("abcdef", [0, 1, 2, 3, 4, 5])


class DeafStore(MemoryStore):
    """Takes entries, but renews no lease."""

    async def renew(self, lease, seconds):
        raise StoreError("no answer")


async def test_a_lease_that_cannot_be_renewed_is_let_go_and_taken_again():
    source = Source("a", anyio.Event())
    async with Relay(source, store=DeafStore(), lease=0.03) as relay:
        viewer = relay.view()
        await anext(viewer)
        with anyio.fail_after(5):
            while source.closed < 2:  # noqa: ASYNC110 (nobody tells of it)
                await anyio.sleep(0.01)
        source.steps = ("ab", "c")
        assert texts(await words(viewer)) == "bc"


async def test_a_relay_is_entered_once_and_serves_from_then_on():
    relay = Relay(Source("a"))
    with pytest.raises(RuntimeError, match="not entered"):
        relay.view()
    async with relay:
        with pytest.raises(RuntimeError, match="once"):
            await relay.__aenter__()


async def test_a_state_of_ones_own_stands_for_what_is_gone():
    store = MemoryStore(max_events=2)
    generation = await store.generation()
    async with Relay(Source(1, 2, 3, 4), store=store) as relay:
        await relay.wait()

        def state() -> Event:
            return Event("state", b"6", f"{generation}.2")

        async with relay.view(state=state) as viewer:
            fresh = await words(viewer)
        async with relay.view(last_event_id=f"{generation}.0", state=state) as viewer:
            behind = await words(viewer)
        async with relay.view(last_event_id=f"{generation}.3", state=state) as viewer:
            ahead = await words(viewer)
    assert [event.data for event in fresh] == [b"6", b"4", b"{}"]
    assert behind == fresh
    assert [event.event for event in ahead] == ["done"]
