"""Spans and metrics of OpenTelemetry, by its conventions for generative AI.

    from foxstream.integrations.otel import instrument
    instrument()                 # every client; instrument(client) for one

House rule: nothing happens between two deltas. A span is begun with an answer and everything else
is read off its ending. Needs the extra `otel`; exporters and their set-up are the app's.
"""

from __future__ import annotations

from foxstream.integrations.otel.instrumenting import instrument, uninstrument

__all__ = ["instrument", "uninstrument"]
