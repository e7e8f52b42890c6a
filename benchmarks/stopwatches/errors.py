"""How far from the truth a stopwatch is.

`ttft`: the time to first token as told, minus the true one, from the start as this stopwatch
defines it to the instant before the gateway wrote the token. Clocks are matched, so it is the error
of the token's instant, and what anybody calls the start is no part of it. `added`: the time to
first token as told, minus the gateway's own, from the instant at which it had read the head of that
request. That is also made of what lies between a start and the gateway, such as a connection; and
of what the gateway was late to read, which is more before a client that takes its core. What the
loopback takes, tens of microseconds, is in both and the same for all.

House rule: a request is known by the id of its answer or by its own, never by its order. The first
ones, as many as there are streams, fill the loop and open the connections: they do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from benchmarks.stopwatches.stopwatch import Clock, Sample
from foxstream.bench.anchor import both_clocks
from foxstream.bench.truth.witness import Seen

__all__ = ["Distance", "Error", "errors"]

_SET_NS = 50_000


class Error(msgspec.Struct, frozen=True):
    """Of one request, in seconds; above zero is too late."""

    ttft: float
    added: float


class Distance:
    """How far the wall clock is ahead of the monotonic one, while nobody sets it."""

    def __init__(self) -> None:
        self._before = _ahead()

    def of(self, clock: Clock) -> int:
        """Nanoseconds that `clock` is ahead; `RuntimeError` where it has been set since."""
        if clock == "monotonic":
            return 0
        if abs(_ahead() - self._before) > _SET_NS:
            raise RuntimeError("the wall clock was set meanwhile: the run does not count")
        return self._before


def _ahead() -> int:
    wall, monotonic = both_clocks()
    return wall - monotonic


class _Truth(msgspec.Struct, frozen=True):
    arrived: int
    first: int


def errors(samples: Iterable[Sample], seen: Seen, ahead_ns: int, streams: int) -> list[Error]:
    """Those of all samples whose request the gateway knows, but for the first `streams`."""
    truths = dict(_by_name(seen))
    known = [(truths[sample.name], sample) for sample in samples if sample.name in truths]
    known.sort(key=lambda pair: pair[0].arrived)
    return [_error(truth, sample, ahead_ns) for truth, sample in known[streams:]]


def _by_name(seen: Seen) -> Iterator[tuple[str, _Truth]]:
    for answer_id, arrival in seen.arrivals.items():
        written = seen.written[answer_id]
        if written:
            truth = _Truth(arrival.instant, written[0])
            yield answer_id, truth
            if arrival.request_id is not None:
                yield arrival.request_id, truth


def _error(truth: _Truth, sample: Sample, ahead_ns: int) -> Error:
    token = sample.started_ns - ahead_ns + sample.ttft_ns
    own = truth.first - truth.arrived
    return Error((token - truth.first) / 1e9, (sample.ttft_ns - own) / 1e9)
