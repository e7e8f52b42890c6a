"""What is asked, of whom, how often and at what pace.

House rule: every refusal of a value happens here, before anything is sent or spent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from foxstream.errors import InvalidInputError
from foxstream.limits import Timeouts
from foxstream.question import DEFAULT_MODEL, Ask

__all__ = ["DEFAULT_REQUESTS", "SLOS", "Arrivals", "Cache", "Plan", "plan_of"]

Arrivals = Literal["closed", "constant", "poisson", "burst"]
"""`closed`: a request follows the end of another; `burst`: `concurrency` of them from a barrier."""

Cache = Literal["share", "bust"]
"""Whether prompts are sent as they are, or each with a beginning of its own."""

DEFAULT_REQUESTS = 20
SLOS = ("ttft", "ttft_text", "ttft_reasoning", "itl", "tpot", "e2e")
"""What `slo` may bound; `itl` is the longest gap of a request."""

_LEVEL = re.compile(
    r"(?P<closed>\d+) at once|bursts of (?P<burst>\d+)"
    r"|(?P<rate>\d+(\.\d+)?(e[+-]\d+)?)/s (?P<arrivals>constant|poisson)"
)
_FASTEST = 10_000.0
_MOST = 1e9


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One load: one model, one pace.

    `prompts` are asked in turn, each with all `videos` and `images` (URLs, data URIs or paths).
    Whom: the service or `base_url`; `openai`, the base URL of an OpenAI-compatible server; or with
    `local` the embedded gateway with injected truth. How: a closed loop of `concurrency` requests,
    or `rate` requests a second, constant or Poisson, or bursts. It ends after `requests`, or
    `duration` seconds, and with the request that brings all tokens over `max_total_tokens`.
    `warmup` requests come first and are counted apart; nothing is drained between. `slo` are the
    most seconds that `ttft`, `itl`, `tpot`, `e2e` may take for a request to count as good.
    `stamps`: whether the kernel is asked when bytes came. `seed` settles the schedule, the order
    of prompts and what busts a cache.

    Raises `InvalidInputError` for a value that makes no sense.
    """

    prompts: tuple[str, ...] = ("Say hello.",)
    model: str = DEFAULT_MODEL
    videos: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    system_prompt: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning: bool | None = None
    base_url: str | None = None
    openai: str | None = None
    local: bool = False
    direct: bool = False
    arrivals: Arrivals = "closed"
    concurrency: int = 1
    rate: float | None = None
    requests: int | None = None
    duration: float | None = None
    warmup: int = 0
    seed: int = 0
    cache: Cache = "share"
    max_total_tokens: int | None = None
    slo: dict[str, float] = {}
    stamps: bool = True
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        for complaint in (*_pace(self), *_end(self), *_target(self), *_slo(self)):
            raise InvalidInputError(complaint)

    @property
    def asked(self) -> Ask:
        """What is asked beside a prompt, as `Client.stream` takes it."""
        return Ask(
            model=self.model,
            videos=self.videos,
            images=self.images,
            system_prompt=self.system_prompt,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            reasoning=self.reasoning,
        )

    @property
    def level(self) -> str:
        """What sets this load apart from others of the same run."""
        if self.arrivals == "closed":
            return f"{self.concurrency} at once"
        if self.arrivals == "burst":
            return f"bursts of {self.concurrency}"
        return f"{self.rate:g}/s {self.arrivals}"

    @property
    def count(self) -> int | None:
        """How many requests are sent, warm-up apart; `None` where time alone ends it."""
        if self.requests is None and self.duration is None:
            return DEFAULT_REQUESTS
        return self.requests


def plan_of(level: str, slo: Mapping[str, float] | None = None) -> Plan:
    """A plan of the pace that `level`, the name of a load, tells: all that figures need of it.

    Raises `InvalidInputError` for any other name.
    """
    named = _LEVEL.fullmatch(level)
    if named is None:
        raise InvalidInputError(f"level {level!r} tells no pace, as '16 at once' does")
    bounds = dict(slo or {})
    if named["closed"]:
        return Plan(concurrency=int(named["closed"]), slo=bounds)
    if named["burst"]:
        return Plan(arrivals="burst", concurrency=int(named["burst"]), slo=bounds)
    arrivals: Arrivals = "constant" if named["arrivals"] == "constant" else "poisson"
    return Plan(arrivals=arrivals, rate=float(named["rate"]), slo=bounds)


def _pace(plan: Plan) -> Iterator[str]:
    if plan.concurrency < 1:
        yield f"concurrency is {plan.concurrency}: at least 1 request is needed"
    if plan.arrivals in {"constant", "poisson"}:
        if plan.rate is None or not 0 < plan.rate <= _FASTEST:
            yield f"rate is {plan.rate}: {plan.arrivals} arrivals need requests a second, above 0"
    elif plan.rate is not None:
        yield f"rate is {plan.rate:g}, but arrivals are {plan.arrivals}: say constant or poisson"


def _end(plan: Plan) -> Iterator[str]:
    for name in ("requests", "duration", "max_total_tokens"):
        value: float | None = getattr(plan, name)
        if value is not None and not 0 < value <= _MOST:
            yield f"{name} is {value!r}: more than 0 is needed"
    if plan.warmup < 0:
        yield f"warmup is {plan.warmup}: a number of requests from 0 on"


def _target(plan: Plan) -> Iterator[str]:
    for name in ("prompts", "videos", "images"):
        if isinstance(getattr(plan, name), str):
            yield f"{name} is one string: a tuple of them is needed"
    if not plan.prompts:
        yield "there is nothing to ask: prompts is empty"
    if plan.local + (plan.base_url is not None) + (plan.openai is not None) > 1:
        yield "local, base_url and openai exclude each other"


def _slo(plan: Plan) -> Iterator[str]:
    for name, seconds in plan.slo.items():
        if name not in SLOS:
            yield f"slo names {name!r}: one of {', '.join(SLOS)}"
        if not seconds > 0:
            yield f"slo {name}={seconds!r}: seconds above 0"
