"""A store on Redis Streams: several replicas serve one stream.

House rule: the one room that speaks to Redis, through its official client. Foreign errors are
translated here, once. It runs on asyncio, as that client does.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from typing import Any, cast

from foxstream.errors import InvalidInputError, MissingExtraError
from foxstream.relay.bounds import Bounds
from foxstream.relay.entries import SNAPSHOT, Entry
from foxstream.relay.errors import LeaseLostError, StoreError
from foxstream.relay.redis_scripts import APPEND, LEASE, LOST, MISPLACED, RELEASE, RENEW
from foxstream.relay.stores import Lease, Page

try:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError, ResponseError
except ImportError as _missing:
    raise MissingExtraError('RedisStore needs redis: pip install "foxstream[redis]"') from _missing

__all__ = ["RedisStore"]

_PAGE = 500
_Fields = dict[bytes, bytes]
_Read = list[tuple[bytes, _Fields]]
_Found = dict[bytes, list[_Read]] | list[tuple[bytes, _Read]] | None
_Both = tuple[_Found, tuple[bytes | None, bytes | None]]


class RedisStore:
    """Keeps the stream called `name` in Redis, in three keys that begin with `foxstream:`.

    `redis` is a `redis.asyncio.Redis`; it stays the caller's to close, and must not decode what
    it reads (`InvalidInputError`). What was appended is kept for `retention` seconds after the
    last entry, or after the last relay that was opened or waited for the lease. `InvalidInputError`
    also for bounds, and a retention, that are less than one.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        *,
        max_events: int = 10_000,
        max_bytes: int = 8 * 1024 * 1024,
        retention: int = 900,
    ) -> None:
        settings = _settings(redis)
        if settings.get("decode_responses"):
            raise InvalidInputError(
                "the Redis client decodes what it reads: decode_responses=False"
            )
        if retention < 1:
            raise InvalidInputError(f"retention is {retention}: at least 1 second")
        self.bounds: Bounds = Bounds(max_events, max_bytes)
        self._redis: Any = redis  # the client's own types promise either sync or async answers
        self._keys = [f"foxstream:{{{name}}}:{part}" for part in ("lease", "state", "log")]
        self._retention = retention
        self._longest_wait = (settings.get("socket_timeout") or math.inf) / 2
        self._generation: bytes | None = None

    async def generation(self) -> str:
        """What tells this stream from an earlier one of the same name."""
        _, key, log = self._keys
        with _translated():
            await self._redis.hsetnx(key, "generation", secrets.token_hex(4))
            await self._redis.hsetnx(key, "end", 0)
            await self._redis.expire(key, self._retention)
            await self._redis.expire(log, self._retention)
            self._generation = cast("bytes", await self._redis.hget(key, "generation"))
        return self._generation.decode()

    async def lease(self, seconds: float, *, seize: bool = False) -> Lease | None:
        """Take the lease; `None` while another holds it."""
        milliseconds = round(seconds * 1000)
        arguments = (secrets.token_hex(4), milliseconds, int(seize), self._retention)
        token = await self._run(LEASE, *arguments)
        return Lease(token) if token else None

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """Hold the lease longer; false where it is lost."""
        return bool(await self._run(RENEW, lease.token, round(seconds * 1000), self._retention))

    async def release(self, lease: Lease) -> None:
        """Let the lease go, if it is still held."""
        await self._run(RELEASE, lease.token)

    async def append(self, lease: Lease, entry: Entry, snapshot: Entry | None = None) -> None:
        """Append the entry; `LeaseLostError` where the lease is lost."""
        bounds = (self.bounds.max_events, self.bounds.max_bytes, self._retention, entry.size)
        told = b"" if snapshot is None else snapshot.data
        words = (entry.event, entry.data)
        end = await self._run(APPEND, lease.token, entry.offset, *words, *bounds, told)
        if end == LOST:
            raise LeaseLostError("another producer may write the stream now")
        if end == MISPLACED:
            raise StoreError(f"the log in Redis does not end before event {entry.offset}")

    async def end(self) -> int:
        """The offset of the next entry."""
        with _translated():
            return int(await self._redis.hget(self._keys[1], "end") or 0)

    async def read(self, offset: int, wait: float) -> Page:
        """Read from an offset on, after waiting at most so many seconds for there to be some.

        `StoreError` where the log is not there any more, or another one is in its place.
        """
        entries = await self._read(offset, min(wait, self._longest_wait))
        if not entries or entries[0].offset == offset:
            return Page(entries)
        snapshot = await self._snapshot()
        if snapshot is None:
            return Page(entries)
        return Page(await self._read(snapshot.offset + 1, 0), snapshot)

    async def _read(self, offset: int, wait: float) -> tuple[Entry, ...]:
        block = max(1, round(wait * 1000)) if wait > 0 else None
        log = {self._keys[2]: f"0-{offset}"}
        with _translated():
            both = self._redis.pipeline(transaction=block is None)
            both.xread(log, count=_PAGE, block=block)
            both.hmget(self._keys[1], ["generation", "end"])  # answered after the waiting
            found, (generation, end) = cast("_Both", await both.execute())
        unread = int(end or 0) - offset
        if unread > 0 and not found and block is not None:  # it came after the waiting
            return await self._read(offset, 0)
        gone = unread < 0 or (unread > 0 and not found)
        if gone or generation != (self._generation or generation):
            raise StoreError("Redis has lost the log")
        return tuple(_entry(id, fields) for id, fields in _listed(found))

    async def _snapshot(self) -> Entry | None:
        with _translated():
            told = await self._redis.hmget(self._keys[1], ["snapshot_at", "snapshot"])
        at, data = cast("list[bytes | None]", told)
        return None if at is None or data is None else Entry(int(at), SNAPSHOT, data)

    async def _run(self, script: str, *arguments: object) -> int:
        with _translated():
            answer = self._redis.eval(script, len(self._keys), *self._keys, *arguments)
            return int(cast("int", await cast("Awaitable[object]", answer)))


def _settings(redis: object) -> dict[str, Any]:
    """Those of each connection of the client."""
    if not isinstance(redis, Redis):
        kind = f"{type(redis).__module__}.{type(redis).__qualname__}"
        raise InvalidInputError(f"RedisStore needs a redis.asyncio.Redis, not a {kind}")
    return cast("Any", redis).connection_pool.connection_kwargs


def _listed(found: _Found) -> _Read:
    """The entries of the one stream that was read, as both protocols of Redis tell them."""
    if not found:
        return []
    if isinstance(found, dict):
        return next(iter(found.values()))[0]
    return found[0][1]


def _entry(id: bytes, fields: _Fields) -> Entry:
    return Entry(int(id.partition(b"-")[2]) - 1, fields[b"event"].decode(), fields[b"data"])


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except ResponseError as error:
        raise StoreError(f"Redis refuses what it is asked: {error}") from error
    except (RedisError, OSError) as error:
        raise StoreError(f"Redis does not answer: {error}") from error
