"""The instruments, and what an ending is worth on each of them.

House rule: an instrument that the asked version of the conventions does not know is not made, and
what is not known is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram, Meter
from opentelemetry.util.types import AttributeValue

from foxstream.answer import Usage
from foxstream.integrations.otel.conventions import BUCKETS, Names
from foxstream.progress import Timings
from foxstream.watching import Ending

__all__ = ["Attributes", "Metrics", "seconds_to_first_chunk"]

Attributes = dict[str, AttributeValue]

_HISTOGRAMS = {
    "duration": "s",
    "first_chunk": "s",
    "output_chunk": "s",
    "first_token": "s",
    "tokens": "{token}",
}
_COUNTERS = {"reconnects": "{reconnect}", "recoveries": "{answer}"}


def seconds_to_first_chunk(timings: Timings) -> float | None:
    """From the request, its media ready, to the first chunk, be there a token in it or not."""
    if timings.submitted is None or timings.first_event is None:
        return None
    return (timings.first_event - timings.submitted) / 1e9


class Metrics:
    """The instruments of one meter; the gap of each chunk is recorded only where `gaps` says so."""

    def __init__(self, meter: Meter, names: Names, *, gaps: bool) -> None:
        self._names = names
        self._gaps = gaps
        self._histograms: dict[str, Histogram] = {
            what: meter.create_histogram(
                name, unit, explicit_bucket_boundaries_advisory=BUCKETS[unit]
            )
            for what, unit in _HISTOGRAMS.items()
            if (name := names.of(what))
        }
        self._counters: dict[str, Counter] = {
            what: meter.create_counter(name, unit)
            for what, unit in _COUNTERS.items()
            if (name := names.of(what))
        }

    def record(
        self, ending: Ending, usage: Usage, common: Attributes, error: Attributes, at: Context
    ) -> None:
        """Record an ending; all carry `common`, the duration also `error`. `at` has the span."""
        timings, said = ending.timings, ending.completion
        first_chunk = seconds_to_first_chunk(timings)
        self._record("duration", [ending.seconds], common | error, at)
        self._record("first_chunk", _known(first_chunk), common, at)
        self._record("first_token", _known(timings.ttft), common, at)
        if self._gaps:
            self._record("output_chunk", timings.itl, common, at)
        for kind, count in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
            kinds = self._names.attributes(token_type=kind)
            self._record("tokens", _known(count), common | kinds, at)
        self._count("reconnects", timings.reconnects, common, at)
        self._count("recoveries", int(said is not None and said.recovered), common, at)

    def _record(
        self, what: str, values: Iterable[float], attributes: Attributes, at: Context
    ) -> None:
        histogram = self._histograms.get(what)
        if histogram is not None:
            for value in values:
                histogram.record(value, attributes, at)

    def _count(self, what: str, amount: int, attributes: Attributes, at: Context) -> None:
        if amount:
            self._counters[what].add(amount, attributes, at)


def _known(value: float | None) -> Iterator[float]:
    if value is not None:
        yield value
