"""A disk with no room left, as far as this process is concerned."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["full_disk"]


@pytest.fixture
def full_disk():
    """Within `full_disk(size)` the kernel lets no file of this process grow beyond `size` bytes."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield _full
    signal.signal(signal.SIGXFSZ, before)


@contextmanager
def _full(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
