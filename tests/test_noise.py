"""Bounds hold at the best of a few tries, and nothing else is forgiven."""

from __future__ import annotations

import anyio
import pytest

from tests.noise import TooSlowError, best_of_tries, within

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("grouped", [False, True])
async def test_noise_is_tried_again(grouped):
    tries = iter([9.0, 9.0, 0.1])

    @best_of_tries
    async def noisy() -> None:
        if grouped:
            async with anyio.create_task_group():
                within(next(tries), 1.0)
        else:
            within(next(tries), 1.0)

    await noisy()
    assert next(tries, None) is None


async def test_what_is_always_too_slow_fails():
    @best_of_tries
    async def slow() -> None:
        within(1.0, 1.0)

    with pytest.raises(TooSlowError, match=r"1\.0000 s"):
        await slow()


@pytest.mark.parametrize("grouped", [False, True])
async def test_any_other_failure_counts_at_once(grouped):
    tries = []

    @best_of_tries
    async def wrong() -> None:
        tries.append(1)
        if grouped:
            async with anyio.create_task_group():
                raise ZeroDivisionError
        raise ZeroDivisionError

    with pytest.raises((ZeroDivisionError, ExceptionGroup)):
        await wrong()
    assert tries == [1]
