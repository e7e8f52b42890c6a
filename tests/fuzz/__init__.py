"""Fuzzing: what must hold for any bytes, and the search for bytes for which it does not.

`python -m tests.fuzz --seconds 40` searches; `--replay FILE` looks at what it found.
"""
