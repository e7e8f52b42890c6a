"""One line of how a load is doing, while it runs."""

from __future__ import annotations

from collections.abc import Iterator

from foxstream.bench.amounts import count, digits, duration
from foxstream.bench.progress import Progress
from foxstream.cli.screen import Screen

__all__ = ["facts_of", "seconds_left", "tell"]


def tell(progress: Progress, screen: Screen) -> None:
    """Show it, over what was shown before."""
    screen.tick(progress.level, ", ".join(facts_of(progress)))


def facts_of(progress: Progress) -> Iterator[str]:
    """What is known of it, the most telling first."""
    of = "" if progress.count is None else f" of {count(progress.count)}"
    yield f"{count(progress.done)}{of} done"
    yield f"{count(progress.in_flight)} in flight"
    if progress.failed:
        yield f"{count(progress.failed)} failed"
    if progress.ttft is not None:
        yield f"ttft {duration(progress.ttft)}"
    if progress.done:
        yield f"{digits(progress.done / progress.seconds)}/s"
    left = seconds_left(progress)
    if left is not None:
        yield f"{count(round(left))} s left"


def seconds_left(progress: Progress) -> float | None:
    """Until no more are begun, or all have ended at the pace so far; `None` where unknown."""
    left: list[float] = []
    if progress.duration is not None:
        left.append(max(0.0, progress.duration - progress.seconds))
    if progress.count is not None and progress.done:
        left.append((progress.count - progress.done) * progress.seconds / progress.done)
    return min(left, default=None)
