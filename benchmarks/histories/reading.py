"""A history read by a user's loop: what it sees, and how that ends.

House rule: written as a user would; it knows nothing of what goes wrong underneath.
"""

from __future__ import annotations

from benchmarks.histories.life import Life, Outcome
from foxstream import Client, Stream

__all__ = ["read"]


async def read(client: Client, life: Life) -> Outcome:
    """Ask, read to the end, and keep what came of it."""
    try:
        answer = await _asked(client, life)
        async with answer:
            async for delta in answer:
                life.see(delta)
    except Exception as error:  # noqa: BLE001 (the judge says what is wrong with it)
        return Outcome.of(life, error=error)
    return Outcome.of(life, completion=answer.completion)


async def _asked(client: Client, life: Life) -> Stream:
    if life.history.attach:
        task = await client.submit("hi", model="gemini-2.5-pro")
        return client.attach(task.id)
    return client.stream("hi", verify=life.history.verify)
