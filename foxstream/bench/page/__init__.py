"""The report as one page: a file that needs no script, no network and no other file.

    markup, style         HTML that cannot be broken out of; how it looks
    words                 the sentences
    cells, spans, levels  figures, the table of a level, all of a level

House rule: everything that comes from a run is text. Importing this loads no matplotlib.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import msgspec

from foxstream.bench.amounts import digits, duration
from foxstream.bench.page.levels import facts, level
from foxstream.bench.page.markup import Markup, joined, tag
from foxstream.bench.page.style import style
from foxstream.bench.page.words import limits, meaning, model, target, verdict
from foxstream.bench.plan import Plan
from foxstream.bench.result import Accuracy, Machine, Report
from foxstream.errors import MissingExtraError

if TYPE_CHECKING:
    from foxstream.bench.figures import Plot

__all__ = ["page", "ready"]

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_TITLE = "Time to first token"
_UNKEPT = "The raw records are not part of this report: figures made of them are left out."
_LONGEST = 300
_ELSEWHERE = {"model", "base_url", "openai", "local", "videos", "images"}


def ready() -> None:
    """Load what draws a page; `MissingExtraError` where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise MissingExtraError('the report needs matplotlib: pip install "foxstream[bench]"')
    import_module("foxstream.bench.figures")


def page(report: Report) -> str:
    """The whole report as HTML; the same report gives the same text.

    Figures are drawn where the results still have their records. Raises `MissingExtraError`
    where matplotlib is not installed.
    """
    ready()
    from foxstream.bench.figures import plots

    drawn = plots(report)
    body = tag("body", tag("main", *_sections(report, drawn)))
    return f"<!DOCTYPE html>\n{tag('html', _head(report), body, lang='en')}\n"


def _head(report: Report) -> Markup:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("link", rel="icon", href="data:,"),
        tag("title", f"{_TITLE}: {model(report)}"),
        tag("style", style()),
    )


def _sections(report: Report, drawn: Sequence[Plot]) -> Iterator[Markup]:
    yield _header(report)
    yield _warning(limits(report.results))
    yield _figures(drawn[:2])
    if not any(result.records for result in report.results):
        yield tag("p", _UNKEPT, class_="muted")
    if report.results:
        slo = {} if report.plan is None else report.plan.slo
        levels = (level(result, slo) for result in report.results)
        yield tag("section", tag("h2", "Load by load"), *levels)
    yield _rest(drawn)
    yield tag("section", tag("h2", "What time to first token means here"), _DUE, meaning())
    if report.accuracy:
        yield _accuracy(report.accuracy)
    yield _origin(report)


def _header(report: Report) -> Markup:
    asked = " · ".join(each for each in (model(report), target(report.plan, report.target)) if each)
    date = tag("time", report.started, class_="nowrap")
    return tag(
        "header",
        tag("h1", _TITLE),
        tag("p", asked, " · " if report.started else "", date, class_="muted"),
        tag("p", verdict(report.results), class_="verdict"),
    )


def _warning(reasons: Sequence[str]) -> Markup:
    if not reasons:
        return Markup()
    words = tag("strong", "These figures may be those of this machine, not of the service.")
    listed = tag("ul", *(tag("li", reason) for reason in reasons))
    return tag("aside", tag("p", words), listed, class_="warning", role="note")


def _figures(drawn: Sequence[Plot]) -> Markup:
    return tag("div", *map(_figure, drawn), class_="plots")


def _figure(plot: Plot) -> Markup:
    caption = tag("figcaption", plot.caption)
    return tag("figure", tag("h3", plot.title), Markup(plot.svg), caption)


def _rest(drawn: Sequence[Plot]) -> Markup:
    if len(drawn) <= 2:
        return Markup()
    return tag("section", tag("h2", "In the course of the run"), _figures(drawn[2:]))


_DUE = tag(
    "p",
    "A request is due at an instant that the schedule sets. Time is counted from there, so that "
    "a request which had to wait for this program, or for another to end, is not flattered; the "
    "figures from issued and from sent show how much of it that was. A token of reasoning is a "
    "first token too. An instant is when the kernel received the bytes, where it says so.",
)


def _accuracy(lines: Sequence[Accuracy]) -> Markup:
    head = tag("tr", *(tag("th", name, scope="col") for name in ("check", "value", "goal", "met")))
    return tag(
        "section",
        tag("h2", "How exact this stopwatch is on this machine"),
        tag("p", "It measured answers whose true times were known, by the same way."),
        tag("table", tag("thead", head), tag("tbody", *map(_check, lines))),
    )


def _check(line: Accuracy) -> Markup:
    goal = "" if line.goal is None else f"≤\N{NO-BREAK SPACE}{_measure(line.goal, line.unit)}"
    met = tag("td", "yes") if line.reached else tag("td", "no", class_="missed")
    value = tag("td", _measure(line.value, line.unit))
    return tag("tr", tag("th", line.check, scope="row"), value, tag("td", goal), met)


def _measure(value: float, unit: str) -> str:
    return duration(value) if unit == "s" else f"{digits(value)} {unit}".rstrip()


def _origin(report: Report) -> Markup:
    parts = [tag("h2", "Where and how")]
    if report.machine is not None:
        parts.append(facts(_machine(report.machine)))
    if report.plan is not None:
        folded = tag("summary", "The whole plan"), facts(_plan(report.plan))
        parts.append(tag("details", *folded))
    return tag("section", *parts) if len(parts) > 1 else joined([])


def _machine(machine: Machine) -> Iterator[tuple[str, str]]:
    yield "processor", f"{machine.processor}, {machine.cores} cores"
    yield "system", machine.system
    yield "Python", machine.python
    yield "versions", ", ".join(f"{name} {each}" for name, each in machine.versions.items())


def _plan(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "media", f"videos {len(plan.videos)}, images {len(plan.images)}"
    for field in msgspec.structs.fields(Plan):
        value: object = getattr(plan, field.name)
        if field.name not in _ELSEWHERE and value is not None and value != {}:
            told = value if isinstance(value, str) else repr(value)
            yield field.name, told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"
