"""The gateway with injected truth: it saw what came, and what it was about to write."""

from __future__ import annotations

import time

import aiohttp
import pytest

from foxstream.bench.truth.process import truthful_gateway
from foxstream.bench.truth.script import Script

pytestmark = pytest.mark.anyio
_SCRIPT = Script(lead=0.01, interval=0.001, chunks=3, reasoning=1)


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request):
    return ("asyncio", {"use_uvloop": request.param == "uvloop"})


async def ask(url: str, request_id: str | None) -> None:
    body = {
        "model": "gemini-2.5-pro",
        "messages": [{"role": "user", "content": _SCRIPT.prompt}],
        "stream": True,
    }
    headers = {} if request_id is None else {"X-Request-ID": request_id}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{url}/v1/chat/completions", json=body) as answer:
            assert b"[DONE]" in await answer.read()


async def test_a_request_is_known_by_the_id_of_its_answer_and_comes_before_its_tokens():
    async with truthful_gateway() as gateway:
        before = time.monotonic_ns()
        for request_id in ("mine", None):
            await ask(gateway.url, request_id)
        seen, nothing = await gateway.seen(), await gateway.seen()
    assert seen.written.keys() == seen.arrivals.keys()
    arrivals = sorted(seen.arrivals.items(), key=lambda item: item[1].instant)
    assert [arrival.request_id for _, arrival in arrivals] == ["mine", None]
    for answer_id, arrival in arrivals:
        written = seen.written[answer_id]
        assert len(written) == 3
        assert before < arrival.instant < written[0] < written[2] < time.monotonic_ns()
    assert (nothing.written, nothing.arrivals) == ({}, {})
