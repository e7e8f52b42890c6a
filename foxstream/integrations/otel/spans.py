"""One answer, one span: begun with its first await, ended by its ending.

House rule: a span is never made current, so the caller's code inside the loop is no part of it.
Its parent is what was current at the call, wherever the answer is read.
"""

from __future__ import annotations

import time

import msgspec
from opentelemetry.context import Context, get_current
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from foxstream.answer import Completion, Usage
from foxstream.integrations.otel import content
from foxstream.integrations.otel.conventions import Names
from foxstream.integrations.otel.metrics import Attributes, Metrics, seconds_to_first_chunk
from foxstream.question import Question
from foxstream.watching import Call, Ending

__all__ = ["AnswerSpan", "Recorder"]

_CACHED = "prompt_tokens_details.cached_tokens"
_REASONING = "completion_tokens_details.reasoning_tokens"
_UNKNOWN = Usage()


class Recorder(msgspec.Struct, frozen=True):
    """Where things are recorded, and what of them: an `Observer`."""

    tracer: Tracer
    metrics: Metrics
    names: Names
    content: bool
    propagate: bool

    def watch(self, call: Call) -> AnswerSpan:
        """The span of one answer, not yet begun."""
        return AnswerSpan(self, call, get_current())


class AnswerSpan:
    """The span of one answer, as a `Watch`."""

    def __init__(self, recorder: Recorder, call: Call, parent: Context) -> None:
        self.headers: dict[str, str] | None = {} if recorder.propagate else None
        self._recorder = recorder
        self._call = call
        self._parent = parent
        self._common = _common(call, recorder.names)

    def began(self) -> None:
        """Begin the span; from now on the headers name it."""
        self._start = time.time_ns()
        recorder, asked = self._recorder, self._call.question
        self._span: Span = recorder.tracer.start_span(
            _name(self._call),
            self._parent,
            SpanKind.CLIENT,
            self._common | _requested(self._call, recorder.names),
            start_time=self._start,
        )
        self._context = set_span_in_context(self._span, self._parent)
        if self.headers is not None:
            TraceContextTextMapPropagator().inject(self.headers, self._context)
        if recorder.content and asked is not None and self._span.is_recording():
            self._span.set_attributes(_question(asked, recorder.names))

    def ended(self, ending: Ending) -> None:
        """Say how it ended, and end the span at the instant when it did."""
        try:
            self._describe(ending)
        finally:
            self._span.end(self._start + round(ending.seconds * 1e9))

    def _describe(self, ending: Ending) -> None:
        recorder, names, said = self._recorder, self._recorder.names, ending.completion
        usage = said.usage if said and said.usage and self._call.question else _UNKNOWN
        error = names.attributes(error=_error_type(ending))
        answered = names.attributes(response_model=(said and said.model) or None)
        recorder.metrics.record(ending, usage, self._common | answered, error, self._context)
        if error:
            self._span.set_status(Status(StatusCode.ERROR))
        if self._span.is_recording():
            self._span.set_attributes({**answered, **error, **_ended(ending, usage, names)})
            if recorder.content and said is not None:
                self._span.set_attributes(_answer(said, ending, names))


def _operation(call: Call) -> str:
    """To follow a task is to fetch what somebody else asked for, and paid for."""
    return "chat" if call.question else "fetch_response"


def _name(call: Call) -> str:
    return f"{_operation(call)} {call.question.model}" if call.question else _operation(call)


def _common(call: Call, names: Names) -> Attributes:
    """What every span and every measurement of an answer carries."""
    return names.attributes(
        operation=_operation(call),
        provider=call.protocol,
        model=call.question.model if call.question else None,
        host=call.host,
        port=call.port,
    )


def _requested(call: Call, names: Names) -> Attributes:
    asked = call.question
    return names.attributes(
        max_tokens=asked.max_tokens if asked else None,
        temperature=asked.temperature if asked else None,
        stream=call.stream or None,
    )


def _ended(ending: Ending, usage: Usage, names: Names) -> Attributes:
    said = ending.completion or Completion()
    return names.attributes(
        response_id=said.id or None,
        finish_reasons=_finish_reasons(said, _cut_off(ending, names)),
        to_first_chunk=seconds_to_first_chunk(ending.timings),
        first_token=ending.timings.ttft,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cached_tokens=usage.details.get(_CACHED),
        reasoning_tokens=usage.details.get(_REASONING),
        task_id=ending.task_id,
        state="cancelled" if ending.state == "closed" and ending.error else ending.state,
        recovered=said.recovered,
        reconnects=ending.timings.reconnects,
    )


def _finish_reasons(said: Completion, cut_off: str | None) -> list[str] | None:
    reasons = [choice.finish_reason or cut_off for choice in said.choices]
    return [reason for reason in reasons if reason] or None


def _cut_off(ending: Ending, names: Names) -> str | None:
    return None if ending.state == "complete" else names.of("cut_off")


def _error_type(ending: Ending) -> str | None:
    """The class of the error, of which there are few; its words may quote the prompt."""
    return type(ending.error).__name__ if ending.state == "failed" else None


def _question(asked: Question, names: Names) -> Attributes:
    return names.attributes(
        system_instructions=content.system_instructions(asked),
        input_messages=content.input_messages(asked),
    )


def _answer(said: Completion, ending: Ending, names: Names) -> Attributes:
    return names.attributes(output_messages=content.output_messages(said, _cut_off(ending, names)))
