"""What Redis does in one step, in its own language.

House rule: who checks the lease also writes, in the same script; nothing can come between. The
keys are the lease, the state and the log, which share a hash tag and so a node of a cluster.
"""

from __future__ import annotations

__all__ = ["APPEND", "LEASE", "LOST", "MISPLACED", "RELEASE", "RENEW"]

LOST = -1
"""What `APPEND` returns where the lease is lost."""

MISPLACED = -2
"""What `APPEND` returns where the log is not as long as the producer thinks."""

LEASE = """
-- generation, milliseconds, whether to seize, seconds to live
if redis.call('HGET', KEYS[2], 'generation') == false then
    redis.call('HSET', KEYS[2], 'generation', ARGV[1], 'end', 0, 'bytes', 0)
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('EXPIRE', KEYS[3], ARGV[4])
if ARGV[3] == '0' and redis.call('GET', KEYS[1]) then
    return 0
end
local token = redis.call('HINCRBY', KEYS[2], 'token', 1)
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
return token
"""

RENEW = """
-- token, milliseconds, seconds to live
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

RELEASE = """
-- token
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
return redis.call('DEL', KEYS[1])
"""

APPEND = """
-- token, offset, event, data, most events, most bytes, seconds to live, size, snapshot
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return -1
end
local offset = tonumber(ARGV[2])
local stop = tonumber(redis.call('HGET', KEYS[2], 'end') or '-1')
if offset == stop - 1 and redis.call('HGET', KEYS[2], 'by') == ARGV[1] then
    return stop
end
if offset ~= stop then
    return -2
end
local id = string.format('0-%d', offset + 1)
redis.call('XADD', KEYS[3], id, 'event', ARGV[3], 'data', ARGV[4], 'size', ARGV[8])
redis.call('HSET', KEYS[2], 'end', offset + 1, 'by', ARGV[1])
if ARGV[9] ~= '' then
    redis.call('HSET', KEYS[2], 'snapshot', ARGV[9], 'snapshot_at', offset)
end
local bytes = redis.call('HINCRBY', KEYS[2], 'bytes', ARGV[8])
local count = redis.call('XLEN', KEYS[3])
while count > 1 and (count > tonumber(ARGV[5]) or bytes > tonumber(ARGV[6])) do
    local oldest = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
    bytes = redis.call('HINCRBY', KEYS[2], 'bytes', -tonumber(oldest[2][6]))
    count = count - 1
    redis.call('XTRIM', KEYS[3], 'MAXLEN', '=', count)
end
redis.call('EXPIRE', KEYS[2], ARGV[7])
redis.call('EXPIRE', KEYS[3], ARGV[7])
return offset + 1
"""
