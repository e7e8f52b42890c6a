"""Whether figures stand when somebody sets the clock on the wall.

The clock is not really set, which would be felt by every other program: the sockets are shown one
that was, in what they read of it and in the kernel's stamps.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from foxstream.bench.anchor import Anchor, both_clocks
from foxstream.bench.plan import Plan
from foxstream.bench.result import Accuracy
from foxstream.bench.running import driven, reaching
from foxstream.bench.self_test.figures import at_most, between
from foxstream.bench.truth.errors import errors
from foxstream.bench.truth.process import truthful_gateway
from foxstream.bench.truth.script import Script

__all__ = ["SteppedAnchor", "check"]

_STEP_NS = 10_000_000_000
_SCRIPT = Script(lead=0.1, interval=0.01, chunks=200)


class SteppedAnchor(Anchor):
    """Lives in a world whose wall clock is set by `step` nanoseconds at the instant `at` of it."""

    def __init__(self, at: int, step: int = _STEP_NS) -> None:
        self._at, self._step = at, step
        super().__init__(self._both)

    def monotonic(self, stamp: int, wall: int, now: int) -> int | None:
        """The same, of clocks that were set."""
        return super().monotonic(self._set(stamp), self._set(wall), now)

    def _both(self) -> tuple[int, int]:
        wall, now = both_clocks()
        return self._set(wall), now

    def _set(self, wall: int) -> int:
        return wall + self._step if wall >= self._at else wall


async def check(quick: bool) -> AsyncGenerator[Accuracy]:
    """Ten seconds forth and ten back, in the middle of a few answers."""
    streams = 3 if quick else 20
    for step in (_STEP_NS, -_STEP_NS):
        wall, _ = both_clocks()
        anchor = SteppedAnchor(wall + 1_000_000_000, step)
        plan = Plan(prompts=(_SCRIPT.prompt,), concurrency=streams, requests=streams)
        async with truthful_gateway() as gateway, reaching(plan, gateway.url, anchor) as client:
            records = await driven(plan, client)
            found = list(errors(records, await gateway.truth()))
        name = f"the wall clock set by {step / 1e9:+.0f} s"
        worst = max(abs(each.error) for each in found)
        yield at_most(f"{name}: any token, largest error", worst, 50e-3)
        yield at_most(f"{name}: steps that were not seen", abs(1 - anchor.steps), 0, "steps")
        unstamped = sum(each.lag is None for each in found) / len(found)
        yield between(f"{name}: tokens that fell back", unstamped, 0.0, 0.05)
