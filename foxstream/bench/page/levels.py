"""One level of load: its table, and what else is to be said of it.

House rule: what was not told, by the service or by the sample, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from foxstream.bench.amounts import count
from foxstream.bench.facts import bounds, facts_after, facts_before
from foxstream.bench.page.cells import percent
from foxstream.bench.page.markup import Markup, joined, tag
from foxstream.bench.page.spans import LEADING, spans_table
from foxstream.bench.result import Outcomes, Result

__all__ = ["facts", "level"]


def level(result: Result, slo: Mapping[str, float]) -> Markup:
    """The section of one load; `slo` is what its goodput was measured against."""
    leading = {name: result.metrics[name] for name in LEADING if name in result.metrics}
    others = {name: each for name, each in result.metrics.items() if name not in leading}
    return tag(
        "section",
        tag("h3", f"Load: {result.level}"),
        spans_table(leading, _CAPTION),
        facts(_facts(result, slo)),
        _errors(result.outcomes),
        tag("ul", *(tag("li", note) for note in result.notes)) if result.notes else Markup(),
        _folded("Every other span", spans_table(others, _CAPTION)) if others else Markup(),
    )


_CAPTION = (
    "Of the requests that succeeded; in small type the 95 % confidence interval. "
    "A dash: the sample is too small."
)


def facts(pairs: Iterator[tuple[str, str]]) -> Markup:
    """Names and what is known of them; nothing for those of which nothing is known."""
    known = [(name, value) for name, value in pairs if value]
    return tag("dl", *(joined([tag("dt", name), tag("dd", value)]) for name, value in known))


def _folded(summary: str, content: Markup) -> Markup:
    return tag("details", tag("summary", summary), content)


def _facts(result: Result, slo: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    yield from facts_before(result)
    if result.goodput is not None:
        yield "goodput", joined([percent(result.goodput), f" within {bounds(slo)}"])
    yield from facts_after(result)


def _errors(outcomes: Outcomes) -> Markup:
    if not outcomes.errors:
        return Markup()
    ordered = sorted(outcomes.errors.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = (_error(name, number) for name, number in ordered)
    caption = tag("caption", "Failed requests by error")
    return tag("table", caption, tag("tbody", *rows), class_="short")


def _error(name: str, number: int) -> Markup:
    head = tag("th", tag("code", name), scope="row")
    return tag("tr", head, tag("td", count(number), class_="number"))
