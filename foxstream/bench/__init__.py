"""The stopwatch: how long until the first token, between tokens, to the end; and how sure that is.

    result = await foxstream.bench.run(foxstream.bench.Plan(prompts=("Hi",), requests=100))
    assert result.ttft.p50.upper < 0.8

plan -> schedule -> driver -> record -> metrics -> result -> page. House rule: what is measured is
kept raw, what is computed can be computed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foxstream._lazy import Load, Names, lazy_names

if TYPE_CHECKING:
    from foxstream.bench.comparison import Comparison, compare
    from foxstream.bench.plan import Plan
    from foxstream.bench.record import Record
    from foxstream.bench.result import Distribution, Estimate, Report, Result
    from foxstream.bench.running import run
    from foxstream.bench.summary import summarise

__all__ = [
    "Comparison",
    "Distribution",
    "Estimate",
    "Plan",
    "Record",
    "Report",
    "Result",
    "compare",
    "run",
    "summarise",
]

__getattr__: Load
__dir__: Names
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Comparison": "foxstream.bench.comparison",
        "Distribution": "foxstream.bench.result",
        "Estimate": "foxstream.bench.result",
        "Plan": "foxstream.bench.plan",
        "Record": "foxstream.bench.record",
        "Report": "foxstream.bench.result",
        "Result": "foxstream.bench.result",
        "compare": "foxstream.bench.comparison",
        "run": "foxstream.bench.running",
        "summarise": "foxstream.bench.summary",
    },
)
