"""What the tests of OpenTelemetry share: an SDK in memory, and a gateway in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anyio.from_thread import start_blocking_portal
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from foxstream.answer import Usage
from foxstream.gateway import Faults, Generation, Piece, ScriptedEngine, running_gateway
from foxstream.gateway.scripted import Fail, Script, Wait

__all__ = ["ANSWER", "Telemetry", "gateway"]

ANSWER = "an answer nobody else may read"
USAGE = Usage(
    7,
    5,
    12,
    {
        "prompt_tokens_details.cached_tokens": 2,
        "completion_tokens_details.reasoning_tokens": 3,
    },
)


class Telemetry:
    """An SDK whose spans and measurements stay in memory."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader])
        self.tracer = self.tracers.get_tracer("test")
        self.providers = {"tracer_provider": self.tracers, "meter_provider": self.meters}

    @property
    def spans(self) -> list[ReadableSpan]:
        """Those of answers, in the order of their ends."""
        spans = self._exporter.get_finished_spans()
        return [span for span in spans if span.instrumentation_scope.name == "foxstream"]

    @property
    def span(self) -> ReadableSpan:
        """The only one."""
        (span,) = self.spans
        return span

    def points(self, name: str) -> list[Any]:
        """The data points of a metric; none where nothing was recorded."""
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def everything(self) -> str:
        """All that was recorded, as text."""
        data = self._reader.get_metrics_data()
        told = [span.to_json() for span in self._exporter.get_finished_spans()]
        return "".join(told) + ("" if data is None else data.to_json())


def _script(generation: Generation) -> Script:
    """What is said to a prompt: its first word decides."""
    word = generation.prompt.partition(" ")[0]
    if word == "fail":
        return [Piece(text="so far"), Fail("broken", code="out_of_luck")]
    if word == "slow":
        return [Piece(text="so far"), Wait(60)]
    half = len(ANSWER) // 2
    return [
        Piece(text=ANSWER[:half]),
        Wait(0.01),
        Piece(text=ANSWER[half:], finish_reason="stop", usage=USAGE),
    ]


@contextmanager
def gateway(faults: Faults | None = None, api_key: str | None = None) -> Iterator[str]:
    """Its address; it runs on asyncio, wherever the test runs."""
    running = running_gateway(ScriptedEngine(_script), faults=faults, api_key=api_key)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running) as url:
        yield url
