"""How late events were, over all viewers."""

from __future__ import annotations

__all__ = ["LATE", "lateness"]

LATE = {"late, median": 0.5, "late, p99": 0.99, "late, worst": 1.0}
"""Shares of the events; in `Turn.beside` the ns by which these came late at most."""


def lateness(late_ns: list[int]) -> dict[str, float]:
    """The percentiles of `LATE`, in ns."""
    ordered = sorted(late_ns)
    last = len(ordered) - 1
    return {what: float(ordered[int(last * share)]) for what, share in LATE.items()}
