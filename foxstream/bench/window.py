"""Which requests the figures are made of, and over which time.

House rule: told from the instants alone. A closed loop begins with requests that all meet an idle
service at once, and ends with ones that meet a service falling idle; both are set apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import msgspec

from foxstream.bench.plan import Plan
from foxstream.bench.record import CANCELLED, INSTANTS, Phase, Record

__all__ = ["FULL", "Window", "counted", "ended", "in_flight", "phased", "window"]

FULL = 0.95
"""The share of its concurrency from which on a closed loop is full."""


class Window(NamedTuple):
    """The measured time, in nanoseconds of the monotonic clock."""

    start_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.end_ns - self.start_ns) / 1e9

    def has(self, instant: int) -> bool:
        """Whether `instant` is inside."""
        return self.start_ns <= instant <= self.end_ns


def ended(record: Record) -> int:
    """The instant at which nothing more was under way: `closed`, or the last that came."""
    instants = (record.instant(name) for name in INSTANTS)
    return record.closed_ns or max(instant for instant in instants if instant is not None)


def phased(records: Sequence[Record], plan: Plan) -> list[Record]:
    """Copies of `records`, in their order, with the phase of each.

    `warmup` stays. In a closed loop of more than one, of the first `concurrency` requests those
    that are no warm-up are `first_wave`; and as many as ended after the loop was full for the last
    time, the last ones begun, are `cooldown`. All others are `steady`.
    """
    if plan.arrivals != "closed":
        return [_with_phase(record, "steady") for record in records]
    order = sorted(records, key=lambda record: (record.intended_ns, record.index))
    fell = _fell(records, plan)
    # Chosen by their beginning: those that end late are the slow ones, and without them the
    # service would look better than it is.
    kept = len(order) - sum(ended(record) > fell for record in order)
    phases: dict[int, Phase] = {id(record): "cooldown" for record in order[kept:]}
    first_wave = plan.concurrency if plan.concurrency > 1 else 0
    phases |= {id(record): "first_wave" for record in order[:first_wave]}
    return [_with_phase(record, phases.get(id(record), "steady")) for record in records]


def _with_phase(record: Record, phase: Phase) -> Record:
    kept = "warmup" if record.phase == "warmup" else phase
    return msgspec.structs.replace(record, phase=kept)


def counted(records: Sequence[Record]) -> list[Record]:
    """The phased `records` that figures are made of: the steady ones.

    Where there are none, or none but those that were cancelled, the first wave and the cool-down
    count.
    """
    steady = [record for record in records if record.phase == "steady"]
    if any(record.error != CANCELLED for record in steady):
        return steady
    return [record for record in records if record.phase != "warmup"]


def window(records: Sequence[Record], plan: Plan) -> Window | None:
    """From the first of the counted requests to the end of the last, or of the full loop.

    `records` are phased. `None` where nothing that counts was ever sent.
    """
    chosen = counted(records)
    starts = [record.issued_ns for record in chosen if record.issued_ns is not None]
    if not starts:
        return None
    whole = plan.arrivals != "closed" or any(record.phase != "steady" for record in chosen)
    end = max(ended(record) for record in chosen) if whole else _fell(records, plan)
    return Window(min(starts), end)


def in_flight(records: Sequence[Record], during: Window | None = None) -> tuple[float, int]:
    """How many requests were under way, on average and at most, in the time they took or `during`.

    Between `issued` and `ended`; a request that ends in the instant in which another begins does
    not overlap it.
    """
    area, most, length = 0, 0, 0
    for (start, number), (end, _) in pairwise(_steps(records)):
        inside = end - start if during is None else _overlap(during, start, end)
        area, length = area + number * inside, length + inside
        most = max(most, number if inside else 0)
    whole = length if during is None else during.end_ns - during.start_ns
    return (area / whole if whole else 0.0), most


def _overlap(during: Window, start: int, end: int) -> int:
    return max(0, min(end, during.end_ns) - max(start, during.start_ns))


def _steps(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Each instant at which a request begins or ends, with the number under way from then on."""
    steps: Counter[int] = Counter()
    for record in records:
        if record.issued_ns is not None:
            steps[record.issued_ns] += 1
            steps[ended(record)] -= 1
    instants = sorted(steps)
    return zip(instants, accumulate(steps[instant] for instant in instants), strict=True)


def _fell(records: Sequence[Record], plan: Plan) -> int:
    """The instant from which on the loop was no longer full, for it was no longer fed."""
    # Between an end and the next request a loop is short of one: only after the last request was
    # sent does it fall for good.
    last = max((record.issued_ns or 0 for record in records), default=0)
    bar = FULL * plan.concurrency
    return next((at for at, number in _steps(records) if at >= last and number < bar), last)
