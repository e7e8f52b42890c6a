"""The sentences of the page: what came out, of whom, and what the figures mean.

House rule: a sentence says no more than the figure behind it. Where there is none, it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from foxstream.address import DEFAULT_BASE_URL
from foxstream.bench.amounts import count, duration
from foxstream.bench.metrics import SPANS
from foxstream.bench.page.cells import amount, told
from foxstream.bench.page.markup import Markup, joined, tag
from foxstream.bench.page.spans import FORMULAS
from foxstream.bench.plan import Plan
from foxstream.bench.result import Distribution, Report, Result

__all__ = ["limits", "meaning", "model", "target", "verdict"]


def model(report: Report) -> str:
    """Which model was asked."""
    if report.plan is not None:
        return report.plan.model
    named = {record.model for result in report.results for record in result.records}
    return ", ".join(sorted(named - {""})) or "an unnamed model"


def target(plan: Plan | None, url: str = "") -> str:
    """Whom it was asked of, at `url`, without what a URL may hold of secrets."""
    if plan is None:
        return ""
    if plan.local:
        return "the embedded gateway on this machine, with injected truth"
    if plan.openai is not None:
        return f"{_public(plan.openai)} (OpenAI-compatible)"
    return _public(plan.base_url or url or DEFAULT_BASE_URL)


def limits(results: Iterable[Result]) -> list[str]:
    """Why the figures may be those of this machine, each reason once and with its level."""
    return [f"{result.level}: {reason}" for result in results for reason in result.client.limits]


def verdict(results: Sequence[Result]) -> str:
    """What came out, in two sentences."""
    if not results:
        return "Nothing was measured."
    if len(results) == 1:
        return f"{_one(_ttft(results[0]))} {_failed(results)}"
    return f"{_between(results[0], results[-1])} {_failed(results)}"


def meaning() -> Markup:
    """What each time to first token is counted from and to."""
    names = [name for name in SPANS if name.startswith(("ttft", "e2e"))]
    return tag("dl", *map(_term, names), class_="terms")


def _term(name: str) -> Markup:
    span = SPANS[name]
    return joined([tag("dt", name), tag("dd", tag("code", FORMULAS[name]), f": {span.about}")])


def _public(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _ttft(result: Result) -> Distribution:
    return result.metrics.get("ttft", Distribution())


def _one(ttft: Distribution) -> str:
    half, how = ttft.p50, told(ttft)
    if not ttft.count:
        return "No request got a first token."
    if half.value is None:
        return f"Too few requests ({count(ttft.count)}) to say how long a first token takes."
    words = f"Half of the requests got their first token within {amount(half.value, how)}"
    if half.low is not None and half.high is not None:
        low, high = amount(half.low, how), amount(half.high, how)
        words += f" (with 95 % confidence {low} to {high})"
    if ttft.p90.value is not None:
        words += f", nine in ten within {amount(ttft.p90.value, how)}"
    return f"{words}."


def _between(first: Result, last: Result) -> str:
    one, other = _ttft(first).p50.value, _ttft(last).p50.value
    if one is None or other is None or one <= 0:
        return f"{first.level}: {_one(_ttft(first))} {last.level}: {_one(_ttft(last))}"
    return (
        f"Half of the requests got their first token within {duration(one)} at the first load "
        f"({first.level}) and within {duration(other)} at the last ({last.level}), "
        f"{_against(other / one)}."
    )


def _against(ratio: float) -> str:
    return "about as long" if 0.95 < ratio < 1.05 else f"{ratio:.2g} times as long"


def _failed(results: Sequence[Result]) -> str:
    failed = sum(sum(result.outcomes.errors.values()) for result in results)
    requests = failed + sum(result.outcomes.complete for result in results)
    if not failed:
        return f"All {count(requests)} requests succeeded."
    return f"{count(failed)} of {count(requests)} requests failed."
