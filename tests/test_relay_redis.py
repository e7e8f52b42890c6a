"""The store on Redis Streams, with a real server: leases, fencing, bounds, replicas that die."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest
import redis as redis_module
from anyio import to_thread
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from foxstream import Client
from foxstream.errors import InvalidInputError
from foxstream.gateway import ScriptedEngine, Wait, running_gateway
from foxstream.relay import LeaseLostError, RedisStore, Relay, StoreError
from foxstream.relay.entries import Entry
from tests.gatewaykit import ON_ASYNCIO
from tests.processes import running
from tests.redisserver import RedisServer, needs_redis, redis_server
from tests.relaykit import Source, begun, data, offsets, texts, words

pytestmark = [*ON_ASYNCIO, needs_redis]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
async def redis(server: RedisServer, anyio_backend: object) -> AsyncIterator[Redis]:
    async with Redis(host="127.0.0.1", port=server.port) as client:
        await client.flushall()
        yield client


def delta(offset: int, text: str) -> Entry:
    return Entry(offset, "delta", b'{"text":"%b"}' % text.encode())


async def test_what_is_appended_is_read_by_any_store_of_that_name(redis):
    store, other = RedisStore(redis, "a"), RedisStore(redis, "a")
    lease = await store.lease(10)
    for offset in range(3):
        await store.append(lease, delta(offset, "x"))
    assert await other.generation() == await store.generation()
    assert await other.generation() != await RedisStore(redis, "b").generation()
    assert await other.end() == 3
    assert (await other.read(1, 0)).entries == (delta(1, "x"), delta(2, "x"))
    assert (await other.read(3, 0.01)).entries == ()


async def test_a_read_waits_for_what_comes(redis):
    store = RedisStore(redis, "a")
    lease = await store.lease(10)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.append, lease, delta(0, "x"))
        with anyio.fail_after(5):
            assert (await store.read(0, 4)).entries == (delta(0, "x"),)


async def test_one_holds_the_lease_and_who_lost_it_appends_nothing(redis):
    store = RedisStore(redis, "a")
    first = await store.lease(10)
    assert await store.lease(10) is None
    second = await store.lease(10, seize=True)
    assert second.token > first.token
    with pytest.raises(LeaseLostError):
        await store.append(first, delta(0, "late"))
    assert not await store.renew(first, 10)
    await store.release(first)
    await store.append(second, delta(0, "x"))
    assert await store.renew(second, 0.02)
    await anyio.sleep(0.05)
    with pytest.raises(LeaseLostError):
        await store.append(second, delta(1, "late"))
    assert (await store.read(0, 0)).entries == (delta(0, "x"),)
    assert (await store.lease(10)).token > second.token


async def test_an_entry_that_is_appended_twice_is_there_once(redis):
    store = RedisStore(redis, "a")
    lease = await store.lease(10)
    await store.append(lease, delta(0, "x"))
    await store.append(lease, delta(0, "x"))
    assert await store.end() == 1
    with pytest.raises(StoreError, match="does not end before event 5"):
        await store.append(lease, delta(5, "x"))


@pytest.mark.parametrize(
    ("bounds", "most"), [({"max_events": 20}, 20), ({"max_bytes": 30_000}, 150)]
)
async def test_redis_keeps_no_more_than_the_bounds(redis, bounds, most):
    pieces = [f"{number} " for number in range(300)]
    async with Relay(Source(*pieces), store=RedisStore(redis, "a", **bounds)) as relay:
        await relay.wait()
    assert await redis.xlen("foxstream:{a}:log") <= most
    async with Relay(Source(), store=RedisStore(redis, "a", **bounds)) as late:
        await late.wait()
        told = await words(late.view())
    assert told[0].event == "snapshot"
    assert texts(told) == "".join(pieces)
    assert told[-1].event == "done"


async def test_all_of_it_goes_after_its_retention(redis):
    async with Relay(Source("a"), store=RedisStore(redis, "a", retention=100)) as relay:
        await relay.wait()
    for part in ("state", "log"):
        assert 0 < await redis.ttl(f"foxstream:{{a}}:{part}") <= 100
    assert await redis.exists("foxstream:{a}:lease") == 0


async def test_a_viewer_returns_to_another_replica(redis):
    pieces = [f"{number} " for number in range(200)]
    seen = []
    async with (
        Relay(Source(*pieces), store=RedisStore(redis, "a")) as one,
        Relay(Source(*pieces), store=RedisStore(redis, "a")) as two,
    ):
        for turn in range(1000):
            last = seen[-1].id if seen else None
            async with (one, two)[turn % 2].view(last_event_id=last) as viewer:
                if (event := await anext(viewer, None)) is None:
                    break
                seen.append(event)
    assert offsets(seen) == list(range(201))
    assert texts(seen) == "".join(pieces)


async def test_connections_that_break_lose_nothing_and_repeat_nothing(redis):
    gates = [anyio.Event() for _ in range(5)]
    steps = [step for number, gate in enumerate(gates) for step in (f"{number} ", gate)]
    async with Relay(Source(*steps), store=RedisStore(redis, "a")) as relay:
        viewer = relay.view()
        told = []
        for gate in gates:
            told.append(await anext(viewer))
            await redis.client_kill_filter(_type="normal", skipme=False)
            gate.set()
        told += await words(viewer)
    assert texts(told) == "0 1 2 3 4 "
    assert offsets(told) == list(range(6))


async def test_a_client_that_decodes_is_refused(server):
    async with Redis(host="127.0.0.1", port=server.port, decode_responses=True) as client:
        with pytest.raises(InvalidInputError, match="decode_responses"):
            RedisStore(client, "a")


async def test_a_log_that_redis_has_lost_is_an_error(redis):
    async with Relay(Source("a", anyio.Event()), store=RedisStore(redis, "a")) as relay:
        await begun(relay, 1)
        await redis.flushall()
        with anyio.fail_after(10), pytest.raises(StoreError):
            await relay.wait()


async def test_a_log_that_is_gone_though_its_state_is_not_is_an_error(redis):
    async with Relay(Source("a"), store=RedisStore(redis, "a")) as relay:
        await relay.wait()
    await redis.delete("foxstream:{a}:log")
    async with Relay(Source("a"), store=RedisStore(redis, "a")) as late:
        with anyio.fail_after(5), pytest.raises(StoreError, match="has lost the log"):
            await late.wait()


async def test_opening_it_keeps_the_log_as_long_as_the_state(redis):
    async with Relay(Source("a"), store=RedisStore(redis, "a", retention=50)) as relay:
        await relay.wait()
    for opened in (RedisStore(redis, "a").generation(), RedisStore(redis, "a").lease(1)):
        await redis.expire("foxstream:{a}:log", 50)
        await opened
        assert await redis.ttl("foxstream:{a}:log") > 800


async def test_a_short_timeout_of_the_client_is_no_failure_of_redis(server):
    gate, impatient = anyio.Event(), Retry(NoBackoff(), 0)
    async with Redis(
        host="127.0.0.1", port=server.port, socket_timeout=0.2, retry=impatient
    ) as client:
        async with Relay(Source("a", gate, "b"), store=RedisStore(client, "quick")) as relay:
            await begun(relay, 1)
            await anyio.sleep(0.5)  # longer than the client would wait for an answer
            gate.set()
            assert texts(await words(relay.view())) == "ab"


async def test_what_is_no_client_of_asyncio_is_refused(server):
    with pytest.raises(InvalidInputError, match=r"needs a redis.asyncio.Redis, not a redis.client"):
        RedisStore(redis_module.Redis(host="127.0.0.1", port=server.port), "a")


async def test_a_retention_that_keeps_nothing_is_refused(redis):
    with pytest.raises(InvalidInputError, match="retention is 0"):
        RedisStore(redis, "a", retention=0)


async def test_redis_gone_in_mid_stream_is_a_clear_error():
    gate = anyio.Event()
    with redis_server() as server:
        impatient = Retry(NoBackoff(), 1)
        async with Redis(host="127.0.0.1", port=server.port, retry=impatient) as client:
            async with Relay(Source("a", "b", gate, "c"), store=RedisStore(client, "a")) as relay:
                viewer = relay.view()
                await begun(relay, 2)
                server.kill()
                gate.set()
                assert texts([await anext(viewer), await anext(viewer)]) == "ab"
                with anyio.fail_after(30), pytest.raises(StoreError, match="does not answer"):
                    await anext(viewer)


@pytest.mark.parametrize("protocol", [2, 3])
async def test_both_protocols_of_redis_are_spoken(redis, server, protocol):
    async with Redis(host="127.0.0.1", port=server.port, protocol=protocol) as client:
        async with Relay(Source("a", "b"), store=RedisStore(client, "a")) as relay:
            assert texts(await words(relay.view())) == "ab"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
async def test_a_replica_that_goes_silent_is_replaced_and_nobody_sees_it(redis, server, how):
    """The heir attaches to the same task; one that wakes up again can append nothing."""
    pieces = [f"{number} " for number in range(80)]
    script = [step for piece in pieces for step in (piece, Wait(0.02))]
    async with running_gateway(ScriptedEngine(script)) as url, Client(base_url=url) as client:
        with running("replica", url, server.port) as replica:
            task_id = await to_thread.run_sync(replica.line)
            store = RedisStore(redis, task_id)
            async with Relay(lambda: client.attach(task_id), store=store, lease=0.3) as heir:
                viewer = heir.view()
                told = [await anext(viewer) for _ in range(10)]
                replica.send_signal(how)
                told += [await anext(viewer) for _ in range(40)]
                replica.send_signal(signal.SIGCONT)
                told += await words(viewer)
            assert await to_thread.run_sync(replica.wait, 10) == (
                0 if how is signal.SIGSTOP else -9
            )
    assert texts(told) == "".join(pieces)
    assert offsets(told) == list(range(len(told)))
    assert (told[-1].event, data(told[-1])) == ("done", {})
