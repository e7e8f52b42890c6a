"""What a run tells: a value that can be kept as JSON, read again and compared.

House rule: what a sample cannot support is not there: `null` in JSON, and in Python a bound at
infinity, so that no assertion passes for want of data.
"""

from __future__ import annotations

import math

import msgspec

from foxstream.bench.plan import Plan
from foxstream.bench.record import Record

__all__ = [
    "PERCENTILES",
    "SCHEMA",
    "Accuracy",
    "Client",
    "Distribution",
    "Estimate",
    "Load",
    "Machine",
    "Outcomes",
    "Report",
    "Result",
    "Tokens",
]

SCHEMA = 1
"""The version of the JSON; it grows when a name changes its meaning."""

PERCENTILES: dict[str, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
"""The percentiles of a `Distribution`, by the name of their field."""


class Estimate(msgspec.Struct, frozen=True):
    """A figure and its 95 % confidence interval; no `value` where the sample is too small."""

    value: float | None = None
    low: float | None = msgspec.field(default=None, name="lower")
    high: float | None = msgspec.field(default=None, name="upper")

    @property
    def lower(self) -> float:
        """What it is at least, with confidence; minus infinity where nothing can be said."""
        return -math.inf if self.low is None else self.low

    @property
    def upper(self) -> float:
        """What it is at most, with confidence; infinity where nothing can be said."""
        return math.inf if self.high is None else self.high


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over many requests, in `unit`s.

    `count` requests (or gaps) had it. The percentiles are those of them alone; `failing` holds the
    same percentiles with every failed request counted as if it had taken for ever, `None` for an
    infinite one.
    """

    unit: str = "s"
    count: int = 0
    failures: int = 0
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    p50: Estimate = Estimate()
    p90: Estimate = Estimate()
    p95: Estimate = Estimate()
    p99: Estimate = Estimate()
    p99_9: Estimate = Estimate()
    failing: dict[str, float | None] = {}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent: `requests` in the measured window of `seconds`, and how many beside it.

    `rate` a second was asked for, `achieved` was sent; `in_flight` on average, `most` at once.
    """

    arrivals: str
    concurrency: int
    rate: float | None = None
    achieved: float | None = None
    requests: int = 0
    seconds: float = 0.0
    in_flight: float = 0.0
    most: int = 0
    apart: dict[str, int] = {}


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """How requests ended; `errors` by name. `resubmitted` counts submits refused and sent again."""

    complete: int = 0
    errors: dict[str, int] = {}
    resubmitted: int = 0
    recovered: int = 0
    reconnects: int = 0


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """By the service's own count, `None` where it told none; chunks as they came.

    `per_second` is the completion tokens of all requests over the window.
    """

    prompt: int | None = None
    completion: int | None = None
    total: int | None = None
    per_second: float | None = None
    per_chunk: float | None = None
    chunks_per_read: float | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """How well this program kept up, in seconds.

    `clock`: who stamped what was received, `"mixed"` where some stamps of the kernel could not be
    used; `unstamped` counts those chunks. `lag` is that of this process behind the kernel.
    `stalled` requests were under way while the event loop stood still. `limits` says in words why
    figures may be those of this machine and not of the service; empty where nothing speaks for it.
    """

    clock: str = "user"
    unstamped: int = 0
    lag: Distribution = Distribution()
    send_delay: Distribution = Distribution()
    stalled: int = 0
    longest_stall: float = 0.0
    limits: list[str] = []


class Result(msgspec.Struct, kw_only=True, dict=True):
    """One load, told. `metrics` has each figure by name: `ttft`, `ttft_from_sent`, `itl`, ...

    `goodput`: which share of the requests met the whole `slo`, `None` without one. `notes` are
    sentences for whoever reads this, such as that a proxy buffers.
    """

    level: str
    load: Load
    metrics: dict[str, Distribution] = {}
    outcomes: Outcomes = Outcomes()
    tokens: Tokens = Tokens()
    client: Client = Client()
    goodput: Estimate | None = None
    notes: list[str] = []

    @property
    def ttft(self) -> Distribution:
        """Seconds from when a request was due to its first token of any kind."""
        return self.metrics["ttft"]

    @property
    def itl(self) -> Distribution:
        """Seconds between consecutive reads that carried tokens, of all requests together."""
        return self.metrics["itl"]

    @property
    def tpot(self) -> Distribution:
        """Seconds for each token after the first, by the service's own count."""
        return self.metrics["tpot"]

    @property
    def e2e(self) -> Distribution:
        """Seconds from when a request was due to the end of its answer."""
        return self.metrics["e2e"]

    @property
    def records(self) -> list[Record]:
        """What it was made of; empty where the result was read from JSON."""
        records: list[Record] = vars(self).get("records", [])
        return records

    def keep(self, records: list[Record]) -> Result:
        """The same, with `records`, which are no part of its JSON."""
        vars(self)["records"] = records
        return self


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured, and with what."""

    processor: str
    cores: int
    system: str
    python: str
    versions: dict[str, str] = {}

    @property
    def facts(self) -> list[str]:
        """What a table is headed by."""
        return [self.processor, f"{self.cores} cores", self.system, self.python]


class Accuracy(msgspec.Struct, frozen=True):
    """One line of the self-test: what was checked, what came out, what it may be at most."""

    check: str
    value: float
    unit: str
    goal: float | None = None
    reached: bool = True


class Report(msgspec.Struct, kw_only=True):
    """Everything that one command measured, of the service at `target`.

    `accuracy`: where it tested itself on this machine.
    """

    schema: int = SCHEMA
    started: str = ""
    target: str = ""
    machine: Machine | None = None
    plan: Plan | None = None
    results: list[Result] = []
    accuracy: list[Accuracy] = []
