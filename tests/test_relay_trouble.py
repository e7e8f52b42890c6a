"""Redis in trouble: gone and back, empty, slow, misused; and who may speak to it."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import trustme
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff, NoBackoff

from foxstream.relay import Lease, RedisStore, Relay, StoreError
from foxstream.relay.entries import Entry
from tests.gatewaykit import ON_ASYNCIO
from tests.redisserver import RedisServer, needs_redis, redis_server
from tests.relaykit import Source, begun, data, offsets, texts, words

pytestmark = [*ON_ASYNCIO, needs_redis]

PATIENT = Retry(ConstantBackoff(0.05), 100)
IMPATIENT = Retry(NoBackoff(), 1)


async def begun_by(store: RedisStore, lease: Lease, text: str) -> None:
    """What another replica has said before it was gone."""
    await store.append(lease, Entry(0, "delta", b'{"text":"%b"}' % text.encode()))
    await store.release(lease)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@asynccontextmanager
async def client_of(server: RedisServer, retry: Retry = PATIENT) -> AsyncIterator[Redis]:
    async with Redis(host="127.0.0.1", port=server.port, retry=retry) as client:
        yield client


async def test_redis_that_is_gone_closes_the_source_and_what_was_told_stays(server):
    gate = anyio.Event()
    source = Source("a", "b", gate, "c")
    async with client_of(server, IMPATIENT) as redis:
        async with Relay(source, store=RedisStore(redis, "a")) as relay:
            await begun(relay, 2)
            server.kill()
            gate.set()
            with anyio.fail_after(30), pytest.raises(StoreError, match="does not answer"):
                await relay.wait()
            viewer = relay.view()
            assert texts([await anext(viewer), await anext(viewer)]) == "ab"
            with pytest.raises(StoreError, match="does not answer"):
                await anext(viewer)
        assert source.closed == 1


async def test_redis_that_comes_back_with_its_data_is_waited_for(tmp_path: Path):
    gates = [anyio.Event() for _ in range(3)]
    source = Source("a", gates[0], "b", gates[1], "c", gates[2])
    with redis_server(folder=tmp_path) as server:
        async with client_of(server) as redis:
            async with Relay(source, store=RedisStore(redis, "a")) as relay:
                viewer = relay.view()
                told = [await anext(viewer)]
                for gate in gates:
                    server.kill()
                    gate.set()
                    await anyio.to_thread.run_sync(server.start)
                with anyio.fail_after(30):
                    told += [event async for event in viewer]
    assert (texts(told), offsets(told)) == ("abc", [0, 1, 2, 3])


async def test_after_a_failure_another_relay_goes_on_where_the_log_ends(tmp_path: Path):
    gate = anyio.Event()
    with redis_server(folder=tmp_path) as server, anyio.fail_after(30):
        async with client_of(server, IMPATIENT) as redis:
            first, store = Source("The qu", "ick ", gate), RedisStore(redis, "a")
            async with Relay(first, store=store, lease=0.3) as one:
                viewer = one.view()
                told = [await anext(viewer), await anext(viewer)]
                server.kill()
                with pytest.raises(StoreError):
                    await anext(viewer)
            await anyio.to_thread.run_sync(server.start)
            again = Source("The quick ", "brown fox")
            async with Relay(again, store=RedisStore(redis, "a"), lease=0.3) as two:
                told += await words(two.view(last_event_id=told[-1].id))
    assert (texts(told), offsets(told)) == ("The quick brown fox", [0, 1, 2, 3])


async def test_redis_that_comes_back_empty_is_an_error_and_not_another_stream(server):
    gate = anyio.Event()
    async with client_of(server) as redis:
        async with Relay(Source("a", "b", gate, "c"), store=RedisStore(redis, "a")) as relay:
            viewer = relay.view()
            told = [await anext(viewer), await anext(viewer)]
            server.kill()
            await anyio.to_thread.run_sync(server.start)
            gate.set()
            with anyio.fail_after(30), pytest.raises(StoreError):
                told += [event async for event in viewer]
    assert (texts(told), offsets(told)) == ("ab", [0, 1])


async def test_a_log_that_was_replaced_by_a_longer_one_is_not_taken_for_it(server):
    """The next offset is there again, but it follows other words."""
    async with client_of(server) as redis:
        async with Relay(Source("a", "b", anyio.Event()), store=RedisStore(redis, "a")) as relay:
            viewer = relay.view()
            told = [await anext(viewer), await anext(viewer)]
            await redis.flushall()
            store = RedisStore(redis, "a")
            async with Relay(Source(*"ABCDEF"), store=store, lease=0.1) as other:
                with anyio.fail_after(10), pytest.raises(StoreError):
                    told += [event async for event in viewer]
                fresh = await words(other.view(last_event_id=told[-1].id))
    assert texts(told) == "ab"
    assert (fresh[0].event, texts(fresh)) == ("snapshot", "ABCDEF")


async def test_of_two_sources_under_one_name_one_is_told_and_the_other_found_out(server):
    async with client_of(server) as redis:
        store = RedisStore(redis, "a")
        held = await store.lease(30)
        async with Relay(Source("A dog", " barks"), store=store, lease=0.2) as two:
            viewer = two.view()
            await begun_by(store, held, "The fox")
            assert texts([await anext(viewer)]) == "The fox"
            (last,) = await words(viewer)
    assert data(last)["type"] == "StreamDivergedError"
    assert data(last)["partial"][0]["text"] == "The fox"


@pytest.mark.parametrize("part", ["lease", "state", "log"])
async def test_a_key_of_another_type_is_refused_by_name(server, part):
    async with client_of(server) as redis:
        write = redis.set if part != "lease" else redis.rpush
        await write(f"foxstream:{{a}}:{part}", "not ours")
        with anyio.fail_after(10), pytest.raises(StoreError, match=r"refuses.*WRONGTYPE"):
            async with Relay(Source("a"), store=RedisStore(redis, "a")) as relay:
                await relay.wait()


@pytest.mark.parametrize("lease", [10.0, 0.3])
async def test_redis_that_is_slow_is_waited_for(server, lease):
    """Where the lease has run out meanwhile it is taken again."""
    gate = anyio.Event()
    async with client_of(server) as redis:
        source, store = Source("a", "b", gate, "c"), RedisStore(redis, "a")
        async with Relay(source, store=store, lease=lease) as relay:
            viewer = relay.view()
            told = [await anext(viewer), await anext(viewer)]
            server.process.send_signal(signal.SIGSTOP)
            gate.set()
            await anyio.sleep(1.0)
            server.process.send_signal(signal.SIGCONT)
            with anyio.fail_after(20):
                told += [event async for event in viewer]
    assert (texts(told), offsets(told)) == ("abc", [0, 1, 2, 3])


class TestAddresses:
    """Redis at a URL."""

    @pytest.fixture(autouse=True)
    def no_blocking_calls(self) -> None:
        """Redis' client reads certificates, and its own version, for each connection to a URL."""

    async def test_a_password_in_the_url_is_used_and_never_told(self):
        with redis_server("--requirepass", "secret-one") as server:
            address = f"127.0.0.1:{server.port}"
            async with Redis.from_url(f"redis://:secret-one@{address}") as redis:
                async with Relay(Source("a"), store=RedisStore(redis, "a")) as relay:
                    assert texts(await words(relay.view())) == "a"
            async with Redis.from_url(f"redis://:secret-two@{address}", retry=IMPATIENT) as redis:
                with pytest.raises(StoreError) as caught:
                    await Relay(Source("a"), store=RedisStore(redis, "a")).__aenter__()
            assert "secret" not in str(caught.value)

    async def test_redis_is_spoken_to_over_tls(self, tmp_path: Path):
        authority, own, ca = trustme.CA(), tmp_path / "own.pem", tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(ca))
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(own))
        files = (
            "--tls-cert-file",
            str(own),
            "--tls-key-file",
            str(own),
            "--tls-ca-cert-file",
            str(ca),
        )
        with redis_server(*files, "--tls-auth-clients", "no", tls=True) as server:
            url = f"rediss://127.0.0.1:{server.port}?ssl_ca_certs={ca}"
            async with Redis.from_url(url) as redis:
                async with Relay(Source("a", "b"), store=RedisStore(redis, "a")) as relay:
                    assert texts(await words(relay.view())) == "ab"
            with pytest.raises(StoreError, match="certificate"):
                async with Redis.from_url(url.partition("?")[0], retry=IMPATIENT) as redis:
                    await Relay(Source("a"), store=RedisStore(redis, "a")).__aenter__()
