"""A real Redis server, for the tests that need one."""

from __future__ import annotations

import pytest

from benchmarks.relays.redis import RedisServer, redis_server

__all__ = ["RedisServer", "needs_redis", "redis_server"]

needs_redis = pytest.mark.needs("redis")
