"""The names that the conventions give to what is recorded, and which of them are asked for.

House rule: a name of the conventions stands in this room and nowhere else. They are still being
renamed, so what changes from version to version is one table.
"""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.util.types import AttributeValue

__all__ = ["BUCKETS", "Names", "content_wanted", "names_wanted"]

_LATEST = "gen_ai_latest_experimental"

_TABLE: Mapping[str, str | tuple[str | None, str]] = {
    # One name, or those of 1.36.0 and of the latest. First the attributes,
    "operation": "gen_ai.operation.name",
    "provider": ("gen_ai.system", "gen_ai.provider.name"),
    "model": "gen_ai.request.model",
    "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "stream": (None, "gen_ai.request.stream"),
    "host": "server.address",
    "port": "server.port",
    "error": "error.type",
    "response_id": "gen_ai.response.id",
    "response_model": "gen_ai.response.model",
    "finish_reasons": "gen_ai.response.finish_reasons",
    "to_first_chunk": (None, "gen_ai.response.time_to_first_chunk"),
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": (None, "gen_ai.usage.cache_read.input_tokens"),
    "reasoning_tokens": (None, "gen_ai.usage.reasoning.output_tokens"),
    "token_type": "gen_ai.token.type",
    "system_instructions": (None, "gen_ai.system_instructions"),
    "input_messages": (None, "gen_ai.input.messages"),
    "output_messages": (None, "gen_ai.output.messages"),
    # the finish reason of a choice that was cut off,
    "cut_off": (None, "error"),
    # the metrics,
    "duration": "gen_ai.client.operation.duration",
    "tokens": "gen_ai.client.token.usage",
    "first_chunk": (None, "gen_ai.client.operation.time_to_first_chunk"),
    "output_chunk": (None, "gen_ai.client.operation.time_per_output_chunk"),
    # and our own, attributes and metrics.
    "task_id": "foxstream.task.id",
    "state": "foxstream.state",
    "recovered": "foxstream.recovered",
    "reconnects": "foxstream.reconnects",
    "recoveries": "foxstream.recoveries",
    "first_token": "foxstream.time_to_first_token",
}

BUCKETS: Mapping[str, list[float]] = {
    "s": [0.01 * 2**step for step in range(14)],
    "{token}": [float(4**step) for step in range(14)],
}
"""The boundaries that the conventions advise, by unit."""


class Names:
    """One version of the conventions: `latest`, or 1.36.0; what it has no name for is not told."""

    def __init__(self, *, latest: bool) -> None:
        self.latest = latest
        self._names = {
            what: row if isinstance(row, str) else row[latest] for what, row in _TABLE.items()
        }

    def of(self, what: str) -> str | None:
        """The name of `what`, a word of the table."""
        return self._names[what]

    def attributes(self, **values: AttributeValue | None) -> dict[str, AttributeValue]:
        """The values that are known, under the names that there are."""
        named = ((self._names[what], value) for what, value in values.items())
        return {name: value for name, value in named if name and value is not None}


def names_wanted(environ: Mapping[str, str]) -> Names:
    """The names that `OTEL_SEMCONV_STABILITY_OPT_IN` asks for: 1.36.0, or the latest."""
    asked = environ.get("OTEL_SEMCONV_STABILITY_OPT_IN", "").split(",")
    return Names(latest=_LATEST in {word.strip() for word in asked})


def content_wanted(environ: Mapping[str, str]) -> bool:
    """Whether `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` wants content on spans."""
    asked = environ.get("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "")
    return asked.strip().lower() in {"true", "span_only", "span_and_event"}
