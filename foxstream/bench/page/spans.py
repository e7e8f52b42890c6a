"""The table of one level: each figure a row, each percentile a column.

House rule: failures stand apart, and below each figure once more as if they had taken for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from foxstream.bench.amounts import count
from foxstream.bench.metrics import SPANS
from foxstream.bench.page.cells import Told, amount, estimated, percentile_name, told
from foxstream.bench.page.markup import Markup, joined, tag
from foxstream.bench.result import PERCENTILES, Distribution, Estimate

__all__ = ["FORMULAS", "LEADING", "spans_table"]

_OWN = {
    "itl": "read - read before, of reads that carried tokens",
    "tpot": f"({SPANS['decode'].formula}) / (completion_tokens - 1)",
}
FORMULAS: dict[str, str] = {
    name: formula.replace(" - ", " \N{MINUS SIGN} ")
    for name, formula in ({name: span.formula for name, span in SPANS.items()} | _OWN).items()
}
"""Of each figure by name, what is subtracted from what."""

LEADING = ("ttft", "ttft_text", "ttft_reasoning", "itl", "tpot", "e2e")
"""What is looked at first; all else is folded away."""


def spans_table(metrics: Mapping[str, Distribution], caption: str) -> Markup:
    """One table; rows without a single value and without a failure are left out."""
    rows = [
        row
        for name, each in metrics.items()
        if each.count or each.failures
        for row in _rows(name, each)
    ]
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", _head(), role="rowgroup"),
        tag("tbody", *rows, role="rowgroup"),
        class_="metrics",
        role="table",
    )


def _head() -> Markup:
    names = (
        tag("th", percentile_name(name), class_="number", scope="col", role="columnheader")
        for name in PERCENTILES
    )
    return tag("tr", tag("th", "figure", scope="col", role="columnheader"), *names, role="row")


def _rows(name: str, distribution: Distribution) -> Iterator[Markup]:
    how = told(distribution)
    estimates: dict[str, Estimate] = {each: getattr(distribution, each) for each in PERCENTILES}
    cells = [_cell(each, estimated(estimate, how)) for each, estimate in estimates.items()]
    beside = distribution.failures > 0 and bool(distribution.failing)
    yield _row(_name(name, distribution, how), cells, "joined" if beside else "own")
    if beside:
        yield _row(_failures(distribution), _failing(distribution, how), "failing")


def _name(name: str, distribution: Distribution, how: Told) -> Markup:
    facts = [f"n = {count(distribution.count)}"]
    if distribution.mean is not None:
        facts.append(f"mean {amount(distribution.mean, how)}")
    return joined([name, tag("small", FORMULAS.get(name, "")), tag("small", ", ".join(facts))])


def _failures(distribution: Distribution) -> str:
    return f"with {count(distribution.failures)} failed as ∞"


def _failing(distribution: Distribution, how: Told) -> Iterator[Markup]:
    for name in PERCENTILES:
        if name in distribution.failing:
            value = distribution.failing[name]
            yield _cell(name, "∞" if value is None else amount(value, how))
        else:
            yield _cell(name, estimated(Estimate(), how))


def _cell(name: str, content: str) -> Markup:
    return tag("td", content, class_="number", data_name=percentile_name(name), role="cell")


def _row(name: str, cells: Iterator[Markup] | list[Markup], kind: str) -> Markup:
    return tag(
        "tr", tag("th", name, scope="row", role="rowheader"), *cells, class_=kind, role="row"
    )
