"""A gateway that knows the truth: what it sends, and when it was about to send it.

House rule: it is a process of its own, so that what it does is in no figure of who measures it; its
instants are those of the same monotonic clock.
"""
