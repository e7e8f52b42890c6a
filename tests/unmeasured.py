"""Processes that coverage does not watch: they are three times slower under it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

__all__ = ["unmeasured"]


@pytest.fixture(scope="module", autouse=True)
def unmeasured() -> Iterator[None]:
    """What the tests of this module start lives histories, or is measured by the benchmarks."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
            environment.delenv(name, raising=False)
        yield
