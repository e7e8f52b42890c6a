"""Switched on and off, for all clients or for one.

House rule: what is asked for is read once, when it is switched on.
"""

from __future__ import annotations

import os

from foxstream._version import __version__
from foxstream.client import Client
from foxstream.errors import InvalidInputError, MissingExtraError

try:
    from opentelemetry.metrics import MeterProvider, get_meter
    from opentelemetry.trace import TracerProvider, get_tracer
except ImportError as _missing:
    raise MissingExtraError(
        'this needs opentelemetry-api: pip install "foxstream[otel]"'
    ) from _missing

from foxstream.integrations.otel.conventions import content_wanted, names_wanted
from foxstream.integrations.otel.metrics import Metrics
from foxstream.integrations.otel.spans import Recorder
from foxstream.watching import Observed

__all__ = ["instrument", "uninstrument"]


def instrument(
    client: Observed | None = None,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    capture_content: bool | None = None,
    propagate: bool = False,
    chunk_gaps: bool = False,
) -> None:
    """Record the answers of `client`, or of all clients that have no recording of their own.

    A client of `foxstream.sync` may be given, too.

    The providers default to the global ones. The names are those of the GenAI conventions 1.36.0,
    or the latest where `OTEL_SEMCONV_STABILITY_OPT_IN` holds `gen_ai_latest_experimental`.
    Prompt and answer are left out unless `capture_content` says otherwise, or
    `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` (`true`, `SPAN_ONLY`, `SPAN_AND_EVENT`);
    only the latest names have a place for them on a span. `propagate` sends `traceparent` and
    `tracestate` along, to the API's own origin alone. `chunk_gaps` records the gap of every chunk,
    where the names have one for it: all at the end of an answer, which then takes the SDK some
    microseconds for each. What is on already is replaced.

    Raises `InvalidInputError` where `capture_content` is asked for under the older names, and
    where `client` is none.
    """
    observed = _checked(client)
    names = names_wanted(os.environ)
    if capture_content and not names.latest:
        raise InvalidInputError(
            "capture_content needs the latest names: "
            "set OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental"
        )
    content = content_wanted(os.environ) if capture_content is None else capture_content
    tracer = get_tracer("foxstream", __version__, tracer_provider)
    meter = get_meter("foxstream", __version__, meter_provider)
    metrics = Metrics(meter, names, gaps=chunk_gaps)
    recorder = Recorder(tracer, metrics, names, content and names.latest, propagate)
    observed.observer = recorder


def uninstrument(client: Observed | None = None) -> None:
    """Record no answer of `client` any more, or of any client without a recording of its own.

    Answers under way are still recorded to their end.
    """
    _checked(client).observer = None


def _checked(client: Observed | None) -> Observed | type[Client]:
    """Where to put who watches; anything else would keep it in silence."""
    if client is None:
        return Client
    if not hasattr(client, "observer"):
        raise InvalidInputError(f"client is {type(client).__name__}: a foxstream.Client is needed")
    return client
