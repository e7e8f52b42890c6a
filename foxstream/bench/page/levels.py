"""One level of load: its table, and what else is to be said of it.

House rule: what was not told, by the service or by the sample, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from foxstream.bench.amounts import count, digits
from foxstream.bench.page.cells import duration, percent
from foxstream.bench.page.markup import Markup, joined, tag
from foxstream.bench.page.spans import LEADING, spans_table
from foxstream.bench.result import Client, Load, Outcomes, Result, Tokens

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
    yield "requests", _requests(result.load)
    yield "in flight", _in_flight(result.load)
    beside = [(name, number) for name, number in result.load.apart.items() if number]
    yield "apart", ", ".join(f"{name} {count(number)}" for name, number in beside)
    yield "ended", _ended(result.outcomes)
    if result.goodput is not None:
        yield "goodput", joined([percent(result.goodput), f" within {_bounds(slo)}"])
    yield "tokens", _tokens(result.tokens)
    yield "chunks", _chunks(result.tokens)
    yield "this program", _client(result.client)


def _requests(load: Load) -> str:
    told = [f"{count(load.requests)} in {duration(load.seconds)}, {load.arrivals} arrivals"]
    if load.rate is not None:
        told.append(f"{digits(load.rate)} a second asked for")
    if load.achieved is not None:
        told.append(f"{digits(load.achieved)} a second sent")
    return ", ".join(told)


def _in_flight(load: Load) -> str:
    return f"{digits(load.in_flight)} on average, {count(load.most)} at most"


def _ended(outcomes: Outcomes) -> str:
    failed = sum(outcomes.errors.values())
    told = [f"{count(outcomes.complete)} complete, {count(failed)} failed"]
    if outcomes.recovered or outcomes.reconnects:
        told.append(
            f"{count(outcomes.recovered)} recovered after {count(outcomes.reconnects)} reconnects"
        )
    return "; ".join(told)


def _bounds(slo: Mapping[str, float]) -> str:
    return " and ".join(f"{name} {duration(most)}" for name, most in slo.items()) or "its bounds"


def _tokens(tokens: Tokens) -> str:
    told = (
        ("prompt", tokens.prompt),
        ("completion", tokens.completion),
        ("in total", tokens.total),
    )
    counts = [f"{count(number)} {name}" for name, number in told if number is not None]
    if tokens.per_second is not None:
        counts.append(f"{digits(tokens.per_second)} completion tokens a second")
    return ", ".join(counts)


def _chunks(tokens: Tokens) -> str:
    told = (("tokens a chunk", tokens.per_chunk), ("chunks a read", tokens.chunks_per_read))
    return ", ".join(f"{digits(number)} {name}" for name, number in told if number is not None)


def _client(client: Client) -> str:
    told = [f"{client.clock} stamps"]
    if client.unstamped:
        told.append(f"{count(client.unstamped)} chunks without")
    if client.lag.p99.value is not None:
        told.append(f"read {duration(client.lag.p99.value)} behind the kernel (p99)")
    if client.stalled:
        longest = duration(client.longest_stall)
        told.append(f"its loop stood still in {count(client.stalled)} requests, {longest} at most")
    return ", ".join(told)


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
