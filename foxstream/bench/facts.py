"""What is to be said of a load beside its percentiles, in plain words.

House rule: what was not told, by the service or by the sample, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from foxstream.bench.amounts import count, digits, duration
from foxstream.bench.result import Client, Load, Outcomes, Result, Tokens

__all__ = ["bounds", "facts_after", "facts_before"]


def facts_before(result: Result) -> Iterator[tuple[str, str]]:
    """Names and facts: what was sent, and how it ended; an empty fact is not known."""
    yield "requests", _requests(result.load)
    yield "in flight", _in_flight(result.load)
    beside = [(name, number) for name, number in result.load.apart.items() if number]
    yield "apart", ", ".join(f"{name} {count(number)}" for name, number in beside)
    yield "ended", _ended(result.outcomes)


def facts_after(result: Result) -> Iterator[tuple[str, str]]:
    """The same of what came, and of this program."""
    yield "tokens", _tokens(result.tokens)
    yield "chunks", _chunks(result.tokens)
    yield "this program", _client(result.client)


def bounds(slo: Mapping[str, float]) -> str:
    """What goodput was measured against."""
    return " and ".join(f"{name} {duration(most)}" for name, most in slo.items()) or "its bounds"


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
    if outcomes.resubmitted:
        told.append(f"{_of(outcomes.resubmitted, 'submit')} refused and sent again")
    return "; ".join(told)


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


def _of(number: int, what: str) -> str:
    return f"{count(number)} {what}{'s' * (number != 1)}"


def _client(client: Client) -> str:
    told = [f"{client.clock} stamps"]
    if client.unstamped:
        told.append(f"{_of(client.unstamped, 'chunk')} without")
    lags = (("p50", client.lag.p50.value), ("p99", client.lag.p99.value))
    lag = [f"{duration(value)} ({name})" for name, value in lags if value is not None]
    if lag:
        told.append(f"read {' and '.join(lag)} behind the kernel")
    if client.stalled:
        longest = duration(client.longest_stall)
        told.append(f"its loop stood still in {_of(client.stalled, 'request')}, {longest} at most")
    return ", ".join(told)
