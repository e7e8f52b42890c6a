"""The kernel's stamps on the monotonic clock, also when the clock on the wall is set."""

from __future__ import annotations

import pytest

from foxstream.bench.anchor import Anchor, both_clocks

SECOND = 1_000_000_000
EPOCH = 1_700_000_000 * SECOND


class World:
    """Two clocks; the one on the wall can be set."""

    def __init__(self) -> None:
        self.now = 50 * SECOND
        self.distance = EPOCH

    def __call__(self) -> tuple[int, int]:
        return self.now + self.distance, self.now

    def read(self, anchor: Anchor, arrived: int, distance: int | None = None) -> int | None:
        """A packet that arrived at that instant, while the clocks were so far apart, is read."""
        stamp = arrived + (self.distance if distance is None else distance)
        return anchor.monotonic(stamp, self.now + self.distance, self.now)


@pytest.fixture
def world() -> World:
    return World()


def test_a_stamp_is_turned(world):
    anchor = Anchor(world)
    world.now += SECOND
    assert world.read(anchor, world.now - 1500) == world.now - 1500
    assert anchor.steps == 0


@pytest.mark.parametrize("step", [10 * SECOND, -10 * SECOND, 200_000, -200_000])
def test_what_came_before_the_clock_was_set_and_is_read_after_it_is_not_known(world, step):
    anchor = Anchor(world)
    world.now += SECOND
    before = world.distance
    world.distance += step
    assert world.read(anchor, world.now - 5000, before) is None
    assert anchor.steps == 1
    world.now += 1000
    assert world.read(anchor, world.now - 100_000, before) is None
    world.now += SECOND
    assert world.read(anchor, world.now - 1500) == world.now - 1500
    assert anchor.steps == 1


def test_a_stamp_from_the_future_is_not_believed(world):
    assert world.read(Anchor(world), world.now + 10) is None


def test_losing_the_core_between_two_readings_is_no_step(world):
    anchor = Anchor(world)
    late = 3_000_000
    assert anchor.monotonic(world.now + EPOCH - 10, world.now + EPOCH + late, world.now)
    assert anchor.steps == 0


def test_both_clocks_are_read_within_microseconds():
    distances = []
    for _ in range(50):
        wall, now = both_clocks()
        distances.append(wall - now)
    assert max(distances) - min(distances) < 50_000
