"""What coverage does not watch: it makes three times as long of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["unmeasured", "untraced"]


@pytest.fixture(scope="module", autouse=True)
def unmeasured() -> Iterator[None]:
    """What the tests of this module start lives histories, or is measured by the benchmarks."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
            environment.delenv(name, raising=False)
        yield


@contextmanager
def untraced() -> Iterator[None]:
    """A block, or a test, that does thousands of times what is traced elsewhere."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
