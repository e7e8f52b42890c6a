"""What every test shares: the event loops it runs on."""

from __future__ import annotations

import pytest

BACKENDS = {
    "asyncio": ("asyncio", {"debug": True}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """asyncio in debug mode, asyncio on uvloop, trio; a test that needs one overrides it."""
    return request.param
