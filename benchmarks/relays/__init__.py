"""One stream to many viewers: foxstream's relay beside queues, over sockets, and over Redis.

House rule: every event carries its number and the instant at which the source made it, so that a
viewer who misses one, gets one twice or gets it late is found out wherever it sits.
"""
