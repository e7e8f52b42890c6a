"""Stopwatches for time to first token, ours and others, before a gateway that knows the truth.

House rule: each is run by its own command, in a process of its own and at the settings that its
documentation recommends, and is judged by what it wrote down of each request. Nothing is read into
a figure that it did not tell.
"""
