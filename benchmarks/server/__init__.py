"""The server that all riders read from, in a process of its own.

House rule: what is sent is made ready before it is asked for, so that the server is never what a
rider waits for; where it was all the same, its own `Load` says so.
"""
