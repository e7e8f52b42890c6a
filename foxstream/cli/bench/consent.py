"""What a run may cost, and whether that is wanted.

House rule: nothing leaves this machine before somebody said yes to how much it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import msgspec

from foxstream.address import find_home
from foxstream.bench.plan import Plan
from foxstream.bench.schedule import intended
from foxstream.cli.screen import Screen
from foxstream.errors import InvalidInputError

__all__ = ["Cost", "agree", "cost_of", "target_of"]

_CHARACTERS = 4
"""About so many of a prompt are a token."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What may be charged for, as far as it is known before.

    `requests` in all, warm-up too, `None` where time alone ends a load; `prompt_tokens` of one
    request, a guess by its length without its `media`; `answer_tokens` of one request at most.
    """

    requests: int | None
    prompt_tokens: int
    media: int
    answer_tokens: int | None

    @property
    def told(self) -> str:
        """Two or three sentences."""
        sent = "As many requests as fit in the time" if self.requests is None else self._requests
        media = " and its media (30 s of video may cost 20,000)" if self.media else ""
        return f"{sent}, each about {self.prompt_tokens:,} prompt tokens{media}. {self._answers}"

    @property
    def _requests(self) -> str:
        return f"{self.requests:,} request{'s' * (self.requests != 1)}"

    @property
    def _answers(self) -> str:
        if self.answer_tokens is None:
            return "Tokens of the answers: unknown; --max-tokens bounds them."
        if self.requests is None:
            return f"Tokens of the answers: at most {self.answer_tokens:,} each."
        return f"Tokens of the answers: at most {self.requests * self.answer_tokens:,} in all."


def cost_of(plans: Sequence[Plan]) -> Cost:
    """Of all loads together."""
    plan, counts = plans[0], [_requests(each) for each in plans]
    known = [count for count in counts if count is not None]
    characters = sum(map(len, plan.prompts)) / len(plan.prompts) + len(plan.system_prompt or "")
    return Cost(
        requests=sum(known) if len(known) == len(counts) else None,
        prompt_tokens=max(1, round(characters / _CHARACTERS)),
        media=len(plan.videos) + len(plan.images),
        answer_tokens=plan.max_tokens,
    )


def agree(plans: Sequence[Plan], api_key: str | None, screen: Screen, *, yes: bool) -> None:
    """Tell the cost where requests leave this machine, and ask; `InvalidInputError` for a no.

    The same for an address or a key that must not be used.
    """
    plan = plans[0]
    if plan.local:
        return
    home = find_home(plan.openai or plan.base_url, api_key, os.environ)
    if home.origin.is_loopback:
        return
    screen.note(f"{cost_of(plans).told} They go to {home.base_url}.")
    if not yes and not _wanted(screen):
        raise InvalidInputError("nothing was sent: --yes sends it")


def target_of(plan: Plan, api_key: str | None) -> str:
    """The base URL of the service that a plan asks; nothing for a gateway started for it."""
    if plan.local:
        return ""
    return str(find_home(plan.openai or plan.base_url, api_key, os.environ).base_url)


def _requests(plan: Plan) -> int | None:
    if plan.rate is not None:
        return sum(1 for _ in intended(plan))
    return None if plan.count is None else plan.warmup + plan.count


def _wanted(screen: Screen) -> bool:
    """Asked before the event loop runs, where Ctrl-C still ends a read."""
    if sys.stdin is None or not sys.stdin.isatty() or not screen.watched:
        return False
    screen.ask("Send them? [y/N] ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
