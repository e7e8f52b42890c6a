"""From the options of a run to its plans, one for each load.

House rule: here words become values; whether a value makes sense is for the plan to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from foxstream.bench.plan import Arrivals, Plan
from foxstream.cli.bench.options import Options
from foxstream.cli.bench.prompts import prompts_of
from foxstream.errors import InvalidInputError
from foxstream.limits import Timeouts
from foxstream.question import ask

__all__ = ["plans_of", "slo_of"]

T = TypeVar("T", int, float)


def plans_of(options: Options) -> list[Plan]:
    """A plan for each level, in the order given; `InvalidInputError` for what cannot be asked."""
    if options.local and options.api_key is not None:
        raise InvalidInputError("--local needs no --api-key")
    plan = _plan(options)
    _check_question(plan)
    plans = [msgspec.structs.replace(plan, **pace) for pace in _paces(options)]
    levels = [each.level for each in plans]
    if len(set(levels)) < len(levels):
        raise InvalidInputError(f"a load is named twice: {', '.join(levels)}")
    return plans


def slo_of(text: str | None) -> dict[str, float]:
    """`ttft=0.8,itl=0.05` as a mapping of names to seconds."""
    if text is None:
        return {}
    pairs = [pair.partition("=") for pair in text.split(",")]
    return {name.strip(): _number("slo", value, float) for name, _, value in pairs}


def _plan(options: Options) -> Plan:
    """Everything but the pace, which is that of one request at a time."""
    return Plan(
        prompts=_prompts(options),
        model=options.model,
        videos=tuple(options.video or ()),
        images=tuple(options.image or ()),
        system_prompt=options.system,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        reasoning=options.reasoning,
        base_url=options.base_url,
        openai=options.openai,
        local=options.local,
        direct=options.direct,
        requests=options.requests,
        duration=options.duration,
        warmup=options.warmup,
        seed=options.seed,
        cache=options.cache,
        max_total_tokens=options.max_total_tokens,
        slo=slo_of(options.slo),
        stamps=options.stamps,
        timeouts=Timeouts(total=options.timeout),
    )


def _prompts(options: Options) -> tuple[str, ...]:
    if options.prompts is None:
        return Plan().prompts if options.prompt is None else (options.prompt,)
    if options.prompt is not None:
        raise InvalidInputError("--prompt and --prompts exclude each other")
    return prompts_of(options.prompts)


def _paces(options: Options) -> Iterator[dict[str, Arrivals | int | float]]:
    """What is replaced in the plan for each level."""
    arrivals: Arrivals = options.arrivals or ("closed" if options.rate is None else "constant")
    if arrivals in {"closed", "burst"}:
        if options.rate is not None:
            raise InvalidInputError(f"--rate is not for {arrivals} arrivals: constant or poisson")
        for concurrency in _numbers("concurrency", options.concurrency or "1", int):
            yield {"arrivals": arrivals, "concurrency": concurrency}
        return
    if options.rate is None:
        raise InvalidInputError(f"{arrivals} arrivals need --rate, in requests a second")
    if options.concurrency is not None:
        raise InvalidInputError("--concurrency is for closed and burst arrivals, not with --rate")
    for rate in _numbers("rate", options.rate, float):
        yield {"arrivals": arrivals, "rate": rate}


def _numbers(name: str, text: str, kind: Callable[[str], T]) -> list[T]:
    return [_number(name, word, kind) for word in text.split(",")]


def _number(name: str, word: str, kind: Callable[[str], T]) -> T:
    try:
        return kind(word)
    except ValueError:
        raise InvalidInputError(f"--{name} holds {word.strip()!r}, which is no number") from None


def _check_question(plan: Plan) -> None:
    """What cannot be sent is refused here, and a file that is not there missed only once."""
    for prompt in plan.prompts:
        for source in ask(prompt, **plan.asked).sources:
            if isinstance(source.value, Path) and not source.value.is_file():
                raise InvalidInputError(f"{source.field} is {source.value}, which is no file")
